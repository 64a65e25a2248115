"""``python -m tests.languages [LANGUAGE...]`` brings catalogues up to date, and says what is missing in them.

Without names all of them. A name of a language that has none makes one.
"""

from __future__ import annotations

import sys

from .catalogues import compiled, languages, path_of, untranslated, update, wrong


def main(names: list[str]) -> None:
    """Update and compile the catalogues."""
    for language in names or languages():
        catalogue = update(language)
        path_of(language, "mo").write_bytes(compiled(catalogue))
        missing, broken = untranslated(catalogue), wrong(catalogue)
        print(f"{language}: {len(catalogue)} messages, {len(missing)} not translated")
        for message in broken:
            print(f"    other places for values: {message}")


if __name__ == "__main__":
    main(sys.argv[1:])
