"""Whether clients find the metadata (RFC 8414), and in it what this grant adds."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Warning

from ..dot import oauth2_settings
from ..grant import GRANT_TYPE
from .messages import CheckId
from .places import has_urls, place_of, views_at

_MOUNT = 'urlpatterns = [path("", include("oauth_jwt_grant.urls")), ...], before those of oauth2_provider'
_WELL_KNOWN = "/.well-known/oauth-authorization-server"


def check_grant_is_published(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Clients that read the metadata first find the grant in it (RFC 8414 section 2)."""
    if not _plain_metadata() or GRANT_TYPE in oauth2_settings.OAUTH2_GRANT_TYPES_SUPPORTED:
        return []
    return [
        Warning(
            "The authorization server's metadata does not name the grant in grant_types_supported: clients "
            "that read it first will not try.",
            hint=f"{_MOUNT}; or "
            f'OAUTH2_PROVIDER = {{..., "OAUTH2_GRANT_TYPES_SUPPORTED": [..., "{GRANT_TYPE}"]}}',
            id=CheckId.GRANT_NOT_PUBLISHED,
        )
    ]


def check_metadata_view(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Our metadata view is mounted, which also knows of profiles and of clients without a secret."""
    if not _plain_metadata():
        return []
    return [
        Warning(
            "django-oauth-toolkit's own metadata view is mounted: authorization_grant_profiles_supported and "
            "the authentication method none are not published.",
            hint=_MOUNT,
            id=CheckId.PLAIN_METADATA,
        )
    ]


def check_metadata_is_found(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The document is at the root of the host (RFC 8414 section 3.1), not below the URLs of the endpoints."""
    ours = place_of("oauth_jwt_grant:oauth-server-metadata") if has_urls() else None
    if ours is None or _views_at(*_places()):
        return []
    return [
        Warning(
            f"The authorization server's metadata is at {ours}, and clients look for it at {_WELL_KNOWN}: "
            "the well-known part comes first, then the path of the issuer.",
            hint=_MOUNT,
            id=CheckId.METADATA_NOT_FOUND,
        )
    ]


def _plain_metadata() -> bool:
    """Whether clients reach DOT's metadata view instead of ours."""
    if not has_urls():
        return False
    # Not at the top: it loads models, which may be missing.
    from ..views import AuthorizationServerMetadataView

    below = place_of("oauth2_provider:oauth-server-metadata")
    views = _views_at(*_places()) or (_views_at(below) if below is not None else [])
    return any(not issubclass(view, AuthorizationServerMetadataView) for view in views)


def _places() -> list[str]:
    """Where clients look for the document: at the root, and under the path of the issuer that is set."""
    path = urlsplit(oauth2_settings.OIDC_ISS_ENDPOINT or "").path.rstrip("/")
    return [_WELL_KNOWN, f"{_WELL_KNOWN}{path}"] if path else [_WELL_KNOWN]


def _views_at(*paths: str) -> list[type]:
    """The metadata views, DOT's or extensions of it, that answer at ``paths``."""
    from ..dot import OAuthServerMetadataView

    return views_at(OAuthServerMetadataView, *paths)
