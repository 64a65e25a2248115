"""Hosts that look like those of well-known issuers, and are others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from ...presets import Preset

#: From here on two hosts look alike; one letter more or less in ``gitlab.com`` is 0.95.
_ALIKE = 0.9
#: Letters of other alphabets, and digits, that look like a Latin letter.
_CONFUSABLE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u04bb\u0501\u051b\u051d\u043a\u043c\u0442"
    "\u03bf\u03b1\u03bd\u03c1\u03c4\u03c5\u03b9\u03ba01i",
    "aeopcyxlshdqwkmtoavptulkoll",
)


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A ``host`` in punycode that resembles ``known``, the host of the preset called ``name``."""

    host: str
    known: str
    name: str


def lookalike(iss: str, presets: Iterable[Preset]) -> Lookalike | None:
    """Return the well-known host that the host of ``iss`` resembles or is, unless ``iss`` has none.

    For an ``iss`` that no preset knows: on the very host of a vendor it is as much worth a word.
    """
    host = host_of(iss)
    seen = _as_seen(host)
    for preset in presets:
        for known in _hosts_of(preset):
            if host and _is_alike(seen, _as_seen(known)):
                return Lookalike(host, known, preset.name)
    return None


def host_of(iss: str) -> str:
    """Return the host of ``iss`` in punycode and lower case; empty if it has none."""
    try:
        host = (urlsplit(iss).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return ".".join(_to_ascii(label) for label in host.split("."))


def _to_ascii(label: str) -> str:
    if label.isascii():
        return label
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:  # a label that no host has
        return "xn--" + label.encode("punycode").decode("ascii")


def _as_seen(host: str) -> str:
    """Return ``host`` as a hurried reader sees it: letters that look alike are one."""
    labels = (_to_unicode(label) for label in host.split("."))
    letters = unicodedata.normalize("NFKD", ".".join(labels)).casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.translate(_CONFUSABLE).replace("rn", "m").replace("vv", "w").replace("-", "")


def _to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _is_alike(seen: str, known: str) -> bool:
    # Also the known host with something before or behind it: gitlab.com.example.
    return f".{known}." in f".{seen}." or SequenceMatcher(None, seen, known).ratio() >= _ALIKE


def _hosts_of(preset: Preset) -> Iterator[str]:
    defaults = (question.default for question in preset.questions if question.name == "issuer")
    for text in (preset.issuer, *defaults):
        host = urlsplit(text).hostname if text.startswith("https://") else None
        if host and "{" not in host:
            yield host
