"""Pages of a table that may have millions of rows: no more are counted than somebody would page through."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from .mixins import AdminMixin

#: Rows that are counted and can be paged through; filters lead to the others.
LISTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of the first :data:`LISTED` rows: the database counts no further than that."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, as far as they are listed."""
        return min(self._counted, LISTED)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than are listed."""
        return self._counted > LISTED

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: LISTED + 1].count()  # any of them, in no order
        return counted


class BoundedList(AdminMixin):
    """For an admin class whose table may have millions of rows; ``listed`` is for its template."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # one count of the table for each choice

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, which can say how much of it there is to be seen."""
        context = {"listed": number_format(LISTED, force_grouping=True), **(extra_context or {})}
        return super().changelist_view(request, context)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Act on what was ticked, or on all that match: unless these are more than the page has counted."""
        everything = request.POST.get("select_across") not in (None, "", "0")
        if everything and BoundedPaginator(queryset, 1).is_cut:
            text = _(
                "More than %(number)d %(name)s match. Filter them further before you act on all of them."
            )
            words = {"number": LISTED, "name": queryset.model._meta.verbose_name_plural}
            messages.error(request, text % words)
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *args, **kwargs)
