"""The columns of the list of issuers: one query for each column of a page, none for each row."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone

from ...models import Decision, TrustedIssuer
from ...trust import obstacles_of_each
from ..keys import key_statuses, key_words
from ..shared import KnownChangeList


class IssuerChangeList(KnownChangeList):
    """Gives each issuer of the page its ``ojg`` columns."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The issuers of the page, and what the columns show of them."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_columns(self.result_list, timezone.now())


def attach_columns(issuers: list[Any], now: datetime) -> None:
    """Set ``ojg`` on each of ``issuers``: counts of the last day, last use and health of the keys.

    And ``ojg_obstacles``: what keeps it from granting.
    """
    pks = [issuer.pk for issuer in issuers]
    since = now - timedelta(days=1)
    counts, last_use = _counts(pks, since), _last_use(pks)
    each = zip(issuers, key_statuses(issuers), obstacles_of_each(issuers), strict=True)
    for issuer, status, obstacles in each:
        issuer.ojg_obstacles = obstacles
        issuer.ojg = {
            "since": since,
            "counts": counts[issuer.pk],
            "last_use": last_use.get(issuer.pk),
            "health": key_words(issuer, status, now),
        }


def _counts(pks: list[Any], since: datetime) -> defaultdict[Any, Counter[str]]:
    """How many decisions of each outcome every issuer has ``since`` then."""
    counts: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    recent = Decision.objects.filter(issuer__in=pks, time__gt=since)
    rows = recent.order_by().values_list("issuer", "outcome").annotate(number=Count("pk"))
    for issuer, outcome, number in rows:
        counts[issuer][outcome] = number
    return counts


def _last_use(pks: list[Any]) -> dict[Any, datetime]:
    # One step into the index for each issuer; a MAX over the group would read all its decisions.
    accepted = Decision.objects.filter(issuer=OuterRef("pk"), outcome=Decision.Outcome.ACCEPTED)
    issuers = TrustedIssuer.objects.filter(pk__in=pks).order_by()
    return dict(issuers.values_list("pk", Subquery(accepted.order_by("-time").values("time")[:1])))
