"""Whether DOT's endpoints are mounted as this grant wants them."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning

from .messages import CheckId
from .places import has_urls, place_of, views_at

_MOUNT = (
    'urlpatterns = [..., path("o/", include("oauth_jwt_grant.endpoints")), ...], before those of DOT there'
)


def check_token_view(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Our token view is mounted, in the place of DOT's."""
    place = place_of("oauth2_provider:token") if has_urls() else None
    if place is None:
        return []
    # Not at the top: they load models, which may be missing.
    from oauth2_provider.views import TokenView

    from ..views import JWTBearerTokenView

    if all(issubclass(view, JWTBearerTokenView) for view in views_at(TokenView, place)):
        return []
    return [
        Warning(
            "django-oauth-toolkit's own token view is mounted: it reads each new token back, which costs a "
            "statement more, and it fails where this grant and that of devices are asked for at once.",
            hint=_MOUNT,
            id=CheckId.PLAIN_ENDPOINTS,
        )
    ]
