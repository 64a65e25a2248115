"""The test site: the admin, django-oauth-toolkit under ``o/``, its metadata at the root, and one API view."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from oauth2_provider.urls import metadata_urlpatterns
from oauth2_provider.views import ScopedProtectedResourceView


class ApiView(ScopedProtectedResourceView):
    """Answers with the token's user, client and scope; needs an access token with the scope ``read``."""

    required_scopes = ("read",)

    def verify_request(self, request: HttpRequest) -> Any:
        """Keep the token, of which django-oauth-toolkit hands on the user alone."""
        valid, oauth_request = super().verify_request(request)
        self.access_token = oauth_request.access_token if valid else None
        return valid, oauth_request

    def get(self, request: HttpRequest) -> JsonResponse:
        token = self.access_token
        return JsonResponse(
            {
                "user": token.user.get_username() if token.user else None,
                "client_id": token.application.client_id if token.application else None,
                "scope": token.scope,
            }
        )


urlpatterns = [
    path("admin/", admin.site.urls),
    path("o/", include("oauth_jwt_grant.endpoints")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include((metadata_urlpatterns, "oauth2_provider_metadata"))),
    path("api/", ApiView.as_view(), name="api"),
]
