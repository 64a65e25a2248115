"""The key pair of an account: one half for the issuer's row, the other for the key file."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ..assertion.jose import import_jwk
from ..keys import normalise_jwks
from ..models import TrustedIssuer
from .names import LABEL


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """An account, and the key file that was made for it: its only copy of the private key."""

    issuer: TrustedIssuer
    key_file: dict[str, str] = field(repr=False)


def issue(issuer: TrustedIssuer, application: Any, token_uri: str | None = None) -> IssuedKey:
    """Add a new key to ``issuer`` and save it."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    jwk = _public_jwk(private)
    issuer.jwks = {"keys": [*issuer.jwks["keys"], jwk]}
    issuer.full_clean()
    issuer.save()
    # Java's library wants a client_id to be there; nobody sends it.
    client_id = application.client_id if application else issuer.issuer
    key_file = {
        "type": "service_account",
        "project_id": issuer.issuer.partition(f"@{LABEL}.")[2],
        "private_key_id": jwk["kid"],
        "private_key": _private_pem(private),
        "client_email": issuer.issuer,
        "client_id": client_id,
        "token_uri": token_uri or issuer.audiences[0],
    }
    return IssuedKey(issuer, key_file)


def _public_jwk(private: RSAPrivateKey) -> dict[str, Any]:
    """The public half, with its thumbprint (RFC 7638) as key id.

    In hexadecimal: in base64url it may begin with a hyphen, which a shell's commands take for an option.
    """
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (jwk,) = normalise_jwks(pem.decode())["keys"]
    digest = base64.urlsafe_b64decode(f"{import_jwk(jwk).thumbprint}=")
    return {**jwk, "kid": digest.hex(), "use": "sig", "alg": "RS256"}


def _private_pem(private: RSAPrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
