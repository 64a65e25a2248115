"""The base of our commands: they speak English, and what a terminal cannot encode does not stop them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..languages import in_english


class Command(BaseCommand):
    """Escapes the characters that the encoding of the output does not have.

    Whatever LANGUAGE_CODE is, the output is English: scripts read it. An error shows nothing of an argument
    that moves the cursor.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run as Django does."""
        for name in ("stdout", "stderr"):
            stream = options.get(name) or getattr(self, name)
            # Django's wrapper passes this on to the stream; one in memory has no encoding.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
        try:
            with in_english():
                return super().execute(*args, **options)
        except CommandError as error:
            error.args = (_without_controls(str(error)),)
            raise
        except UnicodeEncodeError as error:
            # Bytes that are not UTF-8 are half surrogate pairs in the arguments, and no database takes them.
            raise CommandError("an argument is not UTF-8 text", returncode=2) from error
        except RecursionError as error:
            raise CommandError("JSON in an argument or file is nested too deeply", returncode=2) from error


def _without_controls(text: str) -> str:
    """``text`` with escapes in the place of what is not printed, but for line breaks."""
    return "".join(one if one == "\n" or one.isprintable() else ascii(one)[1:-1] for one in text)
