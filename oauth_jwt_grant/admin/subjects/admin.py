"""The users that the subjects of issuers are linked to."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from ...models import LinkedSubject
from ..shared import SearchableRelations, StorableAdmin
from ..users import AssertionTokensMixin
from .forms import LinkForm
from .pages import export_page, import_page, may_export, may_import


@admin.register(LinkedSubject)
class LinkedSubjectAdmin(AssertionTokensMixin, SearchableRelations, StorableAdmin):
    """Links, found by the subject or by the name of the user."""

    form = LinkForm
    fields = ("issuer", "subject", "user", "created")
    readonly_fields = ("created",)
    list_display = ("subject", "issuer", "user", "created")
    list_filter = (("issuer", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("issuer", "user")
    searchable = ("issuer", "user")
    raw_id_fields = searchable
    ordering = ("issuer__name", "subject")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Also the field by which users log in, whatever the site calls it."""
        return ("subject", f"user__{get_user_model().USERNAME_FIELD}", "=issuer__issuer")

    def get_urls(self) -> list[URLPattern]:
        """The pages of the model, and those for many links at once."""
        wrap, prefix = self.admin_site.admin_view, "oauth_jwt_grant_linkedsubject_"
        import_view = wrap(partial(import_page, model_admin=self))
        # An import is a transaction of its own: when it fails, the page is still to be read.
        for alias in connections:
            import_view = transaction.non_atomic_requests(using=alias)(import_view)
        export_view = wrap(partial(export_page, model_admin=self))
        return [
            path("import/", import_view, name=f"{prefix}import"),
            path("export/", export_view, name=f"{prefix}export"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with ways to import and export for those who may."""
        allowed = {"may_import": may_import(request, self), "may_export": may_export(request, self)}
        return super().changelist_view(request, {**(extra_context or {}), **allowed})
