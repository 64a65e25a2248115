"""The list of decisions on a site that has millions of them: the number of rows read has a limit."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest

from ..shared import KnownChangeList
from .chart import Chart, chart_of


class DecisionChangeList(KnownChangeList):
    """The list, and the chart of a day above it."""

    known = (
        "outcome__in",
        *("time__gt", "time__gte", "time__lt", "time__lte"),
        *("iss", "subject", "kid", "jti_digest"),
        *("rule", "user"),
    )
    request: HttpRequest

    def get_filters(self, request: HttpRequest) -> Any:
        """The filters; the chart asks for the request that they were made for."""
        self.request = request
        return super().get_filters(request)

    @cached_property
    def chart(self) -> Chart:
        """The hours of the chosen day, or the last 24, of the chosen issuer and application."""
        return chart_of(self, self.request)
