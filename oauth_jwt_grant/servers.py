"""oauthlib servers that know the grant: for ``OAUTH2_SERVER_CLASS`` and ``OIDC_SERVER_CLASS``."""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2 import Server
from oauthlib.openid import Server as OIDCServer

from .grant import GRANT_TYPE, JWTBearerGrant


class JWTBearerServerMixin:
    """Adds the JWT authorization grant to an oauthlib server with a token endpoint."""

    grant_types: dict[str, Any]

    def __init__(self, request_validator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request_validator, *args, **kwargs)  # type: ignore[call-arg]
        self.grant_types[GRANT_TYPE] = JWTBearerGrant(request_validator)


class JWTBearerServer(JWTBearerServerMixin, Server):  # type: ignore[misc]
    """oauthlib's OAuth 2.0 server with the grant."""


class JWTBearerOIDCServer(JWTBearerServerMixin, OIDCServer):  # type: ignore[misc]
    """oauthlib's OpenID Connect server with the grant."""
