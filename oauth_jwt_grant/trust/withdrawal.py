"""Withdrawing trust: disable issuers or rules, wait for the requests under way, revoke the tokens.

In this order no token survives. A request that finds the issuer disabled gets no token; one that was
before has committed its token when the wait is over; so all tokens can be found by their decisions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db import OperationalError, connections, router, transaction
from django.db.models import F, Model, Q, QuerySet
from django.db.models.manager import BaseManager
from django.utils import timezone

from ..conf import conf
from ..dot import get_access_token_model, get_refresh_token_model
from ..models import Decision, GrantRule, LinkedSubject, TrustedIssuer, written
from ..signals import trust_changed

logger = logging.getLogger("oauth_jwt_grant.decisions")

#: Tokens that are revoked before the work is committed.
BATCH = 500
#: A request that is still under way has begun less long ago.
_RECENT = timedelta(minutes=1)
Row = TypeVar("Row", TrustedIssuer, GrantRule)
#: The first statement of our transactions. PostgreSQL would wait forever for a transaction that hangs.
#: On SQLite, a transaction that has begun to read may not write if another has written: this one writes.
_FIRST = {
    "postgresql": "SET LOCAL lock_timeout = '10s'",
    "sqlite": f"DELETE FROM {Decision._meta.db_table} WHERE 0",  # noqa: S608
}


def disable(chosen: Sequence[Row]) -> tuple[list[Row], bool]:
    """Disable issuers, or rules, and wait for the requests under way.

    Returns those that were enabled, and whether no request is left. Not to be called within a transaction:
    what is not committed refuses nobody. It is an UPDATE, not ``save()``, which looks at the keys: a row
    that could not be saved is disabled, too.
    """
    pks = [row.pk for row in chosen]
    model = type(chosen[0]) if chosen else TrustedIssuer
    changes = {"updated": timezone.now()} if model is TrustedIssuer else {}
    with writing(model, durable=True):
        rows = written(model).filter(pk__in=pks)
        enabled = set(rows.filter(enabled=True).values_list("pk", flat=True))
        rows.filter(enabled=True).update(enabled=False, **changes)
    disabled = [row for row in chosen if row.pk in enabled]
    # Who rests on a rule of an issuer has a lock on the issuer as well.
    settled = _wait_for(model, Q(enabled=False), pk__in=pks)
    if disabled:
        trust_changed.send_robust(sender=model, action="disabled", instances=disabled)
    return disabled, settled


def from_now_on(
    issuers: Sequence[TrustedIssuer], since: datetime | None = None
) -> tuple[list[TrustedIssuer], bool]:
    """Have ``issuers`` accept only what is issued from now on, or ``since``, and wait for older requests.

    Returns those of which the limit has changed, with it, and whether no request is left. A later limit
    stays. Not to be called within a transaction, and an UPDATE for the same reasons as in :func:`disable`.
    """
    now = timezone.now()
    changed: list[TrustedIssuer] = []
    settled = True
    for start in range(0, len(issuers), BATCH):
        some = {issuer.pk: issuer for issuer in issuers[start : start + BATCH]}
        with writing(TrustedIssuer, durable=True):
            changed += [some[pk] for pk in _limit(list(some), now, since)]
        settled = wait_for_requests(some) and settled
    if changed:
        trust_changed.send_robust(sender=TrustedIssuer, action="issued_after", instances=changed)
    return changed, settled


def _limit(pks: list[Any], now: datetime, since: datetime | None) -> list[Any]:
    """Set the limit of each of the issuers ``pks`` unless it has a later one. Returns those that had not."""
    rows = written(TrustedIssuer).filter(pk__in=pks)
    found: list[Any] = []
    for leeway in set(rows.values_list("leeway", flat=True).order_by()):
        limit = since or limit_from(now, leeway)
        earlier = rows.filter(Q(issued_after=None) | Q(issued_after__lt=limit), leeway=leeway)
        of_leeway = list(earlier.values_list("pk", flat=True).order_by("pk"))
        rows.filter(pk__in=of_leeway).update(issued_after=limit, updated=now)
        found += of_leeway
    return found


def limit_from(now: datetime, leeway: int | None) -> datetime:
    """The ``issued_after`` that an assertion can have only if it is issued after ``now``.

    The clock of the issuer may be ahead of ours by its ``leeway``.
    """
    ahead = conf.LEEWAY if leeway is None else leeway
    # Up to a whole second: that is what most of them write.
    return (now + timedelta(seconds=ahead, microseconds=999_999)).replace(microsecond=0)


def wait_after_commit(*issuers: Any) -> None:
    """After COMMIT, wait for the requests that rest on what the transaction has disabled of issuers.

    ``issuers`` are their primary keys: a replica, which a rule's relation may ask, may not have a row yet.
    """
    transaction.on_commit(partial(wait_for_requests, issuers), using=router.db_for_write(TrustedIssuer))


def wait_for_requests(issuers: Iterable[Any]) -> bool:
    """Wait until no request can commit a token through ``issuers`` or rules of theirs that are disabled.

    Returns whether none is left. Those of an enabled one are not waited for, as there may always be some,
    unless its ``issued_after`` is so recent that one of them may have an older assertion.
    """
    pks = list(issuers)
    disabled, limited = Q(enabled=False), Q(issued_after__gt=timezone.now() - _RECENT)
    settled = [
        _wait_for(TrustedIssuer, disabled | limited, pk__in=pks),
        _wait_for(GrantRule, disabled, issuer__in=pks),
    ]
    return all(settled)


def _wait_for(model: type[Model], condition: Q, **which: Any) -> bool:
    """Lock the rows of ``which`` that meet ``condition``.

    A request that gets a token has a lock on its own rows until it has committed. Each model in a transaction
    of its own, so nobody waits for us while we wait. The UPDATE changes no value. But as it comes after a
    lock FOR UPDATE, PostgreSQL takes it for the change of a key, and so looks at the row again before it
    locks it for a request that has an older snapshot. Without it, such a request would find the row as it
    was, lock it after us, and get a token.
    """
    try:
        with writing(model):
            rows = written(model)
            locked = rows.select_for_update().filter(condition, **which).order_by("pk")
            rows.filter(pk__in=list(locked.values_list("pk", flat=True))).update(enabled=F("enabled"))
    except OperationalError as error:
        logger.warning("A request may be under way that rests on what has been disabled: %s", error)
        return False
    return True


def living(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Those of ``decisions`` that still have their token, from where they are written."""
    return decisions.using(router.db_for_write(Decision)).filter(access_token__isnull=False)


def by_link(decisions: QuerySet[Decision], links: Iterable[LinkedSubject]) -> dict[Any, list[Any]]:
    """By the primary key of each of ``links``: of ``decisions``, those whose user it has found."""
    by_key: dict[tuple[Any, ...], Any] = {
        (link.issuer_id, link.subject, link.user_id): link.pk for link in links
    }
    found: dict[Any, list[Any]] = {}
    keys = list(by_key)
    for start in range(0, len(keys), BATCH):
        issuers, subjects, _users = map(set, zip(*keys[start : start + BATCH], strict=True))
        near = decisions.filter(issuer__in=issuers, subject__in=subjects)
        for pk, *key in near.values_list("pk", "issuer", "subject", "user").order_by():
            # Each subject may be that of several issuers, and of users to whom it was linked before.
            if tuple(key) in by_key:
                found.setdefault(by_key[tuple(key)], []).append(pk)
    return found


def count(decisions: QuerySet[Decision]) -> dict[str, int]:
    """How many tokens there are of ``decisions``, and how many of them have not expired."""
    tokens = living(decisions)
    return {
        "tokens": tokens.count(),
        "valid": tokens.filter(access_token__expires__gt=timezone.now()).count(),
    }


def revoke(decisions: QuerySet[Decision]) -> int:
    """Revoke every token of ``decisions`` the way DOT does, a batch to a transaction; returns how many."""
    revoked, last = 0, 0
    while True:
        ahead = living(decisions).filter(pk__gt=last).order_by("pk")
        batch = list(ahead.values_list("pk", "access_token")[:BATCH])
        if not batch:
            return revoked
        with writing(get_access_token_model()):
            revoked += _revoke_batch([token for _decision, token in batch])
        last = batch[-1][0]


def unentitled(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Those of ``decisions`` whose user would get no token any more: inactive, hidden or privileged now.

    Only what is a field of the user model can be asked of many users at once.
    """
    model: Any = get_user_model()
    fields = {field.name for field in model._meta.concrete_fields}
    manager = model._default_manager
    barred = {"is_active": Q(user__is_active=False)}
    for name in ("is_staff", "is_superuser"):
        barred[name] = Q(rule__allow_privileged_users=False, **{f"user__{name}": True})
    wanted = Q(pk__in=())
    for name in fields & barred.keys():
        wanted |= barred[name]
    if type(manager).get_queryset is not BaseManager.get_queryset:
        wanted |= Q(user__isnull=False) & ~Q(user__in=manager.using(decisions.db).order_by())
    return decisions.filter(wanted)


def _revoke_batch(pks: list[Any]) -> int:
    """Revoke by DOT's own methods, which a site may have extended; a refresh token takes its token along.

    It looks for that where a router says, which may be a replica that does not know it yet. So the access
    tokens that are still there are revoked after the refresh tokens.
    """
    for model, which in (
        (get_refresh_token_model(), {"access_token__in": pks}),
        (get_access_token_model(), {"pk__in": pks}),
    ):
        for token in written(model).filter(**which):
            token.revoke()
    return len(pks)


@contextmanager
def writing(model: type[Model], *, durable: bool = False) -> Iterator[None]:
    """A transaction in which ``model`` is written."""
    alias = router.db_for_write(model)
    with transaction.atomic(using=alias, durable=durable):
        with connections[alias].cursor() as cursor:
            cursor.execute(_FIRST.get(connections[alias].vendor, "SELECT 1"))
        yield
