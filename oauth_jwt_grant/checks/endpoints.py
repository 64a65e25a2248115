"""Whether our token view answers wherever DOT's is mounted."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from .messages import CheckId
from .places import MOUNT_ENDPOINTS, Callback, in_place_of

_MIXIN = "oauth_jwt_grant.views.JWTBearerTokenViewMixin"


def check_token_view(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Our token view answers at each route of DOT's, or one that has our view mixin first."""
    return [
        Error(
            f"The token view at /{route} is {_name_of(callback)}, which does not answer this grant: clients "
            "get unsupported_grant_type.",
            hint=f"{MOUNT_ENDPOINTS}. A token view of your own needs {_MIXIN} first among its bases.",
            id=CheckId.TOKEN_VIEW,
        )
        for route, callback in in_place_of("oauth_jwt_grant.dot.TokenView").items()
        # Set by the mixin: the base that comes first, and not the list of bases, decides.
        if not getattr(callback, "answers_jwt_bearer", False)
    ]


def _name_of(callback: Callback) -> str:
    view = getattr(callback, "view_class", callback)
    return f"{view.__module__}.{getattr(view, '__qualname__', view)}"
