"""The admin, the OAuth endpoints under ``o/``, the server's metadata, and the API."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from oauth2_provider.urls import metadata_urlpatterns

from .views import WhoAmIView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("o/", include("oauth_jwt_grant.endpoints")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include("oauth_jwt_grant.urls")),
    path("", include((metadata_urlpatterns, "oauth2_provider_metadata"))),
    path("api/whoami/", WhoAmIView.as_view(), name="whoami"),
]
