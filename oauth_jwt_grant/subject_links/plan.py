"""What an import would do, line by line, found out with a few queries for each thousand lines."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from ..assertion.claims import MAX_STRING
from ..models import LinkedSubject, TrustedIssuer, written
from ..subjects import User
from ..trust import is_privileged
from .table import Problem, TableRow, read_table, shown

#: Rows that one SQL statement asks for or writes: two parameters for each are within SQLite's 999.
CHUNK = 400
_T = TypeVar("_T")


class Outcome(StrEnum):
    """What becomes of a line."""

    ADD = "add"
    REPLACE = "replace"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Current:
    """A link that is there already."""

    pk: Any
    user_pk: Any
    username: str


@dataclass(frozen=True, slots=True)
class PlannedLink:
    """One line: the link it asks for, and the one that is there, if there is one."""

    row: TableRow
    issuer: TrustedIssuer
    user: User
    current: Current | None

    @property
    def outcome(self) -> Outcome:
        """Whether the link is new, changes hands or is there as it should be."""
        if self.current is None:
            return Outcome.ADD
        return Outcome.UNCHANGED if self.current.user_pk == self.user.pk else Outcome.REPLACE


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do: the ``links`` of the lines that are right, the ``problems`` of the others."""

    links: tuple[PlannedLink, ...]
    problems: tuple[Problem, ...]

    def of(self, outcome: Outcome) -> list[PlannedLink]:
        """The links that would be added, change hands or stay."""
        return [link for link in self.links if link.outcome == outcome]

    @property
    def replaced(self) -> list[tuple[Current, PlannedLink]]:
        """The links that would change hands, each with what it is now."""
        links = [(link.current, link) for link in self.of(Outcome.REPLACE)]
        return [(current, link) for current, link in links if current is not None]

    @property
    def changes(self) -> list[PlannedLink]:
        """The links that would be written."""
        return [link for link in self.links if link.outcome != Outcome.UNCHANGED]

    @property
    def warnings(self) -> list[Problem]:
        """What an operator should check before the import is done."""
        return [Problem(link.row.line, text) for link in self.changes for text in _doubts(link)]

    @property
    def fingerprint(self) -> str:
        """Return a digest of the changes and the notes: the same if and only if nothing differs."""
        done = [
            (
                *(link.row.line, link.outcome, str(link.issuer.pk), link.row.subject, str(link.user.pk)),
                str(link.current.user_pk) if link.current else None,
            )
            for link in self.links
        ]
        told = [(note.line, note.text) for note in (*self.problems, *self.warnings)]
        return hashlib.sha256(json.dumps([done, told]).encode()).hexdigest()


def make_plan(data: bytes | str) -> Plan:
    """Read ``data`` (see :func:`~.table.read_table`) and hold it against the database. Writes nothing."""
    rows, problems = read_table(data)
    rows, doubles = _without_doubles(rows)
    found = _look_up(rows)
    links: list[PlannedLink] = []
    for row in rows:
        planned = _judge(row, found)
        if isinstance(planned, PlannedLink):
            links.append(planned)
        else:
            problems += planned
    problems = sorted([*problems, *doubles], key=lambda problem: problem.line)
    return Plan(tuple(links), tuple(problems))


def chunks(items: Iterable[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """``items`` in lists of at most ``size``."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Found:
    """Issuers, users and links by what the file calls them, character by character."""

    issuers: dict[str, TrustedIssuer]
    users: dict[str, list[User]]
    links: dict[tuple[Any, str], Current]


def _without_doubles(rows: list[TableRow]) -> tuple[list[TableRow], list[Problem]]:
    """The first row of each subject, and the complaints about any other."""
    first: dict[tuple[str, str], TableRow] = {}
    problems = []
    for row in rows:
        earlier = first.setdefault((row.issuer, row.subject), row)
        if earlier is not row:
            problems.append(Problem(row.line, _("The subject is on line %d already.") % earlier.line))
    return list(first.values()), problems


def _look_up(rows: Sequence[TableRow]) -> _Found:
    issuers = _issuers(dict.fromkeys(row.issuer for row in rows))
    users = _users(dict.fromkeys(row.user for row in rows))
    wanted = [
        (issuers[row.issuer].pk, row.subject)
        for row in rows
        if row.issuer in issuers and len(row.subject) <= MAX_STRING
    ]
    return _Found(issuers, users, _links(wanted))


# A database with a loose collation returns more than was asked for. A dict then finds the exact string.


def _issuers(names: Iterable[str]) -> dict[str, TrustedIssuer]:
    issuers = written(TrustedIssuer).only("name", "issuer")
    return {row.issuer: row for chunk in chunks(names) for row in issuers.filter(issuer__in=chunk)}


def _users(names: Iterable[str]) -> dict[str, list[User]]:
    model: Any = get_user_model()
    field = model._meta.get_field(model.USERNAME_FIELD)
    users = written(model)
    found = defaultdict(list)
    for chunk in chunks(value for name in names for value in column_value(field, name)):
        for user in users.filter(**{f"{field.name}__in": chunk}):
            found[str(getattr(user, field.name))].append(user)
    return found


def column_value(field: models.Field[Any, Any], text: str) -> list[Any]:
    """``text`` as the database holds it in ``field``; empty if it can hold no such thing."""
    if isinstance(field, models.CharField | models.TextField):
        return [text]
    try:
        return [field.clean(text, None)]
    except ValidationError:
        return []


def _links(wanted: Iterable[tuple[Any, str]]) -> dict[tuple[Any, str], Current]:
    name = f"user__{get_user_model().USERNAME_FIELD}"
    links = written(LinkedSubject).order_by()
    rows = links.values_list("issuer_id", "subject", "pk", "user_id", name)
    return {
        (issuer, subject): Current(pk, user, str(username))
        for chunk in chunks(wanted)
        for issuer, subject, pk, user, username in rows.filter(
            issuer__in={issuer for issuer, _subject in chunk},
            subject__in=[subject for _issuer, subject in chunk],
        )
    }


def _judge(row: TableRow, found: _Found) -> PlannedLink | list[Problem]:
    """The link that ``row`` asks for, or all that is wrong with it.

    A line for a link that exists already is no error: an export can be imported again.
    """
    issuer, users = found.issuers.get(row.issuer), found.users.get(row.user, [])
    planned = None
    if issuer is not None and len(users) == 1:
        planned = PlannedLink(row, issuer, users[0], found.links.get((issuer.pk, row.subject)))
        if planned.outcome == Outcome.UNCHANGED:
            return planned
    faults = [*_subject_faults(row.subject), *_reference_faults(row, issuer, users)]
    return [Problem(row.line, fault) for fault in faults] if faults or planned is None else planned


def _reference_faults(row: TableRow, issuer: TrustedIssuer | None, users: list[User]) -> Iterator[str]:
    if issuer is None:
        yield _("There is no trusted issuer %s.") % shown(row.issuer)
    if not users:
        yield _("There is no user %s.") % shown(row.user)
    elif len(users) > 1:
        yield _("There is more than one user %s.") % shown(row.user)
    elif not users[0].is_active:
        yield _("The user %s is not active.") % shown(row.user)


def _subject_faults(subject: str) -> Iterator[str]:
    if len(subject) > MAX_STRING:
        text = _("The subject is too long: %(length)d characters, of %(most)d at most.")
        yield text % {"length": len(subject), "most": MAX_STRING}
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in subject):
        yield _("The subject has a control character: %s") % shown(subject)
    if "\ufffd" in subject:
        yield _("The subject has a character that was lost before: %s") % shown(subject)


def _doubts(link: PlannedLink) -> Iterator[str]:
    if is_privileged(link.user):
        yield _("%s is staff or a superuser: no token unless a rule allows it.") % shown(link.row.user)
    if link.row.subject != link.row.subject.strip() or not link.row.subject.isprintable():
        yield _("The subject has white space around it or characters that cannot be seen: %s") % ascii(
            link.row.subject
        )
