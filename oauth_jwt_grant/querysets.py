"""Questions that are asked of the decisions, as verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from .models import Decision, TrustedIssuer  # noqa: F401 - named in the base class


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Decisions."""

    def refusals_within(self, issuer: TrustedIssuer, seconds: int, now: datetime) -> DecisionQuerySet:
        """Those that gave ``issuer`` no token in the last ``seconds``."""
        since = now - timedelta(seconds=seconds)
        return self.filter(issuer=issuer, outcome__in=["refused", "undecided"], time__gt=since)

    def clearable(self, now: datetime, retention: timedelta) -> DecisionQuerySet:
        """Those older than ``retention`` that no longer guard the single use of an assertion."""
        return self.filter(Q(replay_until=None) | Q(replay_until__lt=now), time__lt=now - retention)
