"""The catalogues of the package: brought up to date with its messages, compiled, and looked through.

With Python and Babel alone: neither xgettext nor msgfmt has to be installed.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

import oauth_jwt_grant

PACKAGE = Path(oauth_jwt_grant.__file__).parent
LOCALE = PACKAGE / "locale"
#: The functions that a message is given to, by whatever name makemessages finds it.
_ONE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_COUNTED = {"ngettext", "ngettext_lazy"}
#: What Django makes of the tags of a template.
_CALL = re.compile(r"\b(gettext|ngettext|_)\(")
_PLACES = re.compile(r"%\((\w+)\)[a-z]|%([a-z%])|\{(\w*)\}")

#: A message, or one with its plural.
MessageId = str | tuple[str, str]


def languages() -> list[str]:
    """Return the languages that there is a catalogue for."""
    return sorted(path.name for path in LOCALE.iterdir() if path.is_dir())


def path_of(language: str, suffix: str = "po") -> Path:
    """Return the file of a catalogue: the source, or with ``mo`` what Django reads."""
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def read(language: str) -> Catalog:
    """Return the catalogue of ``language`` as it is stored."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def messages() -> dict[MessageId, list[str]]:
    """Return each message of the package with the files that it is in."""
    found: dict[MessageId, list[str]] = {}
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]):
        name = path.relative_to(PACKAGE).as_posix()
        for message in _in_file(path):
            files = found.setdefault(message, [])
            if name not in files:
                files.append(name)
    # A message with a plural is found by its singular alone, too.
    singulars = {message[0] for message in found if isinstance(message, tuple)}
    return {message: files for message, files in found.items() if message not in singulars}


def update(language: str) -> Catalog:
    """Write the catalogue of ``language``, with the messages of today and no others; translations stay."""
    path = path_of(language)
    catalogue = read(language) if path.exists() else _new(language)
    template = Catalog()
    for message, files in messages().items():
        template.add(message, locations=[(name, None) for name in files])
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, include_lineno=False, sort_by_file=False)
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    """Return ``catalogue`` as Django reads it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the messages that are not translated, or only by a guess."""
    return [
        _name(message) for message in catalogue if message.id and (message.fuzzy or not _is_whole(message))
    ]


def wrong(catalogue: Catalog) -> list[str]:
    """Return the messages whose translations have other places for values than the messages themselves."""
    return [
        _name(message)
        for message in catalogue
        if message.id and any(form and _places(form) not in _allowed(message) for form in _forms(message))
    ]


def _new(language: str) -> Catalog:
    """Return an empty catalogue with the plurals of Django's own."""
    own = Path(django.__file__).parent / "conf" / "locale" / language / "LC_MESSAGES" / "django.po"
    (plurals,) = re.findall(r"Plural-Forms: (.*?)\\n", own.read_text())
    catalogue = Catalog(
        locale=language,
        project="oauth_jwt_grant",
        version=oauth_jwt_grant.__version__,
        header_comment="# Translations of oauth_jwt_grant; CONTRIBUTING.md says how to change them.",
        msgid_bugs_address="see CONTRIBUTING.md",
        last_translator="see CONTRIBUTING.md",
        language_team=language,
        fuzzy=False,
    )
    catalogue.mime_headers = [("Plural-Forms", plurals)]
    return catalogue


def _in_file(path: Path) -> Iterator[MessageId]:
    text = path.read_text()
    tree = ast.parse(text if path.suffix == ".py" else "\n".join(_calls(templatize(text))))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        wanted = 1 if name in _ONE else 2 if name in _COUNTED else 0
        given = [arg.value for arg in node.args[:wanted] if isinstance(arg, ast.Constant)]
        if wanted and len(given) == wanted:
            yield given[0] if wanted == 1 else (given[0], given[1])


def _calls(text: str) -> Iterator[str]:
    """Yield each call in what Django makes of a template, which is no Python as a whole."""
    for match in _CALL.finditer(text):
        end = match.end()
        while True:
            end = text.index(")", end) + 1
            try:
                ast.parse(text[match.start() : end])
            except SyntaxError:
                continue
            yield text[match.start() : end]
            break


def _name(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _forms(message: Message) -> list[str]:
    forms = message.string or ""  # of a new message there is nothing at all
    return [forms] if isinstance(forms, str) else list(forms)


def _is_whole(message: Message) -> bool:
    return all(_forms(message))


def _places(text: str) -> list[str]:
    """Return the places for values in ``text``; ``%s`` in their order, as they have no names."""
    found = [match[0] for match in _PLACES.finditer(text)]
    named = sorted(place for place in found if place[0] == "{" or place[:2] == "%(")
    return named + [place for place in found if place not in named]


def _allowed(message: Message) -> list[list[str]]:
    """Return the places of the message; a singular may leave out its number."""
    return [_places(form) for form in ([message.id] if isinstance(message.id, str) else message.id)]
