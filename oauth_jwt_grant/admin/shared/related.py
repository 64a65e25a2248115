"""Choosing applications and users on sites whose own admin classes we do not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from .keys import KeySelect, KeySelectMultiple, RowsField

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = object


class SearchableRelations(_Admin):
    """Searches in ``searchable`` relations where the other admin class can be searched.

    Where it cannot, or where the model is not in the admin, the raw id is asked for.
    Written as a method because Django's checks would make ``autocomplete_fields`` an
    error on a site whose application admin has no ``search_fields``.
    """

    searchable: ClassVar[Sequence[str]] = ()

    @property
    def media(self) -> forms.Media:
        """With the script that gives the search boxes the names of their fields."""
        return super().media + forms.Media(js=["oauth_jwt_grant/admin/labels.js"])

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Django's field, with our widget for a search box."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelect(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Our field, and our widget for a search box."""
        kwargs.setdefault("form_class", RowsField)
        if db_field.name in self.get_autocomplete_fields(request):
            using = kwargs.get("using")
            kwargs.setdefault("widget", KeySelectMultiple(db_field, self.admin_site, using=using))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Those of ``searchable`` whose model's admin can be searched."""
        return tuple(name for name in self.searchable if self._is_searchable(name, request))

    def _is_searchable(self, name: str, request: HttpRequest) -> bool:
        model: Any = self.model._meta.get_field(name).related_model
        other = self.admin_site._registry.get(model)
        return other is not None and bool(other.get_search_fields(request))
