"""The list of decisions on a site that has millions of them: the number of rows read has a limit."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest

from .chart import Chart, chart_of
from .filters import ApplicationFilter, IssuerFilter, PeriodFilter, ReasonFilter, key_of

_OUTCOME = ("outcome__exact", "outcome__in")
_TIME = ("time__gt", "time__gte", "time__lt", "time__lte")
_EXACT = ("iss", "subject", "kid", "jti_digest", "accepted_as__exact")
_KEYS = ("rule", "user")
_FILTERS = (PeriodFilter, IssuerFilter, ApplicationFilter, ReasonFilter)
#: What a URL may filter by. Other lookups (patterns, paths into the claims) read the table through
#: or end in an error of the database.
_KNOWN = frozenset([*_OUTCOME, *_TIME, *_EXACT, *_KEYS, *(each.parameter_name for each in _FILTERS)])


class DecisionChangeList(ChangeList):
    """The list, and the chart of a day above it."""

    request: HttpRequest

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the filters; an unknown parameter redirects to the list without filters."""
        self.request = request
        for name, values in self.get_filters_params().items():
            if name not in _KNOWN or any(_is_beyond_databases(name, value) for value in values):
                raise IncorrectLookupParameters(name)
        return super().get_filters(request)

    @cached_property
    def chart(self) -> Chart:
        """The hours of the chosen day, or the last 24, of the chosen issuer and application."""
        return chart_of(self, self.request)


def _is_beyond_databases(name: str, value: str) -> bool:
    """Whether a database raises an error for ``value``: a string with NUL, what is no key of such rows."""
    return "\0" in value or (name in _KEYS and key_of(name, value) is None)
