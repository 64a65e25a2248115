"""Whether DOT's endpoints are mounted as this grant wants them."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning

from .messages import CheckId
from .places import MOUNT_ENDPOINTS, is_plain


def check_token_view(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Our token view is mounted, in the place of DOT's."""
    ours = "oauth_jwt_grant.views.JWTBearerTokenView"
    if not is_plain("oauth2_provider:token", "oauth_jwt_grant.dot.TokenView", ours):
        return []
    return [
        Warning(
            "django-oauth-toolkit's own token view is mounted: it reads each new token back, which costs a "
            "statement more, and it fails where this grant and that of devices are asked for at once.",
            hint=MOUNT_ENDPOINTS,
            id=CheckId.PLAIN_ENDPOINTS,
        )
    ]
