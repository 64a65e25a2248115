"""The key pair of an account: one half for the issuer's row, the other for the key file."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ..assertion.jose import import_jwk
from ..keys import normalise_jwks
from ..models import TrustedIssuer, check_row
from .names import LABEL


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """An account, and the key file that was made for it: its only copy of the private key.

    Neither its ``repr`` nor a local variable of ours holds the private key, as a page of Django's
    that explains an error shows both.
    """

    issuer: TrustedIssuer
    key_file: dict[str, str] = field(repr=False)

    @property
    def kid(self) -> str:
        """The key ID."""
        return self.key_file["private_key_id"]

    @property
    def text(self) -> str:
        """Return the content of the key file."""
        return json.dumps(self.key_file, indent=2) + "\n"


def stored_keys(issuer: TrustedIssuer) -> list[dict[str, Any]]:
    """The public keys of ``issuer``, as they are stored; none where that is no JWK Set."""
    keys = issuer.jwks.get("keys") if isinstance(issuer.jwks, dict) else None
    return [jwk for jwk in keys if isinstance(jwk, dict)] if isinstance(keys, list) else []


def new_key(issuer: TrustedIssuer, application: Any, token_uri: str) -> IssuedKey:
    """Return a new key of ``issuer``, and add its public half. The issuer is checked, not saved."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    jwk = _public_jwk(private)
    issuer.jwks = {"keys": [*stored_keys(issuer), jwk]}
    check_row(issuer)
    # Java's library requires a client_id in the file; no library sends it.
    client_id = application.client_id if application else issuer.issuer
    return IssuedKey(
        issuer,
        {
            "type": "service_account",
            "project_id": issuer.issuer.partition(f"@{LABEL}.")[2],
            "private_key_id": jwk["kid"],
            "private_key": _private_pem(private),
            "client_email": issuer.issuer,
            "client_id": client_id,
            "token_uri": token_uri,
        },
    )


def _public_jwk(private: RSAPrivateKey) -> dict[str, Any]:
    """The public half, with its thumbprint (RFC 7638) as key ID, and when it was made.

    In hexadecimal: base64url may start with a hyphen, and commands would take it for an option.
    ``iat`` as in OpenID Federation 1.0, "Federation Historical Keys Response".
    """
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (jwk,) = normalise_jwks(pem.decode())["keys"]
    digest = base64.urlsafe_b64decode(f"{import_jwk(jwk).thumbprint}=")
    return {**jwk, "kid": digest.hex(), "use": "sig", "alg": "RS256", "iat": int(time.time())}


def _private_pem(private: RSAPrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
