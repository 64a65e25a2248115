"""Where django-oauth-toolkit (DOT) keeps what this package uses: no other module imports ``oauth2_provider``.

DOT 3.4 is flat. Its next release has a package for each role, and warns where an old path is imported.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken

__all__ = ["HAS_ROLES", "default_lifetime", "oauth2_settings"]

#: Whether the installed DOT is the next release. Asking loads none of its modules.
HAS_ROLES = find_spec("oauth2_provider.core") is not None

# The same in both.
_MODELS = "oauth2_provider.models"
_VALIDATORS = "oauth2_provider.oauth2_validators"
_VIEWS = "oauth2_provider.views"
if HAS_ROLES:
    _ADMIN = "oauth2_provider.authorization_server.admin"
    _BACKENDS = "oauth2_provider.core.backends_oauthlib"
    _MIDDLEWARE = "oauth2_provider.resource_server.middleware"
    _SCOPES = "oauth2_provider.core.scopes"
    _SIGNALS = "oauth2_provider.core.signals"
else:
    _ADMIN = "oauth2_provider.admin"
    _BACKENDS = "oauth2_provider.oauth2_backends"
    _MIDDLEWARE = "oauth2_provider.middleware"
    _SCOPES = "oauth2_provider.scopes"
    _SIGNALS = "oauth2_provider.signals"

_HOMES = {
    "AbstractApplication": _MODELS,
    "AccessTokenAdmin": _ADMIN,
    "ApplicationAdmin": _ADMIN,
    "IntrospectTokenView": _VIEWS,
    "OAuth2ExtraTokenMiddleware": _MIDDLEWARE,
    "OAuth2Validator": _VALIDATORS,
    "OAuthLibCore": _BACKENDS,
    "OAuthServerMetadataView": _VIEWS,
    "TokenView": _VIEWS,
    "app_authorized": _SIGNALS,
    "get_access_token_model": _MODELS,
    "get_application_model": _MODELS,
    "get_refresh_token_model": _MODELS,
    "get_scopes_backend": _SCOPES,
}


def __getattr__(name: str) -> Any:
    """Return DOT's ``name``, loaded when it is asked for (PEP 562).

    Not before: most of DOT's modules need models, which are not ready while ``django.setup()`` loads this
    package's. And DOT's admin is half loaded when it asks for the admin classes of this package.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def default_lifetime(request: Request) -> int:
    """Return the seconds that DOT lets an access token live, which a site may compute from ``request``.

    The next release has ``access_token_expires_in`` for it, which knows nothing of ``EXTRA_SERVER_KWARGS``.
    """
    # oauthlib takes "none" for a default of its own.
    expires_in = BearerToken(expires_in=oauth2_settings.server_kwargs["token_expires_in"]).expires_in
    return int(expires_in(request) if callable(expires_in) else expires_in)
