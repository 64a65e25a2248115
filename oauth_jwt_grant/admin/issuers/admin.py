"""Issuers: the page on which trust is given, looked after and taken away."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db import connections, router
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join, urlize
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from ...models import Decision, TrustedIssuer
from ...service_accounts import is_service_account
from ...trust import obstacles_of, withdrawal
from ..accounts import KindFilter, ServiceAccountsMixin, add_account, add_key_page, withdraw_key_page
from ..clients import for_clients
from ..jwt_trust import trust_jwt
from ..keys import fetch_after_commit, fetch_keys, key_panel
from ..revocation import (
    GoodTokensMixin,
    WithdrawalMixin,
    disable,
    disable_and_revoke,
    enable,
    from_now_on,
    revoke_tokens,
)
from ..rules import RuleInline
from ..shared import StorableAdmin, change_url, exact_time, light, list_url, state_of
from ..test_assertion import test_assertion, token_url
from .advice import advice_on
from .columns import IssuerChangeList
from .forms import TrustedIssuerForm
from .presets import add_by_preset, choose_preset, may_use_presets, to_issuer
from .states import StateFilter, states_of, summary
from .unknown import unknown_table


@admin.register(TrustedIssuer)
class TrustedIssuerAdmin(ServiceAccountsMixin, GoodTokensMixin, WithdrawalMixin, StorableAdmin):
    """Who is trusted, where the keys are, and what must hold of the assertions."""

    form = TrustedIssuerForm
    inlines = (RuleInline,)
    list_display = ("marked_name", "state", "keys", "accepted", "refused", "last_use")
    list_filter = ("enabled", KindFilter, "profile", "key_source", "replay_policy")
    list_select_related = ("fetched_keys",)
    list_per_page = 50  # each is examined, with its rules
    search_fields = ("name", "issuer")
    readonly_fields = ("advice", "state", "key_panel", "client_example", "created", "updated")
    actions = (enable, disable, disable_and_revoke)
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
                    "conditions",
                ]
            },
        ),
        (_("Dates"), {"fields": [("valid_from", "valid_until"), "issued_after", ("created", "updated")]}),
        (_("Network"), {"fields": ["allow_private_network", "ca_bundle"], "classes": ["collapse"]}),
    ]

    class Media:
        js = ("oauth_jwt_grant/admin/issuer.js",)

    def get_urls(self) -> list[URLPattern]:
        """The pages of the model and those beside them; disabling and revoking run outside transactions."""
        views: list[tuple[str, str, Callable[..., HttpResponse]]] = [
            ("add/preset/<slug:key>/", "preset", partial(add_by_preset, model_admin=self)),
            ("add/service-account/", "add_account", partial(add_account, model_admin=self)),
            ("trust-jwt/", "trust_jwt", partial(trust_jwt, model_admin=self, save=to_issuer)),
            ("test-assertion/", "test", partial(test_assertion, model_admin=self)),
            ("<path:object_id>/fetch-keys/", "fetch", partial(fetch_keys, model_admin=self)),
            ("<path:object_id>/add-key/", "add_key", partial(add_key_page, model_admin=self)),
            ("<path:object_id>/withdraw-key/", "withdraw_key", partial(withdraw_key_page, model_admin=self)),
            ("<path:object_id>/revoke-tokens/", "revoke", partial(revoke_tokens, model_admin=self)),
            ("<path:object_id>/from-now-on/", "from_now_on", partial(from_now_on, model_admin=self)),
        ]
        wrap, prefix = self.admin_site.admin_view, "oauth_jwt_grant_trustedissuer_"
        own = [path(route, wrap(view), name=f"{prefix}{name}") for route, name, view in views]
        outside = {f"{prefix}{name}" for name in ("revoke", "withdraw_key", "from_now_on")}
        for page in own:
            if page.name in outside:
                page.callback._non_atomic_requests = set(connections)  # type: ignore[attr-defined]
        return [*own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the presets; the form itself is for those who have chosen it, by whatever parameter."""
        if request.method == "GET" and not request.GET and may_use_presets(request, self):
            return choose_preset(request, self)
        return super().add_view(request, form_url, extra_context)

    @method_decorator(sensitive_post_parameters("jwks"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add or change; a private key that is pasted by mistake stays out of error reports."""
        return super().changeform_view(*args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The issuers, and below them who was refused as unknown in the last day."""
        states = summary(states_of(request, self.get_queryset(request)))
        context = {"unknown_issuers": unknown_table(), "states": states, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def get_list_filter(self, request: HttpRequest) -> Any:
        """The state first, to which the line above the list leads."""
        return (StateFilter, *super().get_list_filter(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[IssuerChangeList]:
        """The list that looks its columns up for a whole page at once."""
        return IssuerChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrustedIssuer]:
        """The issuers, from where they are written."""
        return super().get_queryset(request).using(router.db_for_write(TrustedIssuer))

    def get_fieldsets(self, request: HttpRequest, obj: TrustedIssuer | None = None) -> Any:
        """For an issuer that is there, also its keys as they are, and advice if there is any."""
        if obj is None:
            return [
                (title, {**rest, "fields": _still_to_enter(rest["fields"])}) for title, rest in self.fieldsets
            ]
        # Before a form is bound: one with errors leaves in its row what was entered.
        stored = vars(obj).setdefault("ojg_stored", copy(obj))
        obj.ojg_obstacles = obstacles_of(stored)  # type: ignore[attr-defined]
        obj.ojg_advice = advice_on(stored, obj.ojg_obstacles)  # type: ignore[attr-defined]
        first, keys, *rest = self.fieldsets
        fields = [*first[1]["fields"], *(["advice"] if obj.ojg_advice else [])]  # type: ignore[attr-defined]
        shown = [*keys[1]["fields"], "key_panel"]
        if is_service_account(obj):
            shown = ["key_panel", *keys[1]["fields"]]  # where its keys are added and withdrawn
        example = (_("For clients"), {"fields": ["client_example"], "classes": ["collapse"]})
        first, keys = (first[0], {**first[1], "fields": fields}), (keys[0], {**keys[1], "fields": shown})
        return [first, keys, *rest, example]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form; the panel has buttons only for those who may change the issuer."""
        if obj is not None:
            obj.ojg_may_change = self.has_change_permission(request, obj)
            obj.ojg_token_url = token_url(request)
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: TrustedIssuer | None) -> Any:
        """Its rules; a new issuer has none, and they are added on pages of their own."""
        return () if obj is None else super().get_inlines(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rules as well. Disabling something then also stops requests in progress.

        After the commit, the keys are fetched.
        """
        super().save_related(request, form, formsets, change)
        withdrawal.wait_after_commit(form.instance.pk)
        fetch_after_commit(request, form.instance)

    def response_post_save_add(self, request: HttpRequest, obj: TrustedIssuer) -> HttpResponseRedirect:
        """Redirect to the new issuer's page, which shows what is still missing: a rule."""
        if not self.has_view_permission(request, obj):
            return super().response_post_save_add(request, obj)
        return HttpResponseRedirect(change_url(self.admin_site, obj) or ".")

    @admin.display(description=_("state"))
    def state(self, issuer: TrustedIssuer) -> str:
        """Whether it is trusted now, and if not, why."""
        obstacles = getattr(issuer, "ojg_obstacles", None)  # see get_fieldsets and attach_columns
        if obstacles is None:
            return "-"
        return light(*state_of(issuer, obstacles, timezone.now()))

    @admin.display(description=_("keys"))
    def keys(self, issuer: Any) -> str:
        """How its keys are."""
        return light(*issuer.ojg["health"])

    @admin.display(description=_("accepted (24 h)"))
    def accepted(self, issuer: Any) -> str:
        """Accepted assertions of the last day, as a link to them."""
        return self._decisions(issuer, "accepted")

    @admin.display(description=_("refused (24 h)"))
    def refused(self, issuer: Any) -> str:
        """Refused and undecided assertions of the last day, as a link to them."""
        return self._decisions(issuer, "refused,undecided")

    @admin.display(description=_("last use"))
    def last_use(self, issuer: Any) -> str:
        """When it last brought a token."""
        time: datetime | None = issuer.ojg["last_use"]
        return gettext("never") if time is None else exact_time(time)

    @admin.display(description=_("please note"))
    def advice(self, issuer: Any) -> str:
        """What an operator may have overlooked."""
        linked = ((mark_safe(urlize(words, autoescape=True)),) for words in issuer.ojg_advice)  # noqa: S308
        return format_html_join("", '<p class="ojg-advice">{}</p>', linked)

    @admin.display(description=_("keys at present"))
    def key_panel(self, issuer: Any) -> str:
        """The keys as they are now."""
        return key_panel(issuer.ojg_stored, may_change=issuer.ojg_may_change)

    @admin.display(description=_("how to ask for a token"))
    def client_example(self, issuer: Any) -> str:
        """What a request of each rule names, and a command that sends it."""
        return for_clients(issuer.ojg_stored, issuer.ojg_token_url)

    def _decisions(self, issuer: Any, outcomes: str) -> str:
        """The number of decisions of the last day with one of ``outcomes``, as a link to just these."""
        columns = issuer.ojg
        number = sum(columns["counts"][outcome] for outcome in outcomes.split(","))
        query = {"issuer": issuer.pk, "outcome__in": outcomes, "time__gt": columns["since"].isoformat()}
        url = list_url(self.admin_site, Decision)
        if not number or url is None:
            return str(number)
        return format_html('<a href="{}?{}">{}</a>', url, urlencode(query), number)


def _still_to_enter(fields: list[Any]) -> list[Any]:
    """``fields`` without those that an issuer has only once it is there."""
    later = {("enabled", "state"): "enabled"}
    return [later.get(field, field) for field in fields if field != ("created", "updated")]
