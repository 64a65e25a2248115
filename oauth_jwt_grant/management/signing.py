"""Private keys for development: read, made and signed with. The server itself never has one."""

from __future__ import annotations

import base64
import json
from typing import Any

from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ..assertion import ALGORITHMS
from ..assertion.jose import UnusableKey, import_jwk

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_PUBLIC = ("kty", "crv", "n", "e", "x", "y", "kid", "alg", "use")


class UnusablePrivateKey(ValueError):
    """The key cannot sign an assertion; the message has the reason and no key material."""


def read_private_jwk(text: str) -> dict[str, Any]:
    """The private JWK that ``text`` holds, as a JWK or in PEM without a password."""
    jwk = _from_pem(text) if "-----BEGIN" in text else _from_json(text)
    if "d" not in jwk:
        raise UnusablePrivateKey("it is not a private key")
    try:
        import_jwk(public_jwk(jwk))
    except UnusableKey as error:
        raise UnusablePrivateKey(str(error)) from error
    return jwk


def generate_private_jwk() -> dict[str, Any]:
    """A new P-256 key, with its thumbprint (RFC 7638) as key ID."""
    jwk = _jwk_of(generate_private_key(SECP256R1()))
    return {**jwk, "kid": import_jwk(public_jwk(jwk)).thumbprint}


def public_jwk(jwk: dict[str, Any]) -> dict[str, Any]:
    """The public part of ``jwk``."""
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def sign(jwk: dict[str, Any], header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A JWT with ``claims`` and, beyond ``alg``, ``header``. Raises :class:`UnusablePrivateKey`."""
    alg = header.get("alg") or default_algorithm(jwk)
    if ALGORITHMS.get(alg) != (jwk["kty"], jwk.get("crv")):
        raise UnusablePrivateKey(f"it cannot sign with {alg}")
    named = {"kid": jwk["kid"]} if "kid" in jwk else {}
    assertion: str = sign_jwt_bearer_assertion(
        jwk, claims["iss"], claims["aud"], claims=claims, header={**named, **header, "alg": alg}
    )
    return assertion


def default_algorithm(jwk: dict[str, Any]) -> str:
    """Return the algorithm of ``jwk``: its ``alg``, or else the usual one for its type."""
    # The later name of Ed25519 is the one without a warning (RFC 9864).
    fitting = [name for name, kind in ALGORITHMS.items() if kind == (jwk["kty"], jwk.get("crv"))]
    return str(jwk.get("alg") or (fitting[-1] if jwk["kty"] == "OKP" else fitting[0]))


def _from_json(text: str) -> dict[str, Any]:
    try:
        jwk = json.loads(text)
    except ValueError as error:
        raise UnusablePrivateKey("it is neither PEM nor a JWK") from error
    if not isinstance(jwk, dict) or "kty" not in jwk:
        raise UnusablePrivateKey("it is neither PEM nor a JWK")
    return jwk


def _from_pem(text: str) -> dict[str, Any]:
    try:
        return _jwk_of(load_pem_private_key(text.encode(), password=None))
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise UnusablePrivateKey("it is not an unencrypted private key in PEM") from error


def _jwk_of(key: Any) -> dict[str, Any]:
    """RFC 7518 section 6.2.2 and 6.3.2, RFC 8037 section 2. Raises :class:`ValueError` for other kinds."""
    if isinstance(key, RSAPrivateKey):
        rsa = key.private_numbers()
        members = {"n": rsa.public_numbers.n, "e": rsa.public_numbers.e, "d": rsa.d, "p": rsa.p, "q": rsa.q}
        members |= {"dp": rsa.dmp1, "dq": rsa.dmq1, "qi": rsa.iqmp}
        return {"kty": "RSA", **{name: _integer(number) for name, number in members.items()}}
    if isinstance(key, EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        ec = key.private_numbers()
        point = {"x": ec.public_numbers.x, "y": ec.public_numbers.y, "d": ec.private_value}
        crv = _CURVES.get(key.curve.name, key.curve.name)
        return {"kty": "EC", "crv": crv, **{name: _integer(number, size) for name, number in point.items()}}
    if isinstance(key, Ed25519PrivateKey):
        x, d = key.public_key().public_bytes_raw(), key.private_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(x), "d": _base64url(d)}
    raise ValueError("not a kind of key that signs assertions")


def _integer(number: int, size: int = 0) -> str:
    return _base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
