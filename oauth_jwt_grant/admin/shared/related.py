"""Choosing applications and users on sites whose own admin classes we do not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

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

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Those of ``searchable`` whose model's admin can be searched."""
        return tuple(name for name in self.searchable if self._is_searchable(name, request))

    def _is_searchable(self, name: str, request: HttpRequest) -> bool:
        model: Any = self.model._meta.get_field(name).related_model
        other = self.admin_site._registry.get(model)
        return other is not None and bool(other.get_search_fields(request))
