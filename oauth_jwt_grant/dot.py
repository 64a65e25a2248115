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

__all__ = ["HAS_ROLES", "SIGNING_METHODS", "default_lifetime", "oauth2_settings"]

#: Whether the installed DOT is the next release. Asking loads none of its modules.
HAS_ROLES = find_spec("oauth2_provider.core") is not None
#: How an application is registered that authenticates by JWTs of its own, from that release on.
SIGNING_METHODS = ("private_key_jwt", "client_secret_jwt")

#: The module of each name in 3.4, and in the next release.
_HOMES = {
    "AbstractApplication": ("models", "models"),
    "AccessTokenAdmin": ("admin", "authorization_server.admin"),
    "ApplicationAdmin": ("admin", "authorization_server.admin"),
    "IntrospectTokenView": ("views", "views"),
    "OAuth2ExtraTokenMiddleware": ("middleware", "resource_server.middleware"),
    "OAuth2Validator": ("oauth2_validators", "oauth2_validators"),
    "OAuthLibCore": ("oauth2_backends", "core.backends_oauthlib"),
    "OAuthServerMetadataView": ("views", "views"),
    "TokenView": ("views", "views"),
    "app_authorized": ("signals", "core.signals"),
    "build_bearer_challenge": ("www_authenticate", "resource_server.www_authenticate"),
    "get_access_token_model": ("models", "models"),
    "get_application_model": ("models", "models"),
    "get_oauthlib_core": ("oauth2_backends", "core.backends_oauthlib"),
    "get_refresh_token_model": ("models", "models"),
    "get_scopes_backend": ("scopes", "core.scopes"),
}


def __getattr__(name: str) -> Any:
    """Return DOT's ``name``, loaded when it is asked for (PEP 562).

    Not before: most of DOT's modules need models, which are not ready while ``django.setup()`` loads this
    package's. And DOT's admin is half loaded when it asks for the admin classes of this package.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"oauth2_provider.{_HOMES[name][HAS_ROLES]}"), name)


def is_public(application: Any) -> bool:
    """Whether ``application`` has no secret (RFC 6749 section 2.1): anybody can name it as the client."""
    return application is not None and application.client_type != application.CLIENT_CONFIDENTIAL


def may_use_client_credentials(application: Any) -> bool:
    """Whether ``application`` is confidential and registered for the grant (RFC 6749 section 4.4)."""
    return (
        application is not None
        and not is_public(application)
        and bool(application.allows_grant_type(application.GRANT_CLIENT_CREDENTIALS))
    )


def default_lifetime(request: Request) -> int:
    """Return the seconds that DOT lets an access token live, which a site may compute from ``request``.

    The next release has ``access_token_expires_in`` for it, which knows nothing of ``EXTRA_SERVER_KWARGS``.
    """
    # oauthlib has a default of its own for none.
    expires_in = BearerToken(expires_in=oauth2_settings.server_kwargs["token_expires_in"]).expires_in
    return int(expires_in(request) if callable(expires_in) else expires_in)
