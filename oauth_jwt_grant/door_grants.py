"""The grants of the other doors, as oauthlib sees them: token exchange and federated credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from oauthlib.common import Request

from .assertion import Door, Reason, TokenType
from .grant import JWTBearerError, JWTBearerGrant, call_of, refusal


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

    def create_token_response(self, request: Request, token_handler: Any) -> tuple[dict[str, str], str, int]:
        """The answer to a token request. One with a JWT of the client's own is for the handler from before.

        If that finds no client, the JWT is of an issuer that nobody knows: the answers to both are the same.
        """
        call = call_of(request)
        if call is not None and self._is_for(request) and self._is_own(request):
            call.own = True
            headers, body, status = self._otherwise.create_token_response(request, token_handler)
            call.own = status != 401
            if call.own:
                return headers, _as_bound(body) if call.proof_key and status == 200 else body, status
        return super().create_token_response(request, token_handler)

    def _is_own(self, request: Request) -> bool:
        """Whether the JWT of ``request``, which is as this door asks, is for the handler from before."""
        is_own = getattr(self.request_validator, "is_jwt_bearer_client", None)
        if is_own is None or self._otherwise is None or self._fault(request) is not None:
            return False
        try:
            parameters = self._read_parameters(request)
            self._identify_client(request, parameters)
        except JWTBearerError:
            return False
        # As for a secret: that handler gets what was read here, and an empty value is none.
        request.client_id, request.client_secret = parameters.get("client_id"), None
        request.client = request.user = None
        own = bool(is_own(parameters["client_assertion"]))
        # A proof that is not good is refused here, with the answer that it has for everybody.
        return own and bool(self.request_validator.note_jwt_bearer_proof(request))

    def _identify_client(self, request: Request, parameters: Mapping[str, str]) -> None:
        """RFC 6749 section 2.3: nothing else authenticates the client, whom the decision identifies."""
        if request.headers.get("Authorization") or "client_secret" in parameters:
            raise refusal(Reason.SEVERAL_CREDENTIALS)
        if any(parameters[name] != value for name, value in self.door.constants.items()):
            raise refusal(Reason.CLIENT_AUTHENTICATION)


def _as_bound(body: str) -> str:
    """The ``body`` of an answer with the type of a bound token (RFC 9449 section 5)."""
    return json.dumps({**json.loads(body), "token_type": "DPoP"})


#: The grant of each door.
GRANTS: tuple[type[JWTBearerGrant], ...] = (JWTBearerGrant, TokenExchangeGrant, ClientAssertionGrant)
