"""A validator made by hand, and the way from posted parameters to an answer of oauthlib's server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode

from oauthlib.common import Request, extract_params
from oauthlib.oauth2 import BearerToken

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.grant import CALL, GRANT_TYPE, Call, JWTBearerError, JWTBearerGrant, Terms
from oauth_jwt_grant.servers import JWTBearerServer

URI = "https://as.example.com/o/token/"
Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class Application:
    client_id: str
    secret: str = ""

    @property
    def confidential(self) -> bool:
        return bool(self.secret)


PUBLIC = Application("public")
CONFIDENTIAL = Application("confidential", "s3cr3t")
ODD = Application("a b+c:d/é", "p%:w d")


class Validator:
    """Knows three clients. It has what the grant may ask, and nothing else.

    ``verdict`` decides on the assertion; ``seen`` keeps what it was asked with.
    """

    def __init__(self, verdict: Callable[[Request], int | None] | None = None) -> None:
        self.clients = {client.client_id: client for client in (PUBLIC, CONFIDENTIAL, ODD)}
        self.verdict = verdict or self.accept
        self.grant_types = {GRANT_TYPE}
        self.seen: dict[str, Any] = {}
        self.saved: list[tuple[dict[str, Any], Request]] = []

    @staticmethod
    def accept(request: Request) -> int | None:
        request.user = "alice"
        request.scopes = ["read", "write"]
        return 300

    def authenticate_client(self, request: Request) -> bool:
        header = request.headers.get("Authorization")
        if header:
            pair = base64.b64decode(header.partition(" ")[2]).decode().partition(":")
            client_id, secret = unquote_plus(pair[0]), unquote_plus(pair[2])
        else:
            client_id, secret = request.client_id, request.client_secret
        client = self.clients.get(client_id)
        if client is None or not client.secret or client.secret != secret:
            return False
        request.client = client
        return True

    def authenticate_client_id(self, client_id: str, request: Request) -> bool:
        request.client = self.clients.get(client_id)
        return request.client is not None and not request.client.confidential

    def validate_grant_type(self, client_id: str, grant_type: str, client: Any, request: Request) -> bool:
        assert client_id == client.client_id
        return grant_type in self.grant_types

    def decide_jwt_bearer_assertion(self, request: Request) -> Terms:
        self.seen = {"client": request.client, "user": request.user, "own": dict(vars(request))}
        lifetime = self.verdict(request)
        request.scopes = request.scopes or ["read"]
        return Terms(" ".join(request.scopes), lifetime)

    def issue_jwt_bearer_token(self, token: dict[str, Any], terms: Terms, request: Request) -> None:
        assert terms.violation(token) is None
        self.saved.append((token, request))


@dataclass(frozen=True)
class Answer:
    headers: dict[str, str]
    text: str
    status: int

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.body["error"]


def post(
    parameters: Parameters | None = None,
    headers: dict[str, str] | None = None,
    validator: Validator | None = None,
    *,
    server: Any = JWTBearerServer,
    **keywords: Any,
) -> Answer:
    """The answer to a request with a grant type, an assertion and ``parameters``."""
    body = [("grant_type", GRANT_TYPE), ("assertion", "a.b.c"), *(parameters or [])]
    endpoint = server(validator or Validator(), **keywords)
    text = urlencode(body)
    return Answer(*endpoint.create_token_response(URI, "POST", text, called(text, headers)))


def called(body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """``headers``, and that our token view has received a request with this ``body``."""
    return {CALL: Call(extract_params(body) or []), **(headers or {})}


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = urlencode({client_id: secret}).replace("=", ":")
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def raw_basic(value: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(value).decode()}


def refuse(reason: Reason, name: str = "", detail: str = "") -> Callable[[Request], int | None]:
    def verdict(request: Request) -> int | None:
        raise JWTBearerError(AssertionRefused(reason, name, detail))

    return verdict


def direct(body: Any, headers: dict[str, str] | None = None) -> tuple[dict[str, str], str, int]:
    """The answer of the grant itself, past oauthlib's choice of the grant by the body."""
    # Not as a list: oauthlib makes a dictionary of that, in which nothing is repeated.
    text = urlencode(body) if isinstance(body, list) else body
    request = Request(URI, "POST", text, called(text, headers))
    request.extra_credentials = None
    return JWTBearerGrant(Validator()).create_token_response(request, BearerToken())
