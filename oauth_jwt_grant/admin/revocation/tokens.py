"""Taking back the tokens that came of an issuer's assertions, by way of the decisions."""

from __future__ import annotations

from typing import Any

from django.db import router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from ...dot import get_access_token_model, get_refresh_token_model
from ...models import Decision

#: Tokens that are revoked before the work is committed.
BATCH = 500


def living(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    """Those of ``decisions`` whose token is still there."""
    return decisions.filter(access_token__isnull=False)


def count(decisions: QuerySet[Decision]) -> dict[str, int]:
    """How many tokens there are of ``decisions``, and how many of them have not expired."""
    tokens = living(decisions)
    return {
        "tokens": tokens.count(),
        "valid": tokens.filter(access_token__expires__gt=timezone.now()).count(),
    }


def revoke(decisions: QuerySet[Decision]) -> int:
    """Revoke every token of ``decisions`` the way DOT does, a batch to a transaction; returns how many.

    A token that comes into being meanwhile is met too, as decisions are walked in the
    order in which they were made: disable the issuer first and none is left.
    """
    tokens = get_access_token_model()
    revoked, last = 0, 0
    while True:
        ahead = living(decisions).filter(pk__gt=last).order_by("pk")
        batch = list(ahead.values_list("pk", "access_token")[:BATCH])
        if not batch:
            return revoked
        with transaction.atomic(using=router.db_for_write(tokens)):
            revoked += _revoke_batch([pk for _decision, pk in batch])
        last = batch[-1][0]


def _revoke_batch(pks: list[Any]) -> int:
    """Revoke by DOT's own methods, which a site may have extended; a refresh token takes its token along."""
    refreshed = set()
    for refresh_token in get_refresh_token_model().objects.filter(access_token__in=pks):
        refreshed.add(refresh_token.access_token_id)
        refresh_token.revoke()
    for token in get_access_token_model().objects.filter(pk__in=set(pks) - refreshed):
        token.revoke()
    return len(pks)
