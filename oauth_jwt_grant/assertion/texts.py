"""English text that can be translated later: a template, and the values that fill it in.

A :class:`Text` is an ordinary string, so logs, decisions and answers have English, whatever language a
request asks for. It keeps what it was made of, and a page asks for the same text in another language.
Nothing here knows Django. ``makemessages`` finds the templates by the names ``_`` and ``ngettext``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Self

#: From a template, its plural (or nothing) and the number that decides, to the template in a language.
Translate = Callable[[str, str, int], str]


class Text(str):
    """The text of ``template``, with ``{name}`` filled in by ``values``.

    A value that is a text itself is translated with it. So is the text that an exception was raised with.
    """

    __slots__ = ("number", "plural", "template", "values")

    template: str
    plural: str
    number: int
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        return cls._made(template, "", 1, values) if values else _constant(cls, template)

    @classmethod
    def _made(cls, template: str, plural: str, number: int, values: dict[str, Any]) -> Self:
        known = {
            name: text_of(value) if isinstance(value, Exception) else value for name, value in values.items()
        }
        english = template if number == 1 or not plural else plural
        text = super().__new__(cls, english.format(**known) if known else english)
        text.template, text.plural, text.number, text.values = template, plural, number, known
        return text

    def filled(self, **values: Any) -> Self:
        """Return the text with ``values`` for its names."""
        return type(self)(self.template, **values)

    def translated(self, translate: Translate) -> str:
        """Return the text in the language of ``translate``."""
        template = translate(self.template, self.plural, self.number)
        if not self.values:
            return template
        return template.format(**{name: _said(value, translate) for name, value in self.values.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        # Caches hold plain data.
        return str, (str(self),)


@cache
def _constant(kind: type[Text], template: str) -> Any:
    """The text that is always the same: a request that is granted has a dozen of them, which nobody reads."""
    return kind._made(template, "", 1, {})


class Joined(Text):
    """Several texts, one after the other."""

    __slots__ = ("parts", "separator")

    parts: tuple[str, ...]
    separator: str

    def __new__(cls, separator: str, parts: Iterable[str]) -> Self:
        parts = tuple(parts)
        text = cls._made(separator.join(parts), "", 1, {})
        text.parts, text.separator = parts, separator
        return text

    def translated(self, translate: Translate) -> str:
        """Return the texts in the language of ``translate``."""
        return self.separator.join(_said(part, translate) for part in self.parts)


class Clause(Joined):
    """A text as a part of a sentence: without the full stop at its end."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        clause = super().__new__(cls, "", (text.rstrip("."),))
        clause.parts = (text,)
        return clause

    def translated(self, translate: Translate) -> str:
        """Return the text in the language of ``translate``."""
        return super().translated(translate).rstrip(".")


def ngettext(singular: str, plural: str, number: int, /, **values: Any) -> Text:
    """Return the :class:`Text` of ``singular`` or ``plural``; both may have ``{number}``."""
    return Text._made(singular, plural, number, {"number": number, **values})


def verbatim(text: str) -> Text:
    """Return a :class:`Text` that is the same in each language: a name, or what others wrote."""
    return Joined("", (text,))


def text_of(error: Exception) -> Text:
    """Return what ``error`` was raised with: str() of it can no longer be translated."""
    found = error.args[0] if error.args else ""
    return found if isinstance(found, Text) else verbatim(str(error))


def as_text(text: str) -> Text:
    """Return ``text``, or a text that is the same in each language if it is no more than a string."""
    return text if isinstance(text, Text) else verbatim(text)


def _said(value: Any, translate: Translate) -> Any:
    return value.translated(translate) if isinstance(value, Text) else value


NOTHING = verbatim("")

#: The name by which ``makemessages`` finds a template.
_ = Text
