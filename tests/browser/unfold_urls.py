"""The test site, and beside it an admin whose classes have the theme's own ``ModelAdmin`` as well."""

from __future__ import annotations

from django.urls import path
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from oauth_jwt_grant.admin import DecisionAdmin, GrantRuleAdmin, LinkedSubjectAdmin, TrustedIssuerAdmin
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from tests.urls import urlpatterns as site_urls


class ThemedIssuerAdmin(TrustedIssuerAdmin, ModelAdmin):
    """As docs/admin.md tells sites to write it."""


class ThemedRuleAdmin(GrantRuleAdmin, ModelAdmin):
    """The same for rules."""


class ThemedDecisionAdmin(DecisionAdmin, ModelAdmin):
    """The same for decisions."""


class ThemedLinkAdmin(LinkedSubjectAdmin, ModelAdmin):
    """The same for linked subjects."""


site = UnfoldAdminSite(name="themed")
site.register(TrustedIssuer, ThemedIssuerAdmin)
site.register(GrantRule, ThemedRuleAdmin)
site.register(Decision, ThemedDecisionAdmin)
site.register(LinkedSubject, ThemedLinkAdmin)
urlpatterns = [*site_urls, path("themed/", site.urls)]
