"""A small identity provider: signs people in, and exchanges an ID Token for an ID-JAG (RFC 8693).

draft-ietf-oauth-identity-assertion-authz-grant section 4.3, from the provider's side.
Nothing here uses the package under test.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.factories import DROP, ec_key, jwks, mint
from tests.jwks_server import JwksServer, _Handler, json_answer

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


class Refused(Exception):
    """An answer by RFC 6749 section 5.2."""


@dataclass(frozen=True)
class Connection:
    """What the provider's administrator allows one application at another one's authorization server.

    ``client_id`` is the application's name there; ``scopes`` and ``resources`` are the most it may have.
    """

    client_id: str
    scopes: frozenset[str]
    resources: frozenset[str]


class _ProviderHandler(_Handler):
    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parameters = {name: values[0] for name, values in parse_qs(body).items()}
        try:
            document, status = self.owner.exchange(self.headers.get("Authorization", ""), parameters), 200
        except Refused as refused:
            document, status = {"error": str(refused)}, 400
        answer = json_answer(document, Cache_Control="no-store")
        self.send_response(status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


class IdentityProvider(JwksServer):
    """The provider. ``clients`` maps its own client ids to secrets, ``connections`` who may go where."""

    handler = _ProviderHandler

    def __init__(self) -> None:
        super().__init__()
        self.key = ec_key(name="idp")
        self.clients: dict[str, str] = {}
        self.connections: dict[tuple[str, str], Connection] = {}

    @property
    def issuer(self) -> str:
        return self.url("")

    def start(self) -> None:
        """Listen, with discovery document and keys where they belong."""
        super().start()
        self.publish(*jwks(self.key)["keys"], path="/keys")
        self.answers["/.well-known/openid-configuration"] = json_answer(
            {
                "issuer": self.issuer,
                "authorization_endpoint": self.url("/authorize"),
                "token_endpoint": self.url("/token"),
                "jwks_uri": self.url("/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "identity_chaining_requested_token_types_supported": [ID_JAG],
            }
        )

    def sign_in(self, client_id: str, subject: str) -> str:
        """The ID Token that the application ``client_id`` gets when ``subject`` signs in."""
        signed_in = {"auth_time": int(time.time()), "amr": ["pwd", "mfa"], "nonce": uuid.uuid4().hex}
        return mint(self.key, iss=self.issuer, sub=subject, aud=client_id, **signed_in)

    def exchange(self, authorization: str, parameters: dict[str, str]) -> dict[str, Any]:
        """The answer to a token exchange; sections 4.3.3 and 4.3.4."""
        client_id = self._authenticate(authorization)
        if (parameters.get("grant_type"), parameters.get("requested_token_type")) != (TOKEN_EXCHANGE, ID_JAG):
            raise Refused("invalid_request")
        connection = self.connections.get((client_id, parameters.get("audience", "")))
        if connection is None or parameters.get("resource") not in {None, *connection.resources}:
            raise Refused("invalid_target")
        person = self._subject_token(parameters, client_id)
        scopes = [scope for scope in parameters.get("scope", "").split() if scope in connection.scopes]
        token = self.issue(
            sub=person["sub"],
            aud=parameters["audience"],
            client_id=connection.client_id,
            scope=" ".join(scopes) if scopes else DROP,
            resource=parameters.get("resource", DROP),
            auth_time=person["auth_time"],
            amr=person["amr"],
        )
        return {
            "issued_token_type": ID_JAG,
            "access_token": token,
            "token_type": "N_A",
            "scope": " ".join(scopes),
            "expires_in": 300,
        }

    def issue(self, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """An ID-JAG with these claims, also with wrong ones."""
        claims = {"iss": self.issuer, **claims}
        return mint(
            claims.pop("key", self.key), header={"typ": "oauth-id-jag+jwt", **(header or {})}, **claims
        )

    def _authenticate(self, authorization: str) -> str:
        scheme, _, value = authorization.partition(" ")
        user, _, password = base64.b64decode(value).decode().partition(":")
        client_id = unquote_plus(user)
        if scheme != "Basic" or self.clients.get(client_id) != unquote_plus(password):
            raise Refused("invalid_client")
        return client_id

    def _subject_token(self, parameters: dict[str, str], client_id: str) -> dict[str, Any]:
        """The ID Token's claims: ours, for this very application, and not expired."""
        keys = KeySet.import_key_set(json.loads(json.dumps(jwks(self.key))))
        try:
            claims = jwt.decode(parameters["subject_token"], keys, algorithms=["ES256"]).claims
        except (JoseError, KeyError, ValueError) as error:
            raise Refused("invalid_grant") from error
        ours = claims["iss"] == self.issuer and claims["aud"] == client_id and claims["exp"] > time.time()
        if parameters.get("subject_token_type") != ID_TOKEN or not ours:
            raise Refused("invalid_grant")
        return claims
