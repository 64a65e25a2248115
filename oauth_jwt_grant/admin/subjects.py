"""Which users the subjects of issuers stand for."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from ..models import LinkedSubject
from .related import SearchableRelations


@admin.register(LinkedSubject)
class LinkedSubjectAdmin(SearchableRelations, admin.ModelAdmin):  # type: ignore[type-arg]
    """Links, found by the subject or by the name of the user."""

    fields = ("issuer", "subject", "user", "created")
    readonly_fields = ("created",)
    list_display = ("subject", "issuer", "user", "created")
    list_select_related = ("issuer", "user")
    searchable = ("issuer", "user")
    raw_id_fields = searchable
    ordering = ("issuer__name", "subject")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Also the field by which users log in, whatever the site calls it."""
        return ("subject", f"user__{get_user_model().USERNAME_FIELD}", "=issuer__issuer")
