"""Whether a bound token is refused everywhere without its proof, once ``DPOP`` is on (RFC 9449 section 7.2).

Every view that asks an oauthlib validator refuses it, DOT's own views too. These checks look for
the ways around that.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from ..conf import conf
from ..dot import oauth2_settings
from ..dpop import bound_resource, origins_are_known
from .messages import CheckId
from .places import MOUNT_ENDPOINTS, Callback, in_place_of

_DOTS_INTROSPECTION = "oauth_jwt_grant.dot.IntrospectTokenView"
_SOME_URL = "https://api.example.com/"


def check_extra_token(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """No middleware of DOT's hands a bound token to views as if it were a bearer's."""
    if not conf.DPOP or not apps.is_installed("oauth2_provider"):
        return []
    return [
        Error(
            f"{path} puts every token of an Authorization: Bearer header into request.access_token, "
            "also one that is bound to a key, and without its proof.",
            hint="Remove it from MIDDLEWARE and protect the views, or "
            'OAUTH_JWT_GRANT = {..., "DPOP": False}.',
            id=CheckId.EXTRA_TOKEN,
        )
        for path in settings.MIDDLEWARE
        if _is_extra_token(path)
    ]


def check_introspection(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Introspection names the key of a bound token (RFC 9449 section 6.2)."""
    if not conf.DPOP or all(map(_tells_the_key, in_place_of(_DOTS_INTROSPECTION).values())):
        return []
    return [
        Error(
            "django-oauth-toolkit's own introspection view is mounted, which does not tell a bound token's "
            "key (cnf): an API that asks it cannot ask for the proof.",
            hint=MOUNT_ENDPOINTS,
            id=CheckId.PLAIN_INTROSPECTION,
        )
    ]


def _tells_the_key(callback: Callback) -> bool:
    """Whether the view is not derived from DOT's, or is derived from ours."""
    view: Any = getattr(callback, "view_class", None)
    if view is None or not issubclass(view, import_string(_DOTS_INTROSPECTION)):
        return True
    return issubclass(view, import_string("oauth_jwt_grant.views.IntrospectTokenView"))


def check_resource_validator(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """DOT's own validator, the default of its decorators, refuses bound tokens."""
    if not conf.DPOP or not apps.is_installed("oauth2_provider"):
        return []
    validator = oauth2_settings.RESOURCE_SERVER_TOKEN_RESOURCE_VALIDATOR
    if validator and not validator(_SOME_URL, bound_resource("A" * 43, [_SOME_URL])):
        return []
    return [
        Error(
            "RESOURCE_SERVER_TOKEN_RESOURCE_VALIDATOR accepts a token that has its key as its only resource: "
            "views that use django-oauth-toolkit's own validator would take it from any bearer.",
            hint="Remove it from OAUTH2_PROVIDER, or let it return False for what is not below the URL of a "
            "resource.",
            id=CheckId.RESOURCE_VALIDATOR,
        )
    ]


def check_origins(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """There are URLs that a proof can name (RFC 9449 section 4.3, item 9)."""
    if not conf.DPOP or origins_are_known():
        return []
    return [
        Warning(
            "ALLOWED_HOSTS does not name exact hosts, and no setting names this server by a URL: every DPoP "
            "proof is refused, as it may have been made for another server.",
            hint='ALLOWED_HOSTS = ["as.example.com"], or '
            'OAUTH_JWT_GRANT = {..., "AUDIENCES": ["https://as.example.com", ...]}',
            id=CheckId.UNKNOWN_ORIGINS,
        )
    ]


def _is_extra_token(path: str) -> bool:
    """Whether ``path`` leads to DOT's middleware that hands on every token, or to one that extends it."""
    # Not at the top: it loads models, which may be missing.
    from ..dot import OAuth2ExtraTokenMiddleware

    try:
        middleware = import_string(path)
    except ImportError:
        return False  # Django reports it.
    return isinstance(middleware, type) and issubclass(middleware, OAuth2ExtraTokenMiddleware)
