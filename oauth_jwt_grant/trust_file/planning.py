"""From the trust as it is and as files want it to what has to be done: checked, and nothing written yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import CheckConstraint, Count, Model, Q
from django.utils import timezone

from ..models import ClaimCondition, Decision, GrantRule, LinkedSubject, TrustedIssuer, flaws_of
from ..presets import check_pinned, check_stay_pinned
from ..rules import same
from ..trust import RuleToBe, obstacles_of_unsaved, withdrawal
from .current import Entry, IssuerEntry, Trust, chunks
from .errors import TrustFileError
from .schema import CONDITIONS, ISSUERS, LINKS, RULES, Reference, References, Table, Values, find

#: The columns by which the files name rows.
_IDENTITIES = (ISSUERS.identity, RULES.identity, LINKS.identity)
Kind = Literal["issuer", "rule", "link"]
Action = Literal["add", "change", "remove"]


@dataclass(slots=True)
class Step:
    """One row that is added, changed or removed, with the values before and after."""

    action: Action
    kind: Kind
    issuer: str
    name: str
    row: Any
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    #: The rows that the lists of a rule name, and its conditions, where they change.
    lists: dict[str, list[Any]] = field(default_factory=dict)
    conditions: list[ClaimCondition] | None = None
    #: The good tokens that a removal leaves.
    tokens: int = 0

    @property
    def disables(self) -> bool:
        """Whether requests may be under way that rest on what is disabled or limited."""
        changes = self.fields if self.action == "change" else {}
        return changes.get("enabled") == (True, False) or "issued_after" in changes


@dataclass(slots=True)
class Plan:
    """What has to be done. ``before``: the issuers that it changes, as they were."""

    steps: list[Step] = field(default_factory=list)
    before: Trust = field(default_factory=dict)
    links: bool = False
    warnings: list[str] = field(default_factory=list)

    def removed(self, kind: Kind) -> dict[Any, Step]:
        """The steps that remove rows of ``kind``, by the primary keys of these."""
        return {step.row.pk: step for step in self.steps if (step.action, step.kind) == ("remove", kind)}


def plan(wanted: Trust, now: Trust, *, prune: bool) -> Plan:
    """Return what leads from ``now`` to ``wanted``. Raises :class:`TrustFileError` with all problems."""
    planner = _Planner(prune)
    for iss, entry in wanted.items():
        planner.issuer(iss, entry, now.get(iss))
    if prune:
        for iss in sorted(now.keys() - wanted.keys()):
            planner.remove("issuer", iss, iss, now[iss])
    planned = planner.plan
    touched = {step.issuer for step in planned.steps}
    planned.before = {iss: entry for iss, entry in now.items() if iss in touched}
    planned.links = any(entry.links is not None for entry in wanted.values())
    _count_tokens(planned)
    if planner.problems:
        raise TrustFileError(planner.problems)
    return planned


def _count_tokens(planned: Plan) -> None:
    """Find out how many good tokens each removal leaves."""
    good = Decision.objects.using(router.db_for_write(Decision)).good(timezone.now())
    for kind in ("issuer", "rule"):
        removed = planned.removed(kind)
        for pks in chunks(list(removed)):
            of_rows = good.filter(**{f"{kind}__in": pks}).order_by().values_list(kind)
            for pk, number in of_rows.annotate(number=Count("pk")):
                removed[pk].tokens = number
    links = planned.removed("link")
    for pk, decisions in withdrawal.by_link(good, [step.row for step in links.values()]).items():
        links[pk].tokens = len(decisions)


class _Planner:
    """Collects the steps, and what is wrong with them."""

    def __init__(self, prune: bool) -> None:
        self.plan = Plan()
        self.problems: list[str] = []
        self._prune = prune
        self._find = cache(_found)
        self._constraints: dict[tuple[Any, ...], list[str]] = {}

    def issuer(self, iss: str, wanted: IssuerEntry, now: IssuerEntry | None) -> None:
        """Plan one issuer with its rules and links."""
        first = len(self.plan.steps)
        row = TrustedIssuer() if now is None else now.row
        self._row("issuer", ISSUERS, iss, iss, wanted, now, row)
        rules = now.rules if now else {}
        rows = [self._rule(iss, name, entry, rules.get(name), row) for name, entry in wanted.rules.items()]
        if self._prune:
            self._remove_others("rule", iss, rules, wanted.rules)
        else:
            rows += [_as_it_is(entry) for name, entry in rules.items() if name not in wanted.rules]
        if now is not None:
            steps = self.plan.steps[first:]
            self._check_stay_pinned(row, now, rows, steps, wanted.file)
        if wanted.links is not None:
            self._links(iss, wanted.links, (now.links if now else None) or {}, row)
        self._examine(wanted, row, rows, self.plan.steps[first:])

    def remove(self, kind: Kind, iss: str, name: str, entry: Entry) -> None:
        """Plan a removal."""
        self.plan.steps.append(Step("remove", kind, iss, name, entry.row))

    def _remove_others(
        self, kind: Kind, iss: str, now: Mapping[str, Entry], wanted: Mapping[str, Entry]
    ) -> None:
        for name in sorted(now.keys() - wanted.keys()):
            self.remove(kind, iss, name, now[name])

    def _rule(self, iss: str, name: str, wanted: Entry, now: Entry | None, issuer: TrustedIssuer) -> RuleToBe:
        row: GrantRule = GrantRule() if now is None else now.row
        row.issuer = issuer
        step = self._row("rule", RULES, iss, name, wanted, now, row)
        conditions = [self._condition(row, values) for values in wanted.values["conditions"]]
        if step is not None and "conditions" in step.fields:
            step.conditions = conditions
            for condition in conditions:
                where = wanted.file.replace("[[issuers.rules]]", "[[issuers.rules.conditions]]")
                self._flaws(condition, where)
        if step is not None:
            self._check_pinned(row, conditions, wanted.file)
        return row, conditions, bool(wanted.values["applications"])

    def _check_pinned(self, rule: GrantRule, conditions: list[ClaimCondition], where: str) -> None:
        try:
            check_pinned(rule, [condition.condition for condition in conditions])
        except ValidationError as error:
            self.problems += [f"{where}: {text}" for text in error.messages]

    def _check_stay_pinned(
        self, row: TrustedIssuer, now: IssuerEntry, rules: list[RuleToBe], steps: list[Step], where: str
    ) -> None:
        """The rules that the files do not change; the others are checked where they change."""
        changed = {id(step.row) for step in steps}
        kept = [(rule, conditions) for rule, conditions, _lists in rules if id(rule) not in changed]
        try:
            check_stay_pinned(row, now.values["issuer"], now.values["conditions"], kept)
        except ValidationError as error:
            self.problems += [f"{where}: {text}" for text in error.messages]

    def _condition(self, rule: GrantRule, values: Values) -> ClaimCondition:
        condition = ClaimCondition(rule=rule)
        for name in CONDITIONS.columns:
            setattr(condition, name, values[name])
        return condition

    def _links(
        self, iss: str, wanted: Mapping[str, Entry], now: Mapping[str, Entry], issuer: TrustedIssuer
    ) -> None:
        for subject, entry in wanted.items():
            known = now.get(subject)
            row = LinkedSubject(issuer=issuer) if known is None else known.row
            self._row("link", LINKS, iss, subject, entry, known, row)
        if self._prune:
            self._remove_others("link", iss, now, wanted)

    def _row(
        self, kind: Kind, table: Table, iss: str, name: str, wanted: Entry, now: Entry | None, row: Model
    ) -> Step | None:
        """Set the values of ``wanted`` on ``row``, check it, and plan it if something differs."""
        before = {"conditions": [], **table.defaults()} if now is None else now.values
        if now is not None and same(before, {**before, **wanted.values}):
            return None
        known_problems = len(self.problems)
        lists = self._set(table, wanted, row)
        if len(self.problems) > known_problems:
            return None  # there is no whole row to check
        self._flaws(row, wanted.file)
        # The checks bring some values into the form in which they are stored.
        for column in table.plain:
            wanted.values[column.name] = column.of(row)
        changed = {key: (before[key], value) for key, value in wanted.values.items()}
        if now is not None:
            changed = {key: pair for key, pair in changed.items() if not same(*pair)}
        if not changed:
            return None
        lists = {key: rows for key, rows in lists.items() if now is None or key in changed}
        step = Step("add" if now is None else "change", kind, iss, name, row, changed, lists)
        self.plan.steps.append(step)
        return step

    def _set(self, table: Table, wanted: Entry, row: Model) -> dict[str, list[Any]]:
        """Set the columns of ``row``; returns the rows that its lists name."""
        lists = {}
        for name, column in table.columns.items():
            value = wanted.values[name]
            try:
                if isinstance(column, References):
                    lists[name] = [self._target(column, key) for key in value]
                elif isinstance(column, Reference):
                    setattr(row, name, None if value is None else self._target(column, value))
                else:
                    setattr(row, name, value)
            except ValueError as error:
                self.problems.append(f"{wanted.file}: {name}: {error}")
        return lists

    def _target(self, column: Reference, key: Any) -> Any:
        return self._find(column.field.related_model, tuple(key) if isinstance(key, list) else key)

    def _flaws(self, row: Model, where: str) -> None:
        for name, texts in flaws_of(row).items():
            self.problems += [f"{where}: {name}: {text}".replace(": : ", ": ") for text in texts]
        self.problems += [f"{where}: {text}" for text in self._broken_constraints(row)]

    def _broken_constraints(self, row: Model) -> Iterator[str]:
        """What the database itself would refuse: it is asked once about the same values of many rows.

        That names are there, and used once, is seen in the files.
        """
        for constraint in row._meta.constraints:
            if isinstance(constraint, CheckConstraint) and isinstance(constraint.condition, Q):
                names = sorted(constraint.condition.referenced_base_fields)
                if len(names) == 1 and names[0] in _IDENTITIES:
                    continue
                key = (constraint.name, *(getattr(row, name) for name in names))
                if key not in self._constraints:
                    self._constraints[key] = _broken(constraint, row)
                yield from self._constraints[key]

    def _examine(
        self, wanted: IssuerEntry, issuer: TrustedIssuer, rules: list[RuleToBe], steps: list[Step]
    ) -> None:
        """Refuse what can never grant anything among the rows that change, and report the others."""
        changed = {id(step.row) for step in steps if step.action != "remove"}
        if not steps or self.problems:
            return
        for obstacle in obstacles_of_unsaved(issuer, rules):
            row = issuer if obstacle.rule is None else obstacle.rule
            text = f"{wanted.file}: {obstacle.text}"
            if obstacle.blocks and issuer.enabled and id(row) in changed:
                self.problems.append(text)
            else:
                self.plan.warnings.append(text)


def _found(model: type[Model], key: Any) -> Any:
    return find(model, list(key) if isinstance(key, tuple) else key)


def _broken(constraint: CheckConstraint, row: Model) -> list[str]:
    try:
        constraint.validate(type(row), row, using=router.db_for_write(type(row)))
    except ValidationError as error:
        return error.messages
    return []


def _as_it_is(entry: Entry) -> RuleToBe:
    conditions = [ClaimCondition(rule=entry.row, **values) for values in entry.values["conditions"]]
    return entry.row, conditions, bool(entry.values["applications"])
