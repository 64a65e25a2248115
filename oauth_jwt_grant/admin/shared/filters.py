"""Filters by a row that others point to, where there may be very many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from .keys import parse_key

#: Rows that a filter offers by name; for others there are the links on their pages.
_OFFERED = 50


class RelatedFilter(admin.SimpleListFilter):
    """By a row that the listed ones point to, the chosen one always among those offered.

    ``parameter_name`` is the foreign key's name as well. A value that is no key of a row finds nothing.
    """

    #: In which order the first ones are found.
    ordering: ClassVar[Sequence[str]] = ()

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self._field = model._meta.get_field(str(self.parameter_name))
        super().__init__(request, params, model, model_admin)

    def rows(self) -> QuerySet[Any]:
        """All rows there are to choose from."""
        rows: QuerySet[Any] = self._field.related_model.objects.order_by(*self.ordering)
        return rows

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, str]]:
        """The first rows, and the one that a link has chosen."""
        choices = {row.pk: str(row) for row in self.rows()[:_OFFERED]}
        chosen = self._chosen()
        if chosen is not None and chosen not in choices:
            row = self.rows().filter(pk=chosen).first()
            choices |= {chosen: str(row)} if row else {}
        return choices.items()

    def has_output(self) -> bool:
        """Whether it is shown and asked: also where the only row that was ever chosen is gone."""
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen row."""
        if self.value() is None:
            return queryset
        chosen = self._chosen()
        return queryset.none() if chosen is None else queryset.filter(**{str(self.parameter_name): chosen})

    def name(self) -> Any:
        """What the chosen row is called; ``None`` if there is no such row."""
        names: dict[Any, Any] = dict(self.lookup_choices)
        return names.get(self._chosen())

    def _chosen(self) -> Any:
        return parse_key(self._field, self.value() or "")
