"""On an application's page of django-oauth-toolkit's admin: whose assertions the application may present."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..dot import AbstractApplication, get_application_model, is_public
from ..models import GrantRule, TrustedIssuer
from ..trust import Obstacle, obstacles_of_each
from .revocation import HolderWarningMixin
from .shared import below, conditions_in_words, light, link_to, may_see, state_of, table

TEMPLATE = "admin/oauth_jwt_grant/application/trust.html"
FIELD = "jwt_bearer_trust"
#: Rules that a page shows.
MOST = 100
_POLICIES = GrantRule.ClientPolicyChoices


class ApplicationTrustMixin(HolderWarningMixin):
    """Adds the section to an admin class of applications: put it first among the bases.

    The section is there for those who may see issuers and rules. It can only be read.
    """

    @property
    def media(self) -> forms.Media:
        """Also the styles of this app."""
        return super().media + forms.Media(css={"all": ["oauth_jwt_grant/admin/admin.css"]})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Also the section, where it is shown."""
        own = (FIELD,) if obj is not None and may_see(request, TrustedIssuer, GrantRule) else ()
        return (*super().get_readonly_fields(request, obj), *own)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the section, which has a place of its own."""
        return [field for field in super().get_fields(request, obj) if field != FIELD]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """With the section at the end, where it is shown."""
        fieldsets = super().get_fieldsets(request, obj)
        if FIELD not in self.get_readonly_fields(request, obj):
            return fieldsets
        title = _("Trusted issuers that this application may present assertions of")
        return [*fieldsets, (title, {"fields": [FIELD]})]

    @admin.display(description=gettext_lazy("grant rules"))
    def jwt_bearer_trust(self, application: Any) -> str:
        """The rules that admit ``application``, as a table."""
        rules = list(rules_for(application)[: MOST + 1])
        issuers = list({rule.issuer_id: rule.issuer for rule in rules}.values())
        obstacles = {
            issuer.pk: found for issuer, found in zip(issuers, obstacles_of_each(issuers), strict=True)
        }
        rows = [_row(self.admin_site, rule, application, obstacles[rule.issuer_id]) for rule in rules[:MOST]]
        head = [_("Issuer"), _("Rule"), _("Clients"), _("Applies"), _("State")]
        context = {"table": table(head, rows) if rows else "", "more": len(rules) > MOST, "most": MOST}
        return render_to_string(TEMPLATE, context)


def rules_for(application: AbstractApplication) -> QuerySet[GrantRule]:
    """The rules that admit ``application`` or have it stand in for a client, whatever their state.

    By issuer, in the order in which they are tried; ``listed`` says whether the rule lists the application.
    """
    itself = get_application_model()._default_manager.filter(
        pk=application.pk, jwt_bearer_rules=OuterRef("pk")
    )
    admitted = Q(client_policy=_POLICIES.LISTED, listed=True) | Q(client_policy=_POLICIES.ANONYMOUS)
    rules = GrantRule.objects.annotate(listed=Exists(itself)).filter(admitted)
    ordered = rules.order_by("issuer__name", "issuer__issuer", "position", "pk")
    return ordered.select_related("issuer").prefetch_related("conditions")


def _row(
    site: admin.AdminSite, rule: GrantRule, application: AbstractApplication, obstacles: list[Obstacle]
) -> list[str]:
    level, state = _state(rule, application, obstacles)
    return [
        format_html("{} {}", link_to(site, rule.issuer), below(rule.issuer.issuer)),
        link_to(site, rule),
        "; ".join(_clients(rule, application)),
        conditions_in_words(rule),
        light(level, state),
    ]


def _clients(rule: GrantRule, application: AbstractApplication) -> list[str]:
    """Why the rule admits the application, and whether it stands in for clients that name none."""
    words = {
        _POLICIES.LISTED: _("lists this application"),
        _POLICIES.ANONYMOUS: _("anyone, with or without an application"),
    }
    said = [words[_POLICIES(rule.client_policy)]]
    if rule.client_policy == _POLICIES.ANONYMOUS and rule.default_application_id == application.pk:
        said.append(_("this application stands in where a request names none"))
    return said


def _state(rule: GrantRule, application: AbstractApplication, obstacles: list[Obstacle]) -> tuple[str, str]:
    """Whether the rule counts now, given the ``obstacles`` of its issuer: a level and words for it."""
    if not rule.enabled:
        return "off", _("rule disabled")
    must_be_listed = is_public(application) and rule.issuer.profile == TrustedIssuer.Profile.ID_JAG
    if must_be_listed and rule.client_policy != _POLICIES.LISTED:
        return "off", _("refused: an ID-JAG of a public client needs a rule that lists it")
    obstacles = [one for one in obstacles if one.rule is None or one.rule.pk == rule.pk]
    level, words = state_of(rule.issuer, obstacles, timezone.now())
    if level == "warning" and any(obstacle.blocks for obstacle in obstacles):
        return level, _("grants nothing")
    return level, words
