"""A DPoP proof: RFC 9449 section 4.3, item by item, without Django, clock, network or database.

A proof is a JWT that its sender has made for one HTTP request with a key of its own. It is
read as strictly as an assertion, by the same code. Not here: item 1 (one header field),
as two make no JWT; item 10 (nonces), as none are given out; and whether the proof has been
used before (section 11.1), which needs a memory.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ..assertion.claims import numeric_date, string_claim
from ..assertion.errors import AssertionRefused, Reason
from ..assertion.jose import ALGORITHMS, PublicKey, UnusableKey, import_jwk, verify
from ..assertion.texts import NOTHING, Text, _, text_of, verbatim
from ..assertion.tokens import UnverifiedJWT

#: Section 4.2: the type that distinguishes a proof from every other JWT.
PROOF_TYPE = "dpop+jwt"
#: In characters: an RSA key of 8192 bits and its signature fit.
MAX_PROOF_LENGTH = 8192
#: Seconds for which a proof is fresh: it is made for one request, at once.
PROOF_LIFETIME = 60

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofTerms:
    """The request that a proof has to be made for.

    ``urls`` are the trusted URLs of its target: without one no proof is accepted.
    ``token`` is the access token that it is sent with, ``now`` is in seconds since the epoch, and
    ``leeway`` the seconds of clock skew that are allowed.
    """

    method: str
    urls: Collection[str]
    token: str | None = field(default=None, repr=False)
    now: float
    leeway: int


@dataclass(frozen=True, slots=True)
class Proof:
    """An accepted proof: the thumbprint of its key (RFC 7638), and its ``jti``."""

    thumbprint: str
    jti: str


def verify_proof(text: str, terms: ProofTerms) -> Proof:
    """Check ``text``, the value of a ``DPoP`` header, against ``terms``.

    Raises :class:`AssertionRefused` (``DPOP_PROOF``); its name says what is wrong.
    """
    try:
        jwt = UnverifiedJWT.parse(text, MAX_PROOF_LENGTH)
        key = _find_key(jwt)
        _check_request(jwt.claims, terms)
        _check_time(numeric_date(jwt.claims, "iat", required=True), terms)
        jti = str(string_claim(jwt.claims, "jti", required=True))
    except AssertionRefused as refused:
        raise _refusal(refused.name or "form", verbatim(str(refused))) from refused
    return Proof(key.thumbprint, jti)


def _find_key(jwt: UnverifiedJWT) -> PublicKey:
    """Items 4 to 7: a proof, signed with the private half of the public key that it brings along."""
    if jwt.typ != PROOF_TYPE:
        raise _refusal("typ")
    if jwt.alg not in ALGORITHMS:
        raise _refusal("alg")
    try:
        key = import_jwk(jwt.header.get("jwk"))
    except UnusableKey as error:
        raise _refusal("jwk", text_of(error)) from error
    if not key.fits(jwt.alg, None):
        raise _refusal("jwk", _("it is not of the kind that alg wants"))
    if not verify(jwt.signing_input, jwt.signature, jwt.alg, key):
        raise _refusal("signature")
    return key


def _check_request(claims: Any, terms: ProofTerms) -> None:
    """Items 8, 9 and 12: made for this method, this URL and this access token."""
    if claims.get("htm") != terms.method:
        raise _refusal("htm")
    target = _target(claims.get("htu"))
    if target is None or target not in map(_target, terms.urls):
        raise _refusal("htu")
    if terms.token is not None and claims.get("ath") != _digest(terms.token):
        raise _refusal("ath")


def _check_time(issued_at: float, terms: ProofTerms) -> None:
    """Item 11: made just now."""
    if not -terms.leeway <= terms.now - issued_at <= PROOF_LIFETIME + terms.leeway:
        raise _refusal("iat")


def _target(url: object) -> tuple[str, str, int, bytes] | None:
    """What ``url`` leads to, without query and fragment, or ``None`` if it is no such URL.

    Normalised as item 9 asks for (RFC 3986 sections 6.2.2 and 6.2.3): case, default port, empty
    path, and escapes, which Django decodes before it looks at a path.
    """
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        return None
    if port is None or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port, unquote_to_bytes(parts.path or "/")


def _digest(token: str) -> str:
    """Section 4.2, ``ath``."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _refusal(name: str, detail: Text = NOTHING) -> AssertionRefused:
    return AssertionRefused(Reason.DPOP_PROOF, name, detail)
