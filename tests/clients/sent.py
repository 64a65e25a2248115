"""What each program of the manual sends of itself: the facts behind the table of ``docs/clients.md``."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from oauth_jwt_grant.assertion import Door
from tests.factories import unb64

from .server import Posted


@dataclass(frozen=True)
class Sent:
    """Names alone, in the order of the alphabet."""

    #: Beside ``grant_type`` and the JWT.
    parameters: str
    header: str
    claims: str
    #: The ``Authorization`` header of HTTP Basic, before it is encoded.
    basic: str = ""
    chunked: bool = False
    door: Door = Door.AUTHORIZATION_GRANT


_ACCOUNT = "aud exp iat iss scope"  # of Google's kind: no jti, no sub
_USUAL = "aud exp iat iss jti sub"
_ID_JAG = "aud client_id exp iat iss jti resource scope sub"
_exchanged = partial(Sent, door=Door.SUBJECT_TOKEN)
_federated = partial(Sent, door=Door.CLIENT_ASSERTION)
_EXTERNAL = _exchanged(
    "audience requested_token_type scope subject_token_type", "alg typ", _USUAL, "vault:the-secret-of-vault"
)
_OBO = "client_info client_secret requested_token_use scope"

#: By the heading of the section, and by the number of the program where there are more.
SENT = {
    "google-auth": Sent("", "alg kid typ", _ACCOUNT),
    "google-auth 1": Sent("", "alg kid typ", f"{_ACCOUNT} sub"),
    "google-auth external_account": _EXTERNAL,
    "google-auth-library external_account (Node.js)": _EXTERNAL,
    "oauth2/google external_account (Go)": _EXTERNAL,
    "google-cloud-storage": Sent("", "alg kid typ", _ACCOUNT),
    "gcloud-aio-auth": Sent("", "alg typ", _ACCOUNT),
    "Authlib with requests": Sent("client_id scope", "alg typ", _USUAL),
    "Authlib with httpx": Sent("client_id scope", "alg typ", _USUAL),
    "oauthlib with requests-oauthlib": Sent("", "alg typ", "aud exp iat iss sub", "tool:"),
    "msal": Sent("client_id scope", "alg typ", _USUAL),
    "msal 1": Sent(f"client_id {_OBO}", "alg typ", _USUAL),
    "azure-identity": Sent(f"client_id {_OBO}", "alg typ", _USUAL),
    "requests_oauth2client": Sent("client_id client_secret scope", "alg typ", _USUAL),
    "requests_oauth2client 1": Sent("client_id client_secret scope", "alg typ", _USUAL),
    "Box SDK": Sent("client_id client_secret", "alg kid typ", "aud box_sub_type exp iss jti sub"),
    "DocuSign SDK": Sent("", "alg typ", f"{_ACCOUNT} sub"),
    "MCP Python SDK": Sent("client_id resource scope", "alg typ", _ID_JAG, "vault:the-secret-of-vault"),
    "Okta Client SDK": Sent("client_id client_secret", "alg typ", _ID_JAG.replace(" resource", "")),
    "confluent-kafka": Sent("scope", "alg typ", "aud exp iat iss jti nbf sub"),
    "curl and openssl": Sent("client_id scope", "alg typ", _USUAL),
    "google-auth-library (Node.js)": Sent("", "alg", _ACCOUNT),
    "gtoken (Node.js)": Sent("", "alg", _ACCOUNT),
    "openid-client (Node.js)": Sent("client_id scope", "alg", _USUAL),
    "openid-client (Node.js) 1": Sent("client_id scope", "alg", _USUAL),
    "oauth4webapi (Node.js)": Sent("scope", "alg", _USUAL, "vault:the%2Dsecret%2Dof%2Dvault"),
    "oauth4webapi (Node.js) 1": Sent("scope", "alg", _USUAL, "vault:the%2Dsecret%2Dof%2Dvault"),
    "jsforce (Node.js)": Sent("", "alg", _USUAL, chunked=True),
    "msal-node (Node.js)": Sent(
        f"client-request-id client_id {_OBO} "
        "x-client-CPU x-client-OS x-client-SKU x-client-VER x-ms-lib-capability",
        "alg",
        _USUAL,
    ),
    "MCP TypeScript SDK": Sent("resource scope", "alg typ", _ID_JAG, "vault:the-secret-of-vault"),
    "Box SDK (Node.js)": Sent("client_id client_secret", "alg", "aud box_sub_type exp iat iss jti sub"),
    "DocuSign SDK (Node.js)": Sent("", "alg typ", f"{_ACCOUNT} sub"),
    "xssec (Node.js)": Sent("client_id client_secret scope", "alg", _USUAL),
    "client-oauth2 (Node.js)": Sent("scope", "alg", _USUAL, "tool:"),
    "salesforce-jwt-bearer-token-flow (Node.js)": Sent("", "alg", "aud exp iss sub"),
    "oauth2/google (Go)": Sent("", "alg kid typ", _ACCOUNT),
    "oauth2/jwt (Go)": Sent("", "alg typ", "aud exp iat iss prn scope sub"),
    "googleauth (Ruby)": Sent("", "alg", _ACCOUNT),
    "signet (Ruby)": Sent("", "alg", f"{_ACCOUNT} sub"),
    "google-auth-library (Java)": Sent("", "alg kid typ", _ACCOUNT),
    "httr (R)": Sent("", "alg typ", _ACCOUNT),
    "gcloud": Sent("", "alg kid typ", _ACCOUNT),
    "rclone": Sent("", "alg kid typ", _ACCOUNT),
    "restic": Sent("", "alg kid typ", _ACCOUNT),
    "requests_oauth2client token exchange": _exchanged(
        "client_id client_secret scope subject_token_type", "alg typ", _USUAL
    ),
    "openid-client token exchange (Node.js)": _exchanged(
        "client_id scope subject_token_type", "alg typ", _USUAL
    ),
    "oauth4webapi token exchange (Node.js)": _exchanged(
        "scope subject_token_type", "alg typ", _USUAL, "vault:the%2Dsecret%2Dof%2Dvault"
    ),
    "msal federated credential": _federated(
        "client_assertion_type client_id client_info scope", "alg typ", _USUAL
    ),
    "azure-identity federated credential": _federated(
        "client_assertion_type client_id scope", "alg typ", _USUAL
    ),
    "msal-node federated credential (Node.js)": _federated(
        "client-request-id client_assertion_type client_id scope x-client-CPU x-client-OS x-client-SKU "
        "x-client-VER x-client-current-telemetry x-client-last-telemetry x-ms-lib-capability",
        "alg typ",
        _USUAL,
    ),
    "openid-client federated credential (Node.js)": _federated(
        "client_assertion_type client_id scope", "alg", "aud exp iat iss jti nbf sub"
    ),
    "oauth4webapi federated credential (Node.js)": _federated(
        "client_assertion_type scope", "alg typ", _USUAL
    ),
    "MCP Python SDK federated credential": _federated(
        "client_assertion_type resource scope", "alg typ", _USUAL
    ),
    "MCP TypeScript SDK federated credential": _federated(
        "client_assertion_type resource scope", "alg typ", _USUAL
    ),
}


def sent(request: Posted) -> Sent:
    """What ``request`` has."""
    parameters = parse_qs(request.body.decode(), keep_blank_values=True)
    header, claims = parts(request)
    basic = request.headers.get("Authorization", "").removeprefix("Basic ")
    return Sent(
        " ".join(sorted(parameters.keys() - {"grant_type", door_of(request).parameter})),
        " ".join(sorted(header)),
        " ".join(sorted(claims)),
        base64.b64decode(basic).decode(),
        request.headers.get("Transfer-Encoding") == "chunked",
        door_of(request),
    )


def door_of(request: Posted) -> Door:
    """The door at which ``request`` presents its JWT."""
    parameters = parse_qs(request.body.decode())
    (door,) = (door for door in Door if door.parameter in parameters)
    return door


def parts(request: Posted) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JOSE header and the claims of the JWT that is presented."""
    (jwt,) = parse_qs(request.body.decode())[door_of(request).parameter]
    header, claims, _ = jwt.split(".")
    return json.loads(unb64(header)), json.loads(unb64(claims))
