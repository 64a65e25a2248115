"""The trust as the database has it, in the form in which a file has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from ..models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer, written
from .schema import CONDITIONS, ISSUERS, LINKS, RULES, Table, Values, key_of, ordered

M = TypeVar("M", bound=Model)
#: Primary keys in one statement.
CHUNK = 500


@dataclass(slots=True)
class Entry:
    """A row: its values, the row itself if the database has it, and the file that wants it."""

    values: Values
    row: Any = None
    file: str = ""


@dataclass(slots=True)
class IssuerEntry(Entry):
    """An issuer with its rules by name and its links by subject; ``None`` if its file names no links."""

    rules: dict[str, Entry] = field(default_factory=dict)
    links: dict[str, Entry] | None = None


Trust = dict[str, IssuerEntry]


def current(pks: Sequence[Any] | None = None, *, links: bool) -> Trust:
    """Return the issuers with these primary keys (all, if not given) by their ``iss``."""
    issuers = list(_rows(TrustedIssuer, "pk", pks, "pk"))
    of_links: dict[Any, dict[str, Entry]] = {row.pk: {} for row in issuers}
    for link in _rows(LinkedSubject, "issuer", pks, "subject", related=_related(LINKS)) if links else ():
        of_links[link.issuer_id][link.subject] = Entry(LINKS.values_of(link), link)
    by_pk = {row.pk: IssuerEntry(ISSUERS.values_of(row), row, links=of_links[row.pk]) for row in issuers}
    rules = list(_rows(GrantRule, "issuer", pks, "position", "pk", related=_related(RULES)))
    entries = {row.pk: Entry({**RULES.values_of(row), "conditions": []}, row) for row in rules}
    of_rules = None if pks is None else list(entries)
    for condition in _rows(ClaimCondition, "rule", of_rules, "pk"):
        entries[condition.rule_id].values["conditions"].append(CONDITIONS.values_of(condition))
    _fill_lists(entries, of_rules)
    for row in rules:
        by_pk[row.issuer_id].rules[row.name] = entries[row.pk]
    return {entry.values["issuer"]: entry for entry in by_pk.values()}


def chunks(pks: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """``pks`` in pieces that every database takes in one statement."""
    return (pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK))


def _rows(
    model: type[M], key: str, pks: Sequence[Any] | None, *order: str, related: Sequence[str] = ()
) -> Iterator[M]:
    rows: QuerySet[M] = written(model).order_by(*order)
    rows = rows.select_related(*related) if related else rows
    if pks is None:
        yield from rows.iterator(2000)
        return
    for some in chunks(pks):
        yield from rows.filter(**{f"{key}__in": some})


def _related(table: Table) -> list[str]:
    return [column.name for column in table.plain if column.field.is_relation]


def _fill_lists(entries: dict[Any, Entry], pks: Sequence[Any] | None) -> None:
    for column in RULES.lists:
        through = column.field.remote_field.through
        here, there = column.field.m2m_field_name(), column.field.m2m_reverse_field_name()
        found: dict[Any, list[Any]] = defaultdict(list)
        for link in _rows(through, here, pks, "pk", related=[there]):
            found[getattr(link, f"{here}_id")].append(key_of(getattr(link, there)))
        for pk, keys in found.items():
            entries[pk].values[column.name] = ordered(keys)


def entries_of(trust: Iterable[IssuerEntry]) -> list[Any]:
    """The primary keys of those that the database has, in their order."""
    return sorted(entry.row.pk for entry in trust if entry.row is not None)
