"""Files to the trust that they want: complete, so what a file leaves out has its default."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..assertion.strict_json import is_storable
from .current import Entry, IssuerEntry, Trust
from .errors import TrustFileError
from .expansion import Expanded, expand, find_preset
from .schema import CONDITIONS, ISSUERS, LINKS, RULES, Table, Values

#: ``$${`` is a literal ``${``.
_VARIABLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_PREFIX = "TRUST_"
#: Bytes of a file.
_MOST = 64 << 20
#: Keys of an issuer that stand for others.
_PRESET = ("preset", "answers")


def read(files: Iterable[str]) -> Trust:
    """Return the trust that ``files`` want together. Raises :class:`TrustFileError` with all problems."""
    reader = _Reader()
    for name in files:
        reader.read(name)
    if reader.problems:
        raise TrustFileError(reader.problems)
    return reader.trust


class _Reader:
    """Collects what files want, and what is wrong with them."""

    def __init__(self) -> None:
        self.trust: Trust = {}
        self.problems: list[str] = []

    def read(self, name: str) -> None:
        """Add what the file ``name`` wants."""
        try:
            document = _document(name)
            self._unknown(document, ["issuers"], name)
            if "issuers" not in document:
                # A pipe may break before the first byte, and --prune would remove everything.
                raise ValueError("it has no [[issuers]]; if there are to be none, write: issuers = []")
            for table in self._tables(document, "issuers", name):
                self._issuer(table, name)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
        except RecursionError:
            self.problems.append(f"{name}: it is nested too deeply")

    def _issuer(self, table: Values, file: str) -> None:
        shown = table.get("issuer")
        where = f"{file}: [[issuers]] {shown if isinstance(shown, str) else ''}".rstrip()
        self._unknown(table, [*ISSUERS.columns, *_PRESET, "rules", "links"], where)
        rules = self._tables(table, "rules", where)
        expanded = self._expanded(table, rules, where)
        base = next((one.issuer for one in expanded if one), {})
        entry = IssuerEntry(self._values(ISSUERS, table, where, base), file=where)
        iss = entry.values["issuer"]
        if iss in self.trust and iss:
            self.problems.append(f"{where}: there is a table for this issuer already: {self.trust[iss].file}")
            return
        self.trust[iss] = entry
        for rule, of_preset in zip(rules, expanded, strict=True):
            self._rule(entry, rule, of_preset, file)
        if "links" in table:
            entry.links = {}
            for link in self._tables(table, "links", where):
                self._link(entry, entry.links, link, file)

    def _expanded(self, table: Values, rules: list[Values], where: str) -> list[Expanded | None]:
        """What the issuer's preset makes of the answers of each rule; nothing for a rule without answers."""
        found: list[Expanded | None] = [None] * len(rules)
        if "preset" not in table:
            if any("answers" in one for one in (table, *rules)):
                self.problems.append(f"{where}: answers: to which preset? The key preset is missing")
            return found
        try:
            preset = find_preset(filled_in(table["preset"]))
            common = _answers(table)
            found = [
                expand(preset, {**common, **_answers(rule)}) if "answers" in rule else None for rule in rules
            ]
            if not any(found):
                raise ValueError("a preset needs a rule with answers")
            if any(one and one.issuer != other.issuer for one in found for other in found if other):
                raise ValueError("the answers of its rules make different issuers")
        except ValueError as error:
            self.problems.append(f"{where}: preset: {error}")
        return found

    def _rule(self, issuer: IssuerEntry, table: Values, of_preset: Expanded | None, file: str) -> None:
        base = of_preset.rule if of_preset else {}
        where = self._where(file, RULES, issuer, {**base, **table})
        self._unknown(table, [*RULES.columns, "answers", "conditions"], where)
        values = self._values(RULES, table, where, base)
        below = where.replace("[[issuers.rules]]", "[[issuers.rules.conditions]]")
        values["conditions"] = [*(of_preset.conditions if of_preset else ()), *self._conditions(table, below)]
        self._add(issuer.rules, values["name"], Entry(values, file=where))

    def _conditions(self, table: Values, where: str) -> Iterator[Values]:
        for condition in self._tables(table, "conditions", where):
            self._unknown(condition, CONDITIONS.columns, where)
            yield self._values(CONDITIONS, condition, where)

    def _link(self, issuer: IssuerEntry, links: dict[str, Entry], table: Values, file: str) -> None:
        where = self._where(file, LINKS, issuer, table)
        self._unknown(table, LINKS.columns, where)
        values = self._values(LINKS, table, where)
        if values["user"] is None:
            self.problems.append(f"{where}: user: it is missing")
        self._add(links, values["subject"], Entry(values, file=where))

    def _add(self, entries: dict[str, Entry], name: str, entry: Entry) -> None:
        if name in entries:
            self.problems.append(f"{entry.file}: there is one of that name already")
        entries[name] = entry

    def _where(self, file: str, table: Table, issuer: IssuerEntry, values: Values) -> str:
        name = values.get(table.identity)
        of = issuer.values["issuer"]
        return f"{file}: [[issuers.{table.name}]] {name if isinstance(name, str) else ''} of {of}"

    def _unknown(self, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        names = list(known)
        self.problems += [
            f"{where}: {name}: there is no such key; there are {', '.join(names)}"
            for name in table
            if name not in names
        ]

    def _tables(self, table: Mapping[str, Any], name: str, where: str) -> list[Values]:
        tables = table.get(name, [])
        if isinstance(tables, list) and all(isinstance(one, dict) for one in tables):
            return tables
        self.problems.append(f"{where}: {name}: it must be an array of tables")
        return []

    def _values(
        self, table: Table, given: Values, where: str, base: Mapping[str, Any] = MappingProxyType({})
    ) -> Values:
        values = {**table.defaults(), **base}
        if table.identity and not {**base, **given}.get(table.identity):
            self.problems.append(f"{where}: {table.identity}: it is missing")
        for name, column in table.columns.items():
            if name not in given:
                continue
            try:
                values[name] = column.parsed(filled_in(given[name]))
            except ValueError as error:
                self.problems.append(f"{where}: {name}: {error}")
        return values


def _answers(table: Values) -> Values:
    answers = filled_in(table.get("answers", {}))
    if not isinstance(answers, dict):
        raise ValueError("answers: it must be a table")
    return answers


def _document(name: str) -> dict[str, Any]:
    """Raises :class:`ValueError` with line and column of what is no TOML."""
    try:
        text = _text(name)
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.split("\n")
        end = f"at line {len(lines)}, column {len(lines[-1]) + 1}"
        raise ValueError(str(error).replace("at end of document", end)) from error


def _text(name: str) -> str:
    """The whole file; a device may have no end."""
    if name == "-":
        text = sys.stdin.read(_MOST + 1)
    else:
        with Path(name).open("rb") as file:
            text = file.read(_MOST + 1).decode()
    if len(text) > _MOST:
        raise ValueError(f"it is larger than {_MOST >> 20} MiB")
    return text


def filled_in(value: Any) -> Any:
    """``value`` with the variables in its strings replaced. Raises :class:`ValueError`."""
    if isinstance(value, str):
        text = _VARIABLE.sub(_variable, value)
        if not is_storable(text):
            raise ValueError("it has a NUL, or a variable in it is not UTF-8 text")
        return text
    if isinstance(value, list):
        return [filled_in(member) for member in value]
    if isinstance(value, dict):
        return {name: filled_in(member) for name, member in value.items()}
    return value


def _variable(found: re.Match[str]) -> str:
    if found[0] == "$${":
        return "${"
    name = found[1]
    if name is None:
        raise ValueError("there is a ${ without its }; a literal ${ is written $${")
    if not re.fullmatch(r"[A-Za-z0-9_]+", name) or not name.startswith(_PREFIX):
        raise ValueError(f"${{{name}}}: only variables that begin with {_PREFIX} are read")
    if name not in os.environ:
        raise ValueError(f"${{{name}}}: the variable is not set")
    return os.environ[name]
