"""The trust as TOML: what is not as by default, in a stable order."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..assertion.strict_json import is_storable
from ..rules import same
from .current import Trust
from .errors import TrustFileError
from .schema import CONDITIONS, ISSUERS, LINKS, RULES, Table, Values

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\n"}


def write(trust: Trust) -> str:
    """Return ``trust`` as the text of a file. Raises :class:`TrustFileError` for what TOML cannot write."""
    lines: list[str] = []
    problems: list[str] = []
    for iss in sorted(trust):
        try:
            lines += [*_issuer(trust, iss), ""]
        except ValueError as error:
            problems.append(f"The issuer {iss} cannot be written: {error}")
    if problems:
        raise TrustFileError(problems)
    return "\n".join(lines) or "issuers = []\n"


def _issuer(trust: Trust, iss: str) -> Iterator[str]:
    entry = trust[iss]
    yield from _table(ISSUERS, "issuers", entry.values)
    for rule in entry.rules.values():
        yield ""
        yield from _table(RULES, "issuers.rules", rule.values)
        for condition in rule.values["conditions"]:
            yield ""
            yield from _table(CONDITIONS, "issuers.rules.conditions", condition)
    for link in (entry.links or {}).values():
        yield ""
        yield from _table(LINKS, "issuers.links", link.values)


def _table(table: Table, path: str, values: Values) -> Iterator[str]:
    yield f"[[{path}]]"
    for name, column in table.columns.items():
        value = values[name]
        if name == table.identity or not same(value, column.default):
            try:
                yield f"{name} = {toml('' if value is None else value)}"
            except ValueError as error:
                raise ValueError(f"[[{path}]] {name}: {error}") from error


def toml(value: Any) -> str:
    """``value`` in TOML. Raises :class:`ValueError` for what TOML has no form for."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int() | float() if math.isfinite(value):
            return json.dumps(value)
        case datetime():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case Mapping():
            members = (f"{_key(name)} = {toml(member)}" for name, member in value.items())
            return f"{{{', '.join(members)}}}"
    raise ValueError("TOML has no form for null")


def _string(text: str) -> str:
    text = text.replace("${", "$${")
    escaped = _escaped(text)
    # Text of several lines, such as certificates, as it is: a change of a line is a change of a line.
    return f'"""\n{escaped}"""' if "\n" in text else f'"{escaped}"'


def _escaped(text: str) -> str:
    if not is_storable(text):
        raise ValueError("a trust file has no NUL and no half of a surrogate pair")
    return "".join(map(_letter, text))


def _letter(letter: str) -> str:
    plain = letter.isprintable() or letter in _ESCAPES
    return _ESCAPES.get(letter, letter) if plain else f"\\U{ord(letter):08x}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else f'"{_escaped(name)}"'.replace("\n", "\\n")
