"""The test site, and beside it an admin whose issuers have the theme's own ``ModelAdmin`` as well."""

from __future__ import annotations

from django.urls import path
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from oauth_jwt_grant.admin.issuers import TrustedIssuerAdmin
from oauth_jwt_grant.models import TrustedIssuer
from tests.urls import urlpatterns as site_urls


class ThemedIssuerAdmin(TrustedIssuerAdmin, ModelAdmin):
    """As docs/admin.md tells sites to write it."""


site = UnfoldAdminSite(name="themed")
site.register(TrustedIssuer, ThemedIssuerAdmin)
urlpatterns = [*site_urls, path("themed/", site.urls)]
