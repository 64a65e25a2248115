"""The base of our commands: they speak English, and what a terminal cannot encode does not stop them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ..languages import in_english


class Command(BaseCommand):
    """Escapes the characters that the encoding of the output does not have.

    Whatever LANGUAGE_CODE is, the output is English: scripts read it.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run as Django does."""
        for name in ("stdout", "stderr"):
            stream = options.get(name) or getattr(self, name)
            # Django's wrapper passes this on to the stream; one in memory has no encoding.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
        with in_english():
            return super().execute(*args, **options)
