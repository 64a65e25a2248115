"""The grants of the other doors, as oauthlib sees them: token exchange and federated credentials."""

from __future__ import annotations

from collections.abc import Mapping

from oauthlib.common import Request

from .assertion import Door, Reason, TokenType
from .grant import JWTBearerGrant, refusal


class TokenExchangeGrant(JWTBearerGrant):
    """``grant_type=urn:ietf:params:oauth:grant-type:token-exchange`` (RFC 8693)."""

    door = Door.SUBJECT_TOKEN
    required = ("subject_token", "subject_token_type")
    # RFC 8693 section 2.1
    repeatable = frozenset({"resource", "audience"})

    def _check_parameters(self, parameters: Mapping[str, str]) -> None:
        """RFC 8693 section 2.1: the types are ones that are supported, and nobody acts for somebody."""
        for name in ("actor_token", "actor_token_type"):
            if name in parameters:
                raise refusal(Reason.ACTOR, name)
        if parameters["subject_token_type"] not in (TokenType.JWT.value, TokenType.ID_TOKEN.value):
            raise refusal(Reason.TOKEN_TYPE, "subject_token_type")
        if parameters.get("requested_token_type", TokenType.ACCESS_TOKEN) != TokenType.ACCESS_TOKEN:
            raise refusal(Reason.TOKEN_TYPE, "requested_token_type")


class ClientAssertionGrant(JWTBearerGrant):
    """``grant_type=client_credentials`` of a client that somebody's JWT authenticates (RFC 7523 section 2.2).

    A client that authenticates in another way is answered by the handler that was there before.
    """

    door = Door.CLIENT_ASSERTION
    required = ("client_assertion", "client_assertion_type")

    def _identify_client(self, request: Request, parameters: Mapping[str, str]) -> None:
        """RFC 6749 section 2.3: nothing else authenticates the client, whom the decision identifies."""
        if request.headers.get("Authorization") or "client_secret" in parameters:
            raise refusal(Reason.SEVERAL_CREDENTIALS)
        if any(parameters[name] != value for name, value in self.door.constants.items()):
            raise refusal(Reason.CLIENT_AUTHENTICATION)


#: The grant of each door.
GRANTS: tuple[type[JWTBearerGrant], ...] = (JWTBearerGrant, TokenExchangeGrant, ClientAssertionGrant)
