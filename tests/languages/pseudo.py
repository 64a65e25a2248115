"""A language with letters of its own: messages are the English ones in them, all else has other letters."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path

import django
import oauth2_provider
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import oauth_jwt_grant

LANGUAGE = "xx"
LOCALE = Path(oauth_jwt_grant.__file__).parent / "locale"
#: The letters of ASCII, as wide as those of Chinese. They look alike, and are others.
_WIDE = {letter: letter + 0xFEE0 for letter in map(ord, string.ascii_letters)}
#: What stays in a message as it is: places for values, and HTML.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sdr]|\{\w*\}|<[^>]+>|&\w+;)")
_URL = re.compile(r"https://[\w./#-]+")


def write_catalogue(folder: Path) -> None:
    """Write the catalogue of the language to ``folder``: ours, Django's and its toolkit's."""
    catalogue = Catalog(locale="en")
    for path in _sources():
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    catalogue.add(message.id, _translated(message.id), context=message.context)
    place = folder / LANGUAGE / "LC_MESSAGES" / "django.mo"
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        write_mo(file, catalogue)


def words_outside(text: str) -> list[str]:
    """Return the words of ``text`` that are in no message; those with a digit are names, as URLs are."""
    return [word for word in re.findall(r"[A-Za-z0-9]{2,}", _URL.sub("", text)) if word.isalpha()]


def is_translated(text: str) -> bool:
    """Whether anything of ``text`` is in the language."""
    return any(ord(letter) in _WIDE.values() for letter in text)


def _translated(message: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if not isinstance(message, str):
        return tuple(str(_translated(form)) for form in message)
    parts = _KEPT.split(message)
    return "".join(part if _KEPT.fullmatch(part) else part.translate(_WIDE) for part in parts)


def _sources() -> Iterator[Path]:
    yield LOCALE / "de" / "LC_MESSAGES" / "django.po"
    yield from Path(django.__file__).parent.glob("**/locale/en/LC_MESSAGES/django.po")
    yield from Path(oauth2_provider.__file__).parent.glob("locale/fr/LC_MESSAGES/django.po")
