"""The users that the subjects of issuers are linked to."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from ...models import LinkedSubject, TrustedIssuer
from ..revocation import LinkWarningMixin
from ..shared import (
    BoundedList,
    RelatedFilter,
    SearchableRelations,
    StorableAdmin,
    begins,
    parse_key,
)
from ..users import AssertionTokensMixin
from .forms import LinkForm
from .pages import export_page, import_page, may_export, may_import


class LinkedIssuerFilter(RelatedFilter):
    """By issuer: those that have links."""

    title = _("issuer")
    parameter_name = "issuer"
    ordering = ("name", "issuer")

    def rows(self) -> QuerySet[Any]:
        """The issuers with a link."""
        return super().rows().filter(Exists(LinkedSubject.objects.filter(issuer=OuterRef("pk"))))


@admin.register(LinkedSubject)
class LinkedSubjectAdmin(
    LinkWarningMixin, AssertionTokensMixin, SearchableRelations, BoundedList, StorableAdmin
):
    """Links, found by the subject or by the name of the user."""

    form = LinkForm
    fields = ("issuer", "subject", "user", "created")
    readonly_fields = ("created",)
    list_display = ("subject", "issuer", "user", "created")
    list_filter = (LinkedIssuerFilter,)
    list_select_related = ("issuer", "user")
    searchable = ("issuer", "user")
    raw_id_fields = searchable
    search_help_text = _(
        "A whole subject, user name or issuer, capitals included; or the beginning of subjects and *."
    )
    # The order that the unique index has: none of all links is sorted for a page of them.
    ordering = ("issuer_id", "subject")
    sortable_by = ()

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """What is searched: also the field by which users log in, whatever the site calls it."""
        return ("subject", f"user__{get_user_model().USERNAME_FIELD}", "issuer__issuer")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LinkedSubject], search_term: str
    ) -> tuple[QuerySet[LinkedSubject], bool]:
        """Search by a whole value of these, or by the beginning of subjects with an asterisk."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.endswith("*"):
            return queryset.filter(begins("subject", term[:-1])), False
        # Keys first: for a condition on other tables, the database reads all links.
        issuers = list(TrustedIssuer.objects.filter(issuer=term).order_by().values_list("pk", flat=True))
        wanted = Q(subject=term) | Q(issuer__in=issuers) | Q(user__in=_users_called(term))
        return queryset.filter(wanted), False

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


def _users_called(name: str) -> list[Any]:
    """The keys of users with this name, character by character: MariaDB takes others for the same."""
    model = get_user_model()
    field = model.USERNAME_FIELD
    if parse_key(model._meta.get_field(field), name) is None:
        return []
    users = model._default_manager.filter(**{field: name}).values_list("pk", field)
    return [pk for pk, found in users if str(found) == name]
