"""Keys and signatures: the one place that knows the JOSE library.

``joserfc`` does the cryptography. What it leaves open is closed here, before it
is asked: which algorithm fits which kind of key (RFC 8725 section 3.1), key
sizes (RFC 7518 sections 3.3 and 3.5), and that only public signature keys are
ever loaded (RFC 7517 sections 4.2 and 4.3).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from .rsa_keys import weakness
from .texts import Text, _
from .wording import shown

#: Every algorithm that an issuer can be allowed: name -> key type and curve. There is
#: no HMAC among them and no ``none``, so neither can be switched on anywhere.
ALGORITHMS: dict[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}

_CURVE_BITS = {"P-256": 256, "P-384": 384, "P-521": 521, "Ed25519": 255}
_MATERIAL = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_NATIVE: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
# "jwt-svid" is how a SPIFFE trust bundle marks the keys of its JWTs.
_SIGNATURE_USES = frozenset({"sig", "jwt-svid"})


class UnusableKey(ValueError):
    """This key may not verify assertions; the message has the reason and no key material."""


@dataclass(frozen=True, slots=True, eq=False)
class PublicKey:
    """One public signature key of an issuer.

    ``bits`` is the modulus size of an RSA key and the curve size of any other;
    ``thumbprint`` is that of RFC 7638 with SHA-256; ``kid``, ``alg`` and ``use`` are
    what the key says of itself, if it does.
    """

    kty: str
    crv: str | None
    bits: int
    kid: str | None
    alg: str | None
    use: str | None
    thumbprint: str
    native: RSAKey | ECKey | OKPKey = field(repr=False)

    def fits(self, alg: str, kid: str | None) -> bool:
        """Whether this key may verify a JWT with that ``alg`` and ``kid`` header.

        A key that names an algorithm is used with no other (RFC 8725 section 3.1), and
        a ``kid`` in the header selects; without one any fitting key is a candidate
        (RFC 7515 section 4.1.4).
        """
        if kid is not None and self.kid != kid:
            return False
        # RFC 9864: "EdDSA" with this curve and "Ed25519" are one algorithm with two names.
        if self.alg not in (None, alg) and {self.alg, alg} != {"EdDSA", "Ed25519"}:
            return False
        return ALGORITHMS.get(alg) == (self.kty, self.crv)


def import_jwk(jwk: object) -> PublicKey:
    """Load one member of a JWK Set as a public signature key.

    Raises :class:`UnusableKey` for anything else: private, symmetric, for
    encryption, weak, of an unknown type, or malformed (RFC 7517 section 5
    requires that such a key is ignored, so the caller continues with the rest of the set).
    """
    if not isinstance(jwk, Mapping):
        raise UnusableKey(_("not a JSON object"))
    if holds_secret(jwk):
        raise UnusableKey(_("holds private or symmetric key material"))
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in _MATERIAL:
        raise UnusableKey(_("key type (kty) is unknown"))
    kid, alg, use = (_text_or_none(jwk, name) for name in ("kid", "alg", "use"))
    _check_purpose(use, jwk.get("key_ops"), alg)
    native = _load(kty, {name: jwk.get(name) for name in _MATERIAL[kty]})
    crv = None if kty == "RSA" else str(jwk["crv"])
    if alg is not None and ALGORITHMS[alg] != (kty, crv):
        raise UnusableKey(_("algorithm (alg) does not fit the key type"))
    bits = native.public_key.key_size if isinstance(native, RSAKey) else _CURVE_BITS[str(crv)]
    return PublicKey(
        kty=kty,
        crv=crv,
        bits=bits,
        kid=kid,
        alg=alg,
        use=use,
        thumbprint=native.thumbprint(),
        native=native,
    )


def holds_secret(jwk: Mapping[str, Any]) -> bool:
    """Whether a JWK is private or symmetric (RFC 7518 sections 6.2.2, 6.3.2 and 6.4)."""
    return jwk.get("kty") == "oct" or bool(PRIVATE_MEMBERS & jwk.keys())


def import_native(key: Any) -> PublicKey:
    """Load a public key object of ``cryptography`` (from a certificate).

    Raises :class:`UnusableKey` as :func:`import_jwk` does.
    """
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        _check_strength(numbers.n, numbers.e)
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            jwk = dict(kind.import_key(key).as_dict(private=False))
        except (JoseError, TypeError, ValueError, AttributeError, KeyError):
            continue
        return import_jwk({name: jwk[name] for name in ("kty", *_MATERIAL[str(jwk["kty"])]) if name in jwk})
    raise UnusableKey(_("key type is unknown"))


def describe(key: PublicKey) -> Text:
    """Return ``key`` in words: its key ID, or its thumbprint, and its kind."""
    name = (
        _("{thumbprint} without a key ID", thumbprint=key.thumbprint) if key.kid is None else shown(key.kid)
    )
    kind = f"RSA {key.bits}" if key.kty == "RSA" else f"{key.kty} {key.crv}"
    if key.alg:
        return _("the key {name} ({kind}, alg {alg})", name=name, kind=kind, alg=key.alg)
    return _("the key {name} ({kind})", name=name, kind=kind)


def verify(signing_input: bytes, signature: bytes, alg: str, key: PublicKey) -> bool:
    """Whether ``signature`` over ``signing_input`` was made with the private half of ``key``.

    RFC 7515 section 5.2. An algorithm that does not fit the key verifies nothing.
    """
    if ALGORITHMS.get(alg) != (key.kty, key.crv):
        return False
    try:
        return JWSRegistry.algorithms[alg].verify(signing_input, signature, key.native)
    except (JoseError, ValueError, UnsupportedAlgorithm):
        return False


def _text_or_none(jwk: Mapping[str, Any], name: str) -> str | None:
    value = jwk.get(name)
    if value is not None and not isinstance(value, str):
        raise UnusableKey(_("member {name} is not a string", name=name))
    return value


def _check_purpose(use: str | None, key_ops: object, alg: str | None) -> None:
    """RFC 7517 sections 4.2 to 4.4: the key states its use, and the use is verifying."""
    if use is not None and use not in _SIGNATURE_USES:
        raise UnusableKey(_("key is not for signatures (use)"))
    if key_ops is not None and (not isinstance(key_ops, list) or "verify" not in key_ops):
        raise UnusableKey(_("key is not for verifying (key_ops)"))
    if alg is not None and alg not in ALGORITHMS:
        raise UnusableKey(_("algorithm (alg) is not one that assertions may be signed with"))


def _load(kty: str, material: dict[str, Any]) -> RSAKey | ECKey | OKPKey:
    if not all(isinstance(value, str) and value for value in material.values()):
        raise UnusableKey(_("key material is incomplete"))
    if kty != "RSA" and material["crv"] not in _CURVE_BITS:
        raise UnusableKey(_("curve (crv) is unknown"))
    if kty == "RSA":
        _check_strength(_integer(material["n"]), _integer(material["e"]))
    try:
        native = _NATIVE[kty].import_key({"kty": kty, **material})
        # joserfc loads lazily: ask for the key now, so that a bad one fails here.
        native.get_op_key("verify")
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise UnusableKey(_("key material is malformed")) from error
    return native


def _integer(encoded: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), "big")
    except (binascii.Error, ValueError) as error:
        raise UnusableKey(_("key material is malformed")) from error


def _check_strength(modulus: int, exponent: int) -> None:
    """Before the JOSE library sees the key: it warns of small ones, and large ones cost time."""
    fault = weakness(modulus, exponent)
    if fault is not None:
        raise UnusableKey(fault)
