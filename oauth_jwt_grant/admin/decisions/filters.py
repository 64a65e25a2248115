"""What the log of decisions is filtered by; no choice is offered for which the whole table would be read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ...assertion import Reason
from ...models import Decision
from ..shared import RelatedFilter, reason_in_words
from .periods import Period, offered, period_of

#: The newest decisions, in which reasons are looked for.
_LATEST = 1000


class ReasonFilter(admin.SimpleListFilter):
    """By reason: those of the latest decisions, so that the whole table is not looked through."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, str]]:
        """The reasons that occur among the latest decisions, and the one that a link has chosen."""
        latest = Decision.objects.order_by("-time").values_list("reason", flat=True)
        occurring = {*latest[:_LATEST], self.value()}
        return [(one.value, reason_in_words(one)) for one in Reason if one.value in occurring]

    def has_output(self) -> bool:
        """Whether it is shown and asked: also for a reason that is not among them."""
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Decision]) -> QuerySet[Decision]:
        """Those with the chosen reason."""
        return queryset.filter(reason=self.value()) if self.value() else queryset


class PeriodFilter(admin.SimpleListFilter):
    """Filter by a day in the operator's time zone, or by an interval that ends now."""

    title = _("time")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, str]]:
        """The latest days and stretches, and the day that a link has chosen."""
        choices = offered(timezone.now())
        chosen = self.period
        if chosen is not None:
            choices.setdefault(chosen.key, chosen.name)
        return choices.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Decision]) -> QuerySet[Decision]:
        """Those of the chosen time; none if it is not understood."""
        if not self.value():
            return queryset
        period = self.period
        if period is None:
            return queryset.none()
        since = queryset.filter(time__gte=period.start)
        return since if period.day is None else since.filter(time__lt=period.end)

    @cached_property
    def period(self) -> Period | None:
        """The chosen time."""
        value = self.value()
        return period_of(value, timezone.now()) if value else None


class IssuerFilter(RelatedFilter):
    """By issuer."""

    title = _("issuer")
    parameter_name = "issuer"
    ordering = ("name", "issuer")


class ApplicationFilter(RelatedFilter):
    """By application; a site may have too many to put them in the order of their names."""

    title = _("application")
    parameter_name = "application"
    ordering = ("pk",)
