"""Expected and found, in words for an operator: with the JSON type, shortened and escaped.

All details of refusals are written with these functions, so that each names a value in the same way. What
they return is ASCII as far as it comes from a JWT: a control character, an invisible one or a letter of
another alphabet that looks the same is shown as its escape.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Final

from .texts import NOTHING, Joined, Text, _, ngettext, verbatim

#: Stands for a claim that the JWT does not have; ``null`` is a value.
ABSENT: Final = object()
#: Characters of a value that are shown.
MAX_SHOWN = 100
#: Characters of the detail of a decision: as many as its column has.
MAX_DETAIL = 500

_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    tuple: "array",
    dict: "object",
    type(None): "null",
}


#: A value with its type, by the name of that.
_THE: dict[str, Text] = {
    "string": _("the string {value}"),
    "boolean": _("the boolean {value}"),
    "number": _("the number {value}"),
    "array": _("the array {value}"),
    "object": _("the object {value}"),
    "value": _("the value {value}"),
}
_A = {
    "boolean": _("a boolean"),
    "number": _("a number"),
    "array": _("an array"),
    "object": _("an object"),
    "value": _("a value"),
}


def _visible(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable() and not mark.isspace())


#: In what two strings may differ that look alike.
_FOLDS: dict[Text, Callable[[str], str]] = {
    _("they differ in case alone"): str.lower,
    _("they differ in a slash at the end alone"): lambda text: text.rstrip("/"),
    _("they differ in the scheme alone"): lambda text: text.removeprefix("http://").removeprefix("https://"),
    _("they differ in white space or invisible characters alone"): _visible,
    _("they differ in the Unicode form of a character alone"): lambda text: unicodedata.normalize(
        "NFKC", text
    ),
}


def json_type(value: object) -> str:
    """Return the name of the JSON type of ``value``."""
    return _TYPES.get(type(value), "value")


def shown(value: object) -> str:
    """Return ``value`` as JSON in ASCII, shortened, with its length where it is."""
    try:
        text = json.dumps(value, default=str)
    except (RecursionError, ValueError):
        # No JWT holds such a value, but a row that SQL has written may.
        return _("(too large to be shown)")
    if len(text) <= MAX_SHOWN:
        return text
    start = f"{text[:MAX_SHOWN]}..."
    if isinstance(value, str):
        number = len(value)
        return ngettext(
            "{start} ({number} character)", "{start} ({number} characters)", number, start=f'{start}"'
        )
    if isinstance(value, Collection):
        return ngettext("{start} ({number} member)", "{start} ({number} members)", len(value), start=start)
    return start


def typed(value: object) -> str:
    """Return ``value`` with its JSON type: ``the number 5``."""
    return "null" if value is None else _THE[json_type(value)].filled(value=shown(value))


def kind_of(value: object) -> str:
    """Return the JSON type of ``value``, with the length of a string, and nothing of the value itself."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return ngettext("a string of {number} character", "a string of {number} characters", len(value))
    return _A[json_type(value)]


def one_of(values: Iterable[object]) -> str:
    """Return ``values`` as a choice; of many, the first ones and their number."""
    texts = sorted({shown(value) for value in values})
    return texts[0] if len(texts) == 1 else _("one of {values}", values=_joined(texts))


def all_of(values: Iterable[object]) -> str:
    """Return all ``values``, separated by commas; of many, the first ones and their number."""
    return _joined([shown(value) for value in values])


def _joined(texts: list[str]) -> Text:
    most = 5
    first = Joined(", ", texts[:most])
    if len(texts) <= most:
        return first
    return ngettext("{first} and {number} more", "{first} and {number} more", len(texts) - most, first=first)


def both(texts: Sequence[str]) -> Text:
    """Return all of ``texts``, with "and" between them."""
    first, *others = texts or [""]
    return reduce(lambda one, other: _("{one} and {other}", one=one, other=other), others, verbatim(first))


def either(texts: Sequence[str]) -> Text:
    """Return all of ``texts``, with "or" between them."""
    first, *others = texts or [""]
    return reduce(lambda one, other: _("{one} or {other}", one=one, other=other), others, verbatim(first))


def the_jwt_has(value: object, *like: object) -> Text:
    """Return what the JWT has, with its type unless that is the type of all the values in ``like``."""
    if value is ABSENT:
        return _("the JWT does not have it")
    same_type = bool(like) and {json_type(value)} == set(map(json_type, like))
    return _("the JWT has {value}", value=shown(value) if same_type else typed(value))


def mismatch(demand: Text, found: object, *expected: object) -> Text:
    """Return ``demand``, what the JWT has instead, and in what it differs from the nearest ``expected``."""
    return with_near(Joined("; ", (demand, the_jwt_has(found, *expected))), near_miss(expected, found))


def with_near(text: Text, near: Text) -> Text:
    """Return ``text`` with the near miss ``near``, if there is one, in brackets."""
    return Text("{text} ({near})", text=text, near=near) if near else text


def near_miss(expected: Iterable[object], found: object) -> Text:
    """Return in what alone ``found`` differs from one of ``expected``, if that is easily overlooked."""
    if not isinstance(found, str):
        return NOTHING
    for wanted in expected:
        if isinstance(wanted, str) and wanted != found:
            difference = _difference(wanted, found)
            if difference:
                return difference
    return NOTHING


def _difference(wanted: str, found: str) -> Text:
    for difference, fold in _FOLDS.items():
        if fold(wanted) == fold(found):
            return difference
    folded = [wanted, found]
    for fold in _FOLDS.values():
        folded = [fold(text) for text in folded]
    if folded[0] == folded[1]:
        return _("they differ in case, slash, scheme or invisible characters alone")
    if shown(wanted)[:MAX_SHOWN] == shown(found)[:MAX_SHOWN]:
        pairs = enumerate(zip(wanted, found, strict=False))
        shorter = min(len(wanted), len(found))
        first = next((at for at, (one, other) in pairs if one != other), shorter)
        return _("they differ from character {number} on", number=first + 1)
    return NOTHING


def seconds(number: float) -> Text:
    """Return a number of whole seconds with its noun."""
    return ngettext("{number} second", "{number} seconds", round(number))


def date_of(time: float) -> str:
    """Return a date in UTC, to the second."""
    return f"{datetime.fromtimestamp(time, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def moment(time: float, now: float) -> Text:
    """Return a date that the JWT has, as it is there and as a date, with its distance from ``now``."""
    away = time - now
    found, date = f"{time:.15g}", date_of(time)
    if away > 0:
        return _(
            "the JWT has {found} ({date}), {distance} from now",
            found=found,
            date=date,
            distance=seconds(away),
        )
    return _("the JWT has {found} ({date}), {distance} ago", found=found, date=date, distance=seconds(-away))


def within(texts: Iterable[str], room: int = MAX_DETAIL) -> Text:
    """Return as many of ``texts`` as fit into ``room`` characters, and how many are left out."""
    texts = list(texts)
    whole = Joined("; ", texts)
    if len(whole) <= room:
        return whole
    fitting, length = 0, len(f"; and {len(texts)} more")
    while length + len(texts[fitting]) + 2 <= room:
        length += len(texts[fitting]) + 2
        fitting += 1
    if fitting == 0:
        return Joined("", [f"{whole[: room - 3]}..."])
    first, left = Joined("; ", texts[:fitting]), len(texts) - fitting
    return ngettext("{first}; and {number} more", "{first}; and {number} more", left, first=first)
