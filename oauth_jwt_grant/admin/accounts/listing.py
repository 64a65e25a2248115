"""Service accounts among the issuers: how the list shows them, and which users stay when one is deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ...models import TrustedIssuer
from ...service_accounts import ACCOUNTS, account_links, is_service_account
from ..shared import AdminMixin, below, link_to, may_see
from .pages import may_add_accounts


class KindFilter(admin.SimpleListFilter):
    """Service accounts, or the others."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, Any]]:
        """The two kinds."""
        return [("account", _("service accounts")), ("other", _("other issuers"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrustedIssuer]) -> QuerySet[TrustedIssuer]:
        """Those of the chosen kind."""
        if self.value() == "account":
            return queryset.filter(ACCOUNTS)
        return queryset.exclude(ACCOUNTS) if self.value() == "other" else queryset


class ServiceAccountsMixin(AdminMixin):
    """For the admin class of issuers: a way to add accounts, a mark on them, and a word on their users."""

    @admin.display(description=_("name"), ordering="name")
    def marked_name(self, issuer: TrustedIssuer) -> str:
        """The name, that of a service account with a mark, and below it the identifier."""
        mark = ""
        if is_service_account(issuer):
            mark = format_html(' <span class="ojg-mark">{}</span>', _("service account"))
        return format_html("{}{} {}", issuer.name, mark, below(issuer.issuer))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with a way to add a service account for those who may."""
        allowed = {"may_add_account": may_add_accounts(request, self)}
        return super().changelist_view(request, {**(extra_context or {}), **allowed})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask for confirmation, and name the users that stay."""
        issuer = self.get_object(request, object_id)
        stays = "" if issuer is None else self._who_stays(request, TrustedIssuer.objects.filter(pk=issuer.pk))
        return super().delete_view(request, object_id, {**(extra_context or {}), "stays": stays})

    def delete_model(self, request: HttpRequest, obj: TrustedIssuer) -> None:
        """Delete, and name the users that stay."""
        stays = self._who_stays(request, TrustedIssuer.objects.filter(pk=obj.pk))
        super().delete_model(request, obj)
        _say(request, stays)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrustedIssuer]) -> None:
        """Delete all of them, and name the users that stay."""
        stays = self._who_stays(request, queryset)
        super().delete_queryset(request, queryset)
        _say(request, stays)

    def _who_stays(self, request: HttpRequest, issuers: QuerySet[TrustedIssuer]) -> str:
        """Words on the users of those of ``issuers`` that are accounts; empty where none is."""
        links = account_links(issuers)
        number = links.count()
        if number == 1 and may_see(request, get_user_model()):
            user = link_to(self.admin_site, links.select_related("user").get().user)
            return format_html(gettext("The user {} stays: delete it too if nobody needs it."), user)
        if number == 1:
            return gettext("The user of the service account stays: delete it too if nobody needs it.")
        many = gettext("The users of the %d service accounts stay: delete those that nobody needs.")
        return many % number if number else ""


def _say(request: HttpRequest, stays: str) -> None:
    if stays:
        messages.info(request, format_html('<span class="ojg-stays">{}</span>', stays))
