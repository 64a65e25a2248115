"""The log of decisions: to be read, never written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..assertion import Reason
from ..models import Decision, TrustedIssuer
from .links import link_to

#: Issuers that the filter offers by name; for others there is the link on their pages.
_OFFERED = 50


class ReasonFilter(admin.SimpleListFilter):
    """By reason, without looking through the whole table for those that occur."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, str]]:
        """Every reason there is."""
        return [(reason.value, reason.value.replace("_", " ")) for reason in Reason]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Decision]) -> QuerySet[Decision]:
        """Those with the chosen reason."""
        return queryset.filter(reason=self.value()) if self.value() else queryset


class IssuerFilter(admin.SimpleListFilter):
    """By issuer, the chosen one always among those offered."""

    title = _("issuer")
    parameter_name = "issuer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, str]]:
        """The first issuers by name, and the one that a link has chosen."""
        offered = {issuer.pk: str(issuer) for issuer in TrustedIssuer.objects.all()[:_OFFERED]}
        chosen = self._chosen()
        if chosen is not None and chosen not in offered:
            issuer = TrustedIssuer.objects.filter(pk=chosen).first()
            offered |= {chosen: str(issuer)} if issuer else {}
        return offered.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Decision]) -> QuerySet[Decision]:
        """Those of the chosen issuer."""
        if self.value() is None:
            return queryset
        chosen = self._chosen()
        return queryset.none() if chosen is None else queryset.filter(issuer=chosen)

    def _chosen(self) -> int | None:
        value = self.value()
        return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None


@admin.register(Decision)
class DecisionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Decisions: nobody adds or changes one; one that still guards a single use cannot be deleted."""

    list_display = ("time", "outcome", "reason", "subject", "iss", "application", "user", "kid")
    list_filter = ("outcome", ("time", admin.DateFieldListFilter), IssuerFilter, ReasonFilter)
    list_select_related = ("application", "user")
    search_fields = ("subject", "=kid", "=jti_digest")
    search_help_text = _("Subject, or the whole of a jti or key id.")
    show_full_result_count = False
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["time", "outcome", "reason", "detail"]}),
        (
            _("The assertion"),
            {"fields": ["issuer_link", "iss", "subject", "kid", "alg", "jti_digest", "claims"]},
        ),
        (
            _("The request"),
            {"fields": ["rule_link", "application_link", "user_link", "scope", "client_address"]},
        ),
        (_("The token"), {"fields": ["access_token_link", "replay_until"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a decision."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        """Nobody changes a decision."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        """By permission, but not while the row is what keeps its assertion from being used again."""
        guards = obj is not None and obj.replay_until is not None and obj.replay_until > timezone.now()
        return not guards and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Decision | None = None) -> list[str]:
        """All of them."""
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Decision], search_term: str
    ) -> tuple[QuerySet[Decision], bool]:
        """Also by the ``jti`` itself, of which only the digest is kept."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        term = search_term.strip()
        if term:
            digest = hashlib.sha256(term.encode("utf-8", "replace")).hexdigest()
            found = found | queryset.filter(Q(jti_digest=digest))
        return found, duplicates

    @admin.display(description=_("issuer"))
    def issuer_link(self, decision: Decision) -> str:
        """The issuer, if it is still there."""
        return link_to(self.admin_site, decision.issuer)

    @admin.display(description=_("rule"))
    def rule_link(self, decision: Decision) -> str:
        """The rule that decided, if it is still there."""
        return link_to(self.admin_site, decision.rule)

    @admin.display(description=_("application"))
    def application_link(self, decision: Decision) -> str:
        """The application, if it is still there."""
        return link_to(self.admin_site, decision.application)

    @admin.display(description=_("user"))
    def user_link(self, decision: Decision) -> str:
        """The user, if there is one."""
        return link_to(self.admin_site, decision.user)

    @admin.display(description=_("access token"))
    def access_token_link(self, decision: Decision) -> str:
        """The token's page; never the token."""
        return link_to(self.admin_site, decision.access_token)
