"""One issuer and its terms, and the way from a text to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oauth_jwt_grant.assertion import (
    ALGORITHMS,
    AssertionPolicy,
    NotGranted,
    PublicKey,
    UnverifiedAssertion,
    VerifiedAssertion,
    validate,
)
from oauth_jwt_grant.assertion.jose import import_jwk
from tests.factories import AUDIENCE, ISSUER, NOW, Key, ec_key, jwk, mint

MAX_LENGTH = 16384
LEEWAY = 30
MAX_LIFETIME = 3600

POLICY: dict[str, Any] = {
    "issuer": ISSUER,
    "audiences": frozenset({AUDIENCE, f"{AUDIENCE}/o/token/"}),
    "algorithms": frozenset(ALGORITHMS),
    "leeway": LEEWAY,
    "max_lifetime": MAX_LIFETIME,
}


def policy(**changes: Any) -> AssertionPolicy:
    return AssertionPolicy(**{**POLICY, **changes})


def public(key: Key, **members: Any) -> PublicKey:
    return import_jwk(jwk(key, **members))


def candidates(*keys: PublicKey) -> Callable[[Any], list[PublicKey]]:
    """Those of ``keys`` that fit the header, as every source of keys picks them."""
    return lambda header: [key for key in keys if key.fits(header["alg"], header.get("kid"))]


def parse(text: str) -> UnverifiedAssertion:
    return UnverifiedAssertion.parse(text, MAX_LENGTH)


def check(
    text: str, *keys: PublicKey, terms: AssertionPolicy | None = None, now: float = NOW, **watch: Any
) -> VerifiedAssertion:
    """What the core makes of ``text``; without ``keys`` the issuer has the default one."""
    source = candidates(*(keys or (public(ec_key()),)))
    return validate(parse(text), terms or policy(), source, now=now, **watch)


def check_claims(terms: AssertionPolicy | None = None, **claims: Any) -> VerifiedAssertion:
    """What the core makes of a well signed assertion with ``claims``."""
    return check(mint(ec_key(), now=NOW, **claims), terms=terms)


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> NotGranted:
    """The refusal that ``call`` ends with."""
    with pytest.raises(NotGranted) as caught:
        call(*args, **kwargs)
    return caught.value
