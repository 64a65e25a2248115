"""The trust as the database has it, in the form in which a file has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from ..database import raw_rows
from ..models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer, written
from .schema import CONDITIONS, ISSUERS, LINKS, RULES, Table, Values, key_of, ordered

M = TypeVar("M", bound=Model)
#: The rows of an issuer, of all tables, as the database returns them: to compare, not to understand.
Seen = list[Sequence[Any]]
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
    #: Its rows as :func:`seen` has found them.
    seen: Seen = field(default_factory=list)


Trust = dict[str, IssuerEntry]


def current(*, links: bool) -> Trust:
    """Return all issuers by their ``iss``."""
    # First: what changes between this and the other queries then differs from what an apply sees.
    all_seen = seen(None, links=links)
    issuers = list(_rows(TrustedIssuer, "pk"))
    of_links: dict[Any, dict[str, Entry]] = {row.pk: {} for row in issuers}
    for link in _rows(LinkedSubject, "subject", related=_related(LINKS)) if links else ():
        of_links[link.issuer_id][link.subject] = Entry(LINKS.values_of(link), link)
    by_pk = {
        row.pk: IssuerEntry(ISSUERS.values_of(row), row, links=of_links[row.pk], seen=all_seen[row.pk])
        for row in issuers
    }
    rules = list(_rows(GrantRule, "position", "pk", related=_related(RULES)))
    entries = {row.pk: Entry({**RULES.values_of(row), "conditions": []}, row) for row in rules}
    for condition in _rows(ClaimCondition, "pk"):
        entries[condition.rule_id].values["conditions"].append(CONDITIONS.values_of(condition))
    _fill_lists(entries)
    for row in rules:
        by_pk[row.issuer_id].rules[row.name] = entries[row.pk]
    return {entry.values["issuer"]: entry for entry in by_pk.values()}


def seen(pks: Sequence[Any] | None, *, links: bool, lock: bool = False) -> defaultdict[Any, Seen]:
    """Return the rows of each of the issuers ``pks`` (of all, if not given) as the database returns them.

    ``lock``: issuers and rules are locked, in the order of their primary keys.
    """
    found: defaultdict[Any, Seen] = defaultdict(list)
    for row in _raw(TrustedIssuer, "pk", pks, lock=lock):
        found[row[_place(TrustedIssuer, "id")]].append(row)
    issuer_of: dict[Any, Any] = {}
    for row in _raw(GrantRule, "issuer", pks, lock=lock):
        issuer = issuer_of[row[_place(GrantRule, "id")]] = row[_place(GrantRule, "issuer")]
        found[issuer].append(row)
    rules = None if pks is None else list(issuer_of)
    below = [(column.field.remote_field.through, column.field.m2m_field_name()) for column in RULES.lists]
    for model, key in ((ClaimCondition, "rule"), *below):
        for row in _raw(model, key, rules):
            found[issuer_of.get(row[_place(model, key)])].append(row)
    for row in _raw(LinkedSubject, "issuer", pks) if links else ():
        found[row[_place(LinkedSubject, "issuer")]].append(row)
    return found


def chunks(pks: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """``pks`` in pieces that every database takes in one statement."""
    return (pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK))


def _raw(model: type[Model], key: str, pks: Sequence[Any] | None, *, lock: bool = False) -> Iterator[Any]:
    rows = written(model).order_by("pk")
    rows = rows.select_for_update() if lock else rows
    if pks is None:
        yield from raw_rows(rows)
        return
    for some in chunks(pks):
        yield from raw_rows(rows.filter(**{f"{key}__in": some}))


@cache
def _place(model: type[Model], name: str) -> int:
    """The place of a field in a row as the database returns it."""
    return [field.name for field in model._meta.concrete_fields].index(name)


def _rows(model: type[M], *order: str, related: Sequence[str] = ()) -> Iterator[M]:
    rows: QuerySet[M] = written(model).order_by(*order)
    yield from (rows.select_related(*related) if related else rows).iterator(2000)


def _related(table: Table) -> list[str]:
    return [column.name for column in table.plain if column.field.is_relation]


def _fill_lists(entries: dict[Any, Entry]) -> None:
    for column in RULES.lists:
        through = column.field.remote_field.through
        here, there = column.field.m2m_field_name(), column.field.m2m_reverse_field_name()
        found: dict[Any, list[Any]] = defaultdict(list)
        for link in _rows(through, "pk", related=[there]):
            found[getattr(link, f"{here}_id")].append(key_of(getattr(link, there)))
        for pk, keys in found.items():
            entries[pk].values[column.name] = ordered(keys)


def keys_of(issuers: Iterable[IssuerEntry]) -> list[Any]:
    """The primary keys of those of ``issuers`` that the database has, in their order."""
    return sorted(entry.row.pk for entry in issuers if entry.row is not None)
