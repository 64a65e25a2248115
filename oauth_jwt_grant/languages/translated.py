"""From a text with its template to the same text in the language that is active now."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext, override

from ..assertion import Text, text_of


def translated(text: object) -> str:
    """Return ``text``, or what the exception ``text`` was raised with, in the active language."""
    if isinstance(text, Exception):
        text = text_of(text)
    return text.translated(_translate) if isinstance(text, Text) else str(text)


def in_english() -> override:
    """No translation, in a ``with`` or for a function: for what is stored, or said by commands and checks."""
    return override(None)


def _translate(template: str, plural: str, number: int) -> str:
    if plural:
        return ngettext(template, plural, number)
    # The translation of nothing is the header of the catalogue.
    return gettext(template) if template else ""
