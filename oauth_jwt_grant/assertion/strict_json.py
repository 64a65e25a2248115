"""Strict JSON: what a JOSE header, a claims set and a JWK Set must be (RFC 7515 section 10.12).

Python's reader lets through what other readers refuse or read differently:
duplicate names, ``NaN``, other encodings, nesting until the stack is gone, and
strings and numbers that no database can hold. Two readers that disagree are an attack.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from .texts import _

MAX_DEPTH = 32
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class MalformedJSON(ValueError):
    """The bytes are not one strict JSON object; the message names the error."""


def read_object(raw: bytes) -> dict[str, Any]:
    """Read one JSON object from UTF-8 bytes.

    Raises :class:`MalformedJSON` for a byte order mark, another encoding,
    duplicate names (RFC 7515 section 4, RFC 7519 section 4), ``NaN`` and
    ``Infinity``, numbers beyond the range of a double (RFC 7493 section 2.2), nesting
    beyond :data:`MAX_DEPTH`, NUL and lone surrogates in strings, text after the
    object, and anything that is not an object.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJSON(_("not UTF-8")) from error
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except MalformedJSON:
        raise
    except ValueError as error:
        raise MalformedJSON(_("not JSON")) from error
    if not isinstance(value, dict):
        raise MalformedJSON(_("not a JSON object"))
    # Only an escape can bring a NUL or half a surrogate pair past the decoder.
    if "\\u" in text and not all(map(is_storable, _strings(value))):
        raise MalformedJSON(_("a string holds NUL or half a surrogate pair"))
    return value


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJSON(_("nested too deeply"))
        elif character in "}]":
            depth -= 1


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise MalformedJSON(_("a name occurs twice in one object"))
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJSON(_("{name} is not JSON", name=name))


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedJSON(_("a number is too large"))
    return number


def _int(digits: str) -> int:
    _float(digits)  # int() would read thousands of digits
    return int(digits)


# json.loads() would make one each time: 3 µs, as long as it reads a set of claims.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_float, parse_int=_int
)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member)


def is_storable(text: str) -> bool:
    """Whether ``text`` has neither NUL, which PostgreSQL does not store, nor half a surrogate pair.

    No encoding has the halves. JSON can escape them, and Python makes them of bytes that are not UTF-8.
    """
    return _UNSTORABLE.search(text) is None
