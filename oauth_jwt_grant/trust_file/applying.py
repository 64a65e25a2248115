"""A plan into the database: all of it or nothing, and only if the rows are still as it found them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, OperationalError, router
from django.db.models import Model
from django.db.models.deletion import Collector

from ..database import ManyInserts, ManyUpdates
from ..models import ClaimCondition, Decision, GrantRule, LinkedSubject, TrustedIssuer, written
from ..signals import trust_changed
from ..trust import withdrawal
from .current import chunks, keys_of, seen
from .errors import TrustFileError
from .history import History
from .planning import Kind, Plan, Step
from .schema import RULES

_MODELS: dict[Kind, type[Model]] = {"issuer": TrustedIssuer, "rule": GrantRule, "link": LinkedSubject}
#: What names a row, for a database that does not return the primary keys of many new rows.
_NAMES: dict[type[Model], tuple[str, ...]] = {
    TrustedIssuer: ("issuer",),
    GrantRule: ("issuer_id", "name"),
    LinkedSubject: ("issuer_id", "subject"),
}
_Work = Iterator[Callable[[], object]]


def carry_out(plan: Plan, *, user: Any = None, revoke: bool = False) -> int:
    """Write ``plan``; ``revoke``: and revoke the tokens of what it removes. Returns how many were revoked.

    Raises :class:`TrustFileError`, with nothing written, if the trust is no longer as planned.
    """
    # Others wait for the transaction: what needs no lock comes before it.
    work, history = list(_prepared(plan)), History(plan.steps, user)
    disabling = sorted({_issuer_of(step) for step in plan.steps if step.disables})
    try:
        with withdrawal.writing(TrustedIssuer):
            _check_unchanged(plan)
            orphans = _decisions_of_removed(plan) if revoke else []
            for part in work:
                part()
            history.write()
            for issuers in chunks(disabling):
                withdrawal.wait_after_commit(*issuers)
    except DataError as error:  # one encoding has not the characters of another
        raise TrustFileError([f"Nothing was written: the database cannot store a value: {error}"]) from error
    except (IntegrityError, OperationalError) as error:
        raise TrustFileError(
            [f"Nothing was written: the trust changed meanwhile, or is busy: {error}"]
        ) from error
    history.log()
    _announce(plan)
    return sum(withdrawal.revoke(Decision.objects.filter(pk__in=some)) for some in chunks(orphans))


def _announce(plan: Plan) -> None:
    """Send for the rows that were written what Django has not sent; it has for those that were removed."""
    for kind, model in _MODELS.items():
        rows = [step.row for step in plan.steps if step.kind == kind and step.action != "remove"]
        if rows:
            trust_changed.send_robust(sender=model, action="applied", instances=rows)


def _check_unchanged(plan: Plan) -> None:
    """Lock the rows in the order of their primary keys, and compare them with what the plan has seen."""
    now = seen(keys_of(plan.before.values()), links=plan.links, lock=True)
    changed = [iss for iss, entry in plan.before.items() if entry.seen != now[entry.row.pk]]
    if changed:
        text = "Nothing was written: the issuer %s is no longer as it was when the plan was made"
        raise TrustFileError(text % iss for iss in changed)


def _decisions_of_removed(plan: Plan) -> list[Any]:
    """The decisions with tokens.

    No request can add one of an issuer or rule, which is locked until it is gone. One that has read a link
    already may: links act on the next request.
    """
    found: set[Any] = set()
    for kind in ("issuer", "rule"):
        for some in chunks(list(plan.removed(kind))):
            of_rows = written(Decision).filter(**{f"{kind}__in": some})
            found.update(withdrawal.living(of_rows).values_list("pk", flat=True))
    links = [step.row for step in plan.removed("link").values()]
    of_links = withdrawal.by_link(withdrawal.living(Decision.objects.all()), links)
    return sorted(found.union(*of_links.values()))


def _prepared(plan: Plan) -> _Work:
    """Yield what is to be done in the transaction, one after the other; the values are made now."""
    for kind in reversed(_MODELS):
        yield partial(_remove, [step.row for step in plan.removed(kind).values()])
    for kind, model in _MODELS.items():
        yield from _rows(model, [step for step in plan.steps if step.kind == kind])
    rules = [step for step in plan.steps if step.kind == "rule"]
    for column in RULES.lists:
        changed = [step for step in rules if column.name in step.lists]
        yield from _list(column, changed)
    changed = [step for step in rules if step.conditions is not None]
    yield partial(_delete, ClaimCondition, "rule", _known(changed))
    yield ManyInserts(ClaimCondition, [row for step in changed for row in step.conditions or ()]).run


def _rows(model: type[Model], steps: Sequence[Step]) -> _Work:
    """The new rows, and the columns that change: together for the rows in which the same ones do."""
    new = [step.row for step in steps if step.action == "add"]
    yield ManyInserts(model, new).run
    yield partial(_find_keys, model, new)
    changed: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for step in steps:
        if step.action == "change":
            columns = [name for name in step.fields if name not in step.lists and name != "conditions"]
            changed[*columns, *(["updated"] if model is TrustedIssuer else [])].append(step.row)
    for names, rows in changed.items():
        if names:
            yield ManyUpdates(model, rows, names).run


def _list(column: Any, steps: Sequence[Step]) -> _Work:
    """What rules name in a list."""
    through = column.field.remote_field.through
    here, there = column.field.m2m_field_name(), column.field.m2m_reverse_field_name()
    links = [
        through(**{here: step.row, there: target}) for step in steps for target in step.lists[column.name]
    ]
    yield partial(_delete, through, here, _known(steps))
    yield ManyInserts(through, links).run


def _known(steps: Iterable[Step]) -> list[Any]:
    return [step.row.pk for step in steps if step.action == "change"]


def _remove(rows: Sequence[Any]) -> None:
    """As ``delete()`` of a queryset, which would fetch the rows again."""
    for some in chunks(rows):
        collector = Collector(using=router.db_for_write(type(some[0])), origin=some[0])
        collector.collect(some)
        collector.delete()


def _delete(model: type[Model], key: str, pks: Sequence[Any]) -> None:
    for some in chunks(pks):
        written(model).filter(**{f"{key}__in": some}).delete()


def _find_keys(model: type[Model], rows: Sequence[Any]) -> None:
    """Give new rows their primary keys, which MySQL does not return."""
    missing = [row for row in rows if row.pk is None]
    first, *_others = names = _NAMES[model]
    for some in chunks(missing):
        found = written(model).filter(**{f"{first}__in": {getattr(row, first) for row in some}})
        keys = {tuple(name): pk for pk, *name in found.values_list("pk", *names)}
        for row in some:
            row.pk = keys[tuple(getattr(row, name) for name in names)]


def _issuer_of(step: Step) -> Any:
    return step.row.pk if step.kind == "issuer" else step.row.issuer_id
