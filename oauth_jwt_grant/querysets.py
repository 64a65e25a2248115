"""Questions that are asked of the decisions, as verbs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, Q, Value, When

if TYPE_CHECKING:
    from .models import Decision, TrustedIssuer  # noqa: F401 - named in the base class


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Decisions."""

    def refusals_within(self, issuer: TrustedIssuer, seconds: int, now: datetime) -> DecisionQuerySet:
        """Those that gave ``issuer`` no token in the last ``seconds``."""
        since = now - timedelta(seconds=seconds)
        return self.filter(issuer=issuer, outcome__in=["refused", "undecided"], time__gt=since)

    def good(self, now: datetime) -> DecisionQuerySet:
        """Those whose access token is there and has not expired: it is found and revoked through them."""
        return self.filter(access_token__expires__gt=now)

    def guarding(self, now: datetime) -> DecisionQuerySet:
        """Those whose assertion could still be used: they are what makes it single use."""
        return self.filter(replay_until__gte=now)

    def deletable(self, now: datetime) -> DecisionQuerySet:
        """Those that neither guard an assertion nor lead to a token that is still good."""
        lapsed = Q(replay_until=None) | Q(replay_until__lt=now)
        return self.filter(lapsed, ~Q(access_token__expires__gt=now))

    def clearable(self, now: datetime, retention: timedelta) -> DecisionQuerySet:
        """Those of :meth:`deletable` that are older than ``retention``."""
        return self.deletable(now).filter(time__lt=now - retention)

    def tally(self, starts: Sequence[datetime], end: datetime) -> Iterable[tuple[int, str, str, int]]:
        """How many there are from the first of ``starts`` on and before ``end``.

        Rows of the position in ``starts`` of the stretch that they fall into, outcome, reason
        and number. One query. The stretches are compared with one after the other: dates are
        cut to hours differently by each database, and some need tables of time zones for it.
        """
        following: list[Any] = [
            When(time__lt=start, then=Value(position)) for position, start in enumerate(starts[1:])
        ]
        stretch = Case(*following, default=Value(len(starts) - 1))
        # All outcomes there are, named so that the index by issuer, outcome and time serves.
        outcomes = self.model.Outcome.values
        within = self.filter(time__gte=starts[0], time__lt=end, outcome__in=outcomes).order_by()
        rows = within.annotate(stretch=stretch).values_list("stretch", "outcome", "reason")
        return rows.annotate(number=Count("pk"))
