"""A plan into the database: all of it or nothing, and only if the rows are still as it found them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, router
from django.db.models import Model
from django.utils import timezone

from ..models import ClaimCondition, Decision, GrantRule, LinkedSubject, TrustedIssuer, written
from ..trust import withdrawal
from .current import CHUNK, IssuerEntry, chunks, current, entries_of
from .errors import TrustFileError
from .history import record
from .planning import Plan, Step
from .schema import RULES

M = TypeVar("M", bound=Model)
_MODELS: dict[str, type[Model]] = {"issuer": TrustedIssuer, "rule": GrantRule, "link": LinkedSubject}


def carry_out(plan: Plan, *, user: Any = None, revoke: bool = False) -> int:
    """Write ``plan``; ``revoke``: and revoke the tokens of what it removes. Returns how many were revoked.

    Raises :class:`TrustFileError`, with nothing written, if the trust is no longer as planned.
    """
    try:
        with withdrawal.writing(TrustedIssuer):
            _check_unchanged(plan)
            orphans = _decisions_of_removed(plan) if revoke else []
            _write(plan)
            record(plan, user)
            for issuer in {_issuer_of(step) for step in plan.steps if step.disables}:
                withdrawal.wait_after_commit(issuer)
    except (IntegrityError, OperationalError) as error:
        raise TrustFileError(
            [f"Nothing was written: the trust changed meanwhile, or is busy: {error}"]
        ) from error
    return sum(withdrawal.revoke(Decision.objects.filter(pk__in=some)) for some in chunks(orphans))


def _check_unchanged(plan: Plan) -> None:
    """Lock the rows in the order of their primary keys, and compare them with what the plan has seen."""
    pks = entries_of(plan.before.values())
    for model, key in ((TrustedIssuer, "pk"), (GrantRule, "issuer")):
        rows = written(model).select_for_update().order_by("pk")
        for some in chunks(pks):
            list(rows.filter(**{f"{key}__in": some}).values_list("pk"))
    now = current(pks, links=plan.links) if pks else {}
    changed = [iss for iss, entry in plan.before.items() if not _is_same(entry, now.get(iss))]
    if changed:
        text = "Nothing was written: the issuer %s is no longer as it was when the plan was made"
        raise TrustFileError(text % iss for iss in changed)


def _is_same(before: IssuerEntry, now: IssuerEntry | None) -> bool:
    """Both are as the database has them, so they are written alike. As JSON, 1 is not true."""
    return now is not None and json.dumps(_told(before), default=str) == json.dumps(_told(now), default=str)


def _told(entry: IssuerEntry) -> list[Any]:
    rules = {name: [rule.row.pk, rule.values] for name, rule in entry.rules.items()}
    links = {subject: [link.row.pk, link.values] for subject, link in (entry.links or {}).items()}
    return [entry.row.pk, entry.values, rules, links]


def _decisions_of_removed(plan: Plan) -> list[Any]:
    """The decisions with tokens; no request can add one, as what they rest on is locked until it is gone."""
    found: set[Any] = set()
    for step in plan.steps:
        if step.action == "remove" and step.kind != "link":
            of_row = written(Decision).filter(**{step.kind: step.row.pk})
            found.update(withdrawal.living(of_row).values_list("pk", flat=True))
    return sorted(found)


def _write(plan: Plan) -> None:
    for kind, model in reversed(_MODELS.items()):
        removed = [step.row.pk for step in plan.steps if (step.action, step.kind) == ("remove", kind)]
        for some in chunks(removed):
            written(model).filter(pk__in=some).delete()
    for kind, model in _MODELS.items():
        steps = [step for step in plan.steps if step.kind == kind]
        _create(model, [step.row for step in steps if step.action == "add"])
        _update(model, [step for step in steps if step.action == "change"])
    _write_lists([step for step in plan.steps if step.kind == "rule"])
    _write_conditions([step for step in plan.steps if step.conditions is not None])


def _create(model: type[M], rows: Sequence[M]) -> None:
    for row in rows:
        if isinstance(row, GrantRule | LinkedSubject):
            row.issuer = row.issuer  # its primary key, now that it has one
    written(model).bulk_create(rows, batch_size=CHUNK)
    if any(row.pk is None for row in rows):  # MySQL does not return them
        manager: Any = model._default_manager.db_manager(router.db_for_write(model))
        for row in rows:
            row.pk = manager.get_by_natural_key(*row.natural_key()).pk  # type: ignore[attr-defined]


def _update(model: type[Model], steps: Sequence[Step]) -> None:
    """Write the columns that changed: together for the rows in which the same ones did."""
    rows: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for step in steps:
        columns = [name for name in step.fields if name not in step.lists and name != "conditions"]
        if columns:
            rows[tuple(columns)].append(step.row)
    for names, some in rows.items():
        written(model).bulk_update(some, names, batch_size=CHUNK)
    if model is TrustedIssuer:
        for pks in chunks([step.row.pk for step in steps]):
            written(TrustedIssuer).filter(pk__in=pks).update(updated=timezone.now())


def _write_lists(steps: Sequence[Step]) -> None:
    for column in RULES.lists:
        through = column.field.remote_field.through
        here, there = column.field.m2m_field_name(), column.field.m2m_reverse_field_name()
        changed = [step for step in steps if column.name in step.lists]
        _delete_of(through, here, changed)
        links = [
            through(**{here: step.row, there: target})
            for step in changed
            for target in step.lists[column.name]
        ]
        written(through).bulk_create(links, batch_size=CHUNK)


def _write_conditions(steps: Sequence[Step]) -> None:
    _delete_of(ClaimCondition, "rule", steps)
    rows: list[ClaimCondition] = []
    for step in steps:
        for condition in step.conditions or ():
            condition.rule = step.row
            rows.append(condition)
    written(ClaimCondition).bulk_create(rows, batch_size=CHUNK)


def _delete_of(model: type[Model], key: str, steps: Iterable[Step]) -> None:
    known = [step.row.pk for step in steps if step.action == "change"]
    for some in chunks(known):
        written(model).filter(**{f"{key}__in": some}).delete()


def _issuer_of(step: Step) -> Any:
    return step.row.pk if step.kind == "issuer" else step.row.issuer_id
