"""The test site with this package's metadata, an API for MCP, and vendors' paths of the token endpoint."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oauth2_provider.views import ConnectDiscoveryInfoView

from oauth_jwt_grant.views import JWTBearerTokenView
from tests import urls


class McpView(urls.ApiView):
    """Tells who has no token so as RFC 6750 section 3 does; django-oauth-toolkit's views answer 403."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code == 403 and "Authorization" not in request.headers:
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer scope="read"'})
        return response


urlpatterns = [
    path("", include("oauth_jwt_grant.urls")),
    path("mcp/", McpView.as_view()),
    path("sso/", include("tests.clients.sso")),
    path("oauth/token", JWTBearerTokenView.as_view()),  # DocuSign's, and SAP's
    path("oauth2/token", JWTBearerTokenView.as_view()),  # Box's
    path("acme/v2.0/.well-known/openid-configuration", ConnectDiscoveryInfoView.as_view()),  # Microsoft's
    path("acme/oauth2/v2.0/token", JWTBearerTokenView.as_view()),  # Microsoft's, where no metadata is read
    path("services/oauth2/token", JWTBearerTokenView.as_view()),  # Salesforce's
    *urls.urlpatterns,
]
