"""oauthlib servers that know the grant, and bound tokens: ``OAUTH2_SERVER_CLASS``, ``OIDC_SERVER_CLASS``."""

from __future__ import annotations

import re
from typing import Any

from oauthlib.common import Request
from oauthlib.oauth2 import Server
from oauthlib.oauth2.rfc6749.tokens import TokenBase
from oauthlib.openid import Server as OIDCServer

from .door_grants import GRANTS

# RFC 9449 section 7.1: the scheme, and the token as a token68.
_CREDENTIALS = re.compile(r"\S+\s+(?P<token>[A-Za-z0-9._~+/-]+=*)", re.ASCII)


class DPoPToken(TokenBase):  # type: ignore[misc]
    """A token that is bound to a key: ``Authorization: DPoP`` with a proof (RFC 9449 section 7.1).

    Asks ``validate_dpop_token(token, scopes, request)`` of the request validator.
    """

    __slots__ = ("request_validator",)

    def __init__(self, request_validator: Any) -> None:
        self.request_validator = request_validator

    def validate_request(self, request: Request) -> bool:
        """Whether the request may be answered; refused where the validator knows no bound tokens."""
        validate = getattr(self.request_validator, "validate_dpop_token", None)
        credentials = _CREDENTIALS.fullmatch(request.headers["Authorization"])
        return bool(validate and credentials and validate(credentials["token"], request.scopes, request))

    def estimate_type(self, request: Request) -> int:
        """Above every other type for its own scheme, below every other one without it."""
        words = request.headers.get("Authorization", "").split(maxsplit=1)
        return 11 if words and words[0].lower() == "dpop" else -1


class JWTBearerServerMixin:
    """Adds the grants of this app to an oauthlib server, and bound tokens to its protected resources."""

    grant_types: dict[str, Any]
    tokens: dict[str, Any]
    default_grant_type_handler: Any

    def __init__(self, request_validator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request_validator, *args, **kwargs)  # type: ignore[call-arg]
        for grant in GRANTS:
            name = grant.door.grant_type
            otherwise = self.grant_types.get(name, self.default_grant_type_handler)
            self.grant_types[name] = grant(request_validator, otherwise)
        self.tokens["DPoP"] = DPoPToken(request_validator)


class JWTBearerServer(JWTBearerServerMixin, Server):  # type: ignore[misc]
    """oauthlib's OAuth 2.0 server with the grant."""


class JWTBearerOIDCServer(JWTBearerServerMixin, OIDCServer):  # type: ignore[misc]
    """oauthlib's OpenID Connect server with the grant."""
