"""Expected and found, in words for an operator: with the JSON type, shortened and escaped.

All details of refusals are written with these functions, so that each names a value in the same way. What
they return is ASCII as far as it comes from a JWT: a control character, an invisible one or a letter of
another alphabet that looks the same is shown as its escape.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Final

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


def _visible(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable() and not mark.isspace())


#: In what two strings may differ that look alike.
_FOLDS: dict[str, Callable[[str], str]] = {
    "case": str.lower,
    "a slash at the end": lambda text: text.rstrip("/"),
    "the scheme": lambda text: text.removeprefix("http://").removeprefix("https://"),
    "white space or invisible characters": _visible,
    "the Unicode form of a character": lambda text: unicodedata.normalize("NFKC", text),
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
        return "(too large to be shown)"
    if len(text) <= MAX_SHOWN:
        return text
    end = '..."' if isinstance(value, str) else "..."
    size = ""
    if isinstance(value, str):
        size = f" ({len(value)} characters)"
    elif isinstance(value, Collection):
        size = f" ({len(value)} members)"
    return f"{text[:MAX_SHOWN]}{end}{size}"


def typed(value: object) -> str:
    """Return ``value`` with its JSON type: ``the number 5``."""
    return "null" if value is None else f"the {json_type(value)} {shown(value)}"


def kind_of(value: object) -> str:
    """Return the JSON type of ``value``, with the length of a string, and nothing of the value itself."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"a string of {len(value)} characters"
    return f"{'an' if json_type(value)[0] in 'ao' else 'a'} {json_type(value)}"


def one_of(values: Iterable[object]) -> str:
    """Return ``values`` as a choice; of many, the first ones and their number."""
    return _joined("one of ", sorted({shown(value) for value in values}))


def all_of(values: Iterable[object]) -> str:
    """Return all ``values``, separated by commas; of many, the first ones and their number."""
    return _joined("", [shown(value) for value in values])


def _joined(prefix: str, texts: list[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    most = 5
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"{prefix}{', '.join(texts[:most])}{more}"


def the_jwt_has(value: object, *like: object) -> str:
    """Return what the JWT has, with its type unless that is the type of all the values in ``like``."""
    if value is ABSENT:
        return "the JWT does not have it"
    same_type = bool(like) and {json_type(value)} == set(map(json_type, like))
    return f"the JWT has {shown(value) if same_type else typed(value)}"


def mismatch(demand: str, found: object, *expected: object) -> str:
    """Return ``demand``, what the JWT has instead, and in what it differs from the nearest ``expected``."""
    text = f"{demand}; {the_jwt_has(found, *expected)}"
    near = near_miss(expected, found)
    return f"{text} ({near})" if near else text


def near_miss(expected: Iterable[object], found: object) -> str:
    """Return in what alone ``found`` differs from one of ``expected``, if that is easily overlooked."""
    if not isinstance(found, str):
        return ""
    for wanted in expected:
        if isinstance(wanted, str) and wanted != found:
            difference = _difference(wanted, found)
            if difference:
                return difference
    return ""


def _difference(wanted: str, found: str) -> str:
    for name, fold in _FOLDS.items():
        if fold(wanted) == fold(found):
            return f"they differ in {name} alone"
    folded = [wanted, found]
    for fold in _FOLDS.values():
        folded = [fold(text) for text in folded]
    if folded[0] == folded[1]:
        return "they differ in case, slash, scheme or invisible characters alone"
    if shown(wanted)[:MAX_SHOWN] == shown(found)[:MAX_SHOWN]:
        pairs = enumerate(zip(wanted, found, strict=False))
        shorter = min(len(wanted), len(found))
        first = next((at for at, (one, other) in pairs if one != other), shorter)
        return f"they differ from character {first + 1} on"
    return ""


def seconds(number: float) -> str:
    """Return a number of whole seconds with its noun."""
    whole = round(number)
    return f"{whole} second{'' if whole == 1 else 's'}"


def date_of(time: float) -> str:
    """Return a date in UTC, to the second."""
    return f"{datetime.fromtimestamp(time, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def moment(time: float, now: float) -> str:
    """Return a date that the JWT has, as it is there and as a date, with its distance from ``now``."""
    away = time - now
    distance = f"{seconds(away)} from now" if away > 0 else f"{seconds(-away)} ago"
    return f"the JWT has {time:.15g} ({date_of(time)}), {distance}"


def within(texts: Iterable[str], room: int = MAX_DETAIL) -> str:
    """Return as many of ``texts`` as fit into ``room`` characters, and how many are left out."""
    texts = list(texts)
    whole = "; ".join(texts)
    if len(whole) <= room:
        return whole
    fitting, length = 0, len(f"; and {len(texts)} more")
    while length + len(texts[fitting]) + 2 <= room:
        length += len(texts[fitting]) + 2
        fitting += 1
    if fitting == 0:
        return f"{whole[: room - 3]}..."
    return f"{'; '.join(texts[:fitting])}; and {len(texts) - fitting} more"
