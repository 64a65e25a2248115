"""Makes what tests need: keys, claims, and assertions that are well signed, whatever else is wrong with them.

Nothing here uses the package under test: signatures are made by ``cryptography``.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


class _Drop:
    """The type of :data:`DROP`. Its ``repr`` is part of test ids, which must be the same in every process."""

    def __repr__(self) -> str:
        return "DROP"


#: Given as a claim or header parameter: leave it out.
DROP: Final = _Drop()

ISSUER = "https://issuer.example"
SUBJECT = "alice"
AUDIENCE = "https://as.example.com"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: A moment in 2027, for tests that inject the time.
NOW = 1_800_000_000

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@dataclass(frozen=True)
class Key:
    """A private key of an issuer, its key ID, and the algorithm it signs with unless told otherwise."""

    kid: str
    alg: str
    private: Any

    @property
    def public(self) -> Any:
        return self.private.public_key()

    def pem(self) -> str:
        """The public key in PEM."""
        return self.public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def private_pem(self) -> str:
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def sign(self, message: bytes, alg: str | None = None) -> bytes:
        """A JWS signature (RFC 7518 section 3): with ``alg`` if the key can make such a one at all."""
        alg = alg or self.alg
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        digest = _HASHES[alg[2:]]
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            size = (self.private.curve.key_size + 7) // 8
            r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if alg.startswith("PS"):
            pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
            return self.private.sign(message, pss, digest)
        return self.private.sign(message, padding.PKCS1v15(), digest)


@functools.cache
def rsa_key(name: str = "rsa") -> Key:
    """An RSA key of 2048 bits, made once per process and name."""
    return Key(name, "RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048))


@functools.cache
def ec_key(curve: str = "P-256", name: str = "ec") -> Key:
    """A key on ``curve``, made once per process and name."""
    alg = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[curve]
    return Key(f"{name}-{curve}", alg, ec.generate_private_key(_CURVES[curve]))


@functools.cache
def ed25519_key(name: str = "ed25519") -> Key:
    return Key(name, "Ed25519", ed25519.Ed25519PrivateKey.generate())


def key_for(alg: str, name: str = "") -> Key:
    """A key that can sign with ``alg``."""
    if alg.startswith(("RS", "PS")):
        return rsa_key(*filter(None, [name]))
    if alg.startswith("ES"):
        curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg]
        return ec_key(curve, *filter(None, [name]))
    return ed25519_key(*filter(None, [name]))


def jwk(key: Key, **members: Any) -> dict[str, Any]:
    """The public JWK of ``key``; ``members`` are added or, if :data:`DROP`, left out."""
    return _merged({"kid": key.kid, "use": "sig", **_material(key.public)}, members)


def jwks(*keys: Key) -> dict[str, Any]:
    """A JWK Set of the public keys of ``keys``."""
    return {"keys": [jwk(key) for key in keys]}


def default_claims(*, now: float | None = None, **overrides: Any) -> dict[str, Any]:
    """Claims that nothing is wrong with at ``now`` (the present, if not given), changed by ``overrides``."""
    moment = int(time.time() if now is None else now)
    claims = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": AUDIENCE,
        "iat": moment,
        "exp": moment + 300,
        "jti": uuid.uuid4().hex,
    }
    return _merged(claims, overrides)


def mint(
    key: Key,
    *,
    header: dict[str, Any] | None = None,
    alg: str | None = None,
    now: float | None = None,
    **claims: Any,
) -> str:
    """An assertion with :func:`default_claims` changed by ``claims``, signed by ``key``.

    ``header`` changes the JOSE header but not how the signature is made; ``alg`` changes both.
    """
    alg = alg or key.alg
    jose = _merged({"alg": alg, "kid": key.kid, "typ": "JWT"}, header or {})
    return mint_raw(key, _json(jose), _json(default_claims(now=now, **claims)), alg=alg)


def thumbprint(key: Key) -> str:
    """The thumbprint of the public key with SHA-256 (RFC 7638)."""
    return b64(
        hashlib.sha256(
            json.dumps(_material(key.public), sort_keys=True, separators=(",", ":")).encode()
        ).digest()
    )


def proof(
    key: Key,
    *,
    method: str = "POST",
    url: str = f"{AUDIENCE}/o/token/",
    token: str | None = None,
    now: float | None = None,
    header: dict[str, Any] | None = None,
    alg: str | None = None,
    **claims: Any,
) -> str:
    """A DPoP proof of ``key`` for a request (RFC 9449 section 4.2), and for ``token`` if one is given."""
    alg = alg or key.alg
    jose = _merged({"alg": alg, "typ": "dpop+jwt", "jwk": _material(key.public)}, header or {})
    good = {
        "htm": method,
        "htu": url,
        "iat": int(time.time() if now is None else now),
        "jti": uuid.uuid4().hex,
        "ath": DROP if token is None else b64(hashlib.sha256(token.encode()).digest()),
    }
    return mint_raw(key, _json(jose), _json(_merged(good, claims)), alg=alg)


def mint_raw(key: Key, header: str | bytes, payload: str | bytes, *, alg: str | None = None) -> str:
    """Sign these very texts, be they JSON or not."""
    signing_input = f"{b64(header)}.{b64(payload)}"
    return f"{signing_input}.{b64(key.sign(signing_input.encode(), alg))}"


def mint_hmac(secret: bytes, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An assertion with an HMAC (HS256) over it."""
    jose = _merged({"alg": "HS256", "typ": "JWT"}, header or {})
    signing_input = f"{b64(_json(jose))}.{b64(_json(default_claims(**claims)))}"
    return f"{signing_input}.{b64(hmac.new(secret, signing_input.encode(), hashlib.sha256).digest())}"


def b64(data: str | bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not DROP}


def _material(public: Any) -> dict[str, str]:
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    if isinstance(public, ec.EllipticCurvePublicKey):
        size = (public.curve.key_size + 7) // 8
        x, y = public.public_numbers().x, public.public_numbers().y
        crv = next(name for name, curve in _CURVES.items() if curve.name == public.curve.name)
        return {"kty": "EC", "crv": crv, "x": _integer(x, size), "y": _integer(y, size)}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}


def _integer(number: int, size: int | None = None) -> str:
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))
