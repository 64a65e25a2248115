"""Where the metadata is mounted: at the root of the host, before DOT's own URLs.

``path("", include("oauth_jwt_grant.urls"))``. The two names are those of DOT; the
namespace is ours, so nothing of DOT's is hidden from :func:`~django.urls.reverse`.
"""

from __future__ import annotations

from django.urls import path

from .views import AuthorizationServerMetadataView

app_name = "oauth_jwt_grant"

# RFC 8414 section 3.1: for an issuer with a path, the path comes after the well-known part.
urlpatterns = [
    path(
        ".well-known/oauth-authorization-server",
        AuthorizationServerMetadataView.as_view(),
        name="oauth-server-metadata",
    ),
    path(
        ".well-known/oauth-authorization-server/<path:issuer_path>",
        AuthorizationServerMetadataView.as_view(),
        name="oauth-server-metadata-issuer",
    ),
]
