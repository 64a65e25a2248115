"""Issuers: the page on which trust is given, looked after and taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from ..models import GrantRule, TrustedIssuer
from .forms import TrustedIssuerForm
from .trial import test_assertion
from .wording import conditions_in_words, state_of


class RuleInline(admin.TabularInline):  # type: ignore[type-arg]
    """The rules of an issuer in their order; each is a click away."""

    model = GrantRule
    fields = ("position", "enabled", "in_words", "scopes")
    readonly_fields = ("in_words", "scopes")
    extra = 0
    show_change_link = True
    verbose_name_plural = _("rules: the first that matches decides")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rules are added on their own page."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[GrantRule]:
        """With the conditions, which are shown in words."""
        return super().get_queryset(request).prefetch_related("conditions")

    @admin.display(description=_("applies"))
    def in_words(self, rule: GrantRule) -> str:
        """The conditions in words."""
        return conditions_in_words(rule)


@admin.register(TrustedIssuer)
class TrustedIssuerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who is trusted, where the keys are, and what must hold of the assertions."""

    form = TrustedIssuerForm
    inlines = (RuleInline,)
    list_display = ("name", "issuer", "state")
    list_filter = ("enabled", "profile", "key_source", "replay_policy")
    search_fields = ("name", "issuer")
    readonly_fields = ("state", "created", "updated")
    save_on_top = False
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["name", "issuer", ("enabled", "state"), "profile"]}),
        (
            _("Keys"),
            {
                "fields": [
                    "key_source",
                    "discovery_url",
                    "jwks_url",
                    "jwks",
                    "trust_anchors",
                    "certificate_bindings",
                ]
            },
        ),
        (
            _("What its assertions must be like"),
            {
                "fields": [
                    "algorithms",
                    "audiences",
                    ("max_lifetime", "leeway"),
                    "replay_policy",
                    "subject_fallback",
                ]
            },
        ),
        (_("Dates"), {"fields": [("valid_from", "valid_until"), ("created", "updated")]}),
        (_("Network"), {"fields": ["allow_private_network", "ca_bundle"], "classes": ["collapse"]}),
    ]

    class Media:
        js = ("oauth_jwt_grant/admin/issuer.js",)
        css: ClassVar[dict[str, Any]] = {"all": ["oauth_jwt_grant/admin/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        """The pages of the model, and those beside them."""
        views: list[tuple[str, str, Callable[..., HttpResponse]]] = [
            ("test-assertion/", "test", partial(test_assertion, site=self.admin_site)),
        ]
        wrap, prefix = self.admin_site.admin_view, "oauth_jwt_grant_trustedissuer_"
        own = [path(route, wrap(view), name=f"{prefix}{name}") for route, name, view in views]
        return [*own, *super().get_urls()]

    @method_decorator(sensitive_post_parameters("jwks"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add or change; a private key that is pasted by mistake stays out of error reports."""
        return super().changeform_view(*args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrustedIssuer]:
        """The issuers, each knowing whether it has a rule that counts."""
        rules = GrantRule.objects.filter(issuer=OuterRef("pk"), enabled=True)
        queryset: QuerySet[TrustedIssuer] = super().get_queryset(request).annotate(has_rule=Exists(rules))
        return queryset

    @admin.display(description=_("state"))
    def state(self, issuer: TrustedIssuer) -> str:
        """Whether it is trusted now, and if not, why."""
        has_rule = getattr(issuer, "has_rule", None)  # see get_queryset
        if has_rule is None:
            return "-"
        level, words = state_of(issuer, has_rule=has_rule, now=timezone.now())
        return format_html('<span class="ojg-state ojg-{}">{}</span>', level, words)
