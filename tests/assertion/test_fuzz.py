"""Whatever is posted: a verdict, and never any other error."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oauth_jwt_grant.assertion import AssertionRefused, Reason, UnverifiedAssertion, VerifiedAssertion
from oauth_jwt_grant.assertion.jose import ALGORITHMS, PublicKey, UnusableKey, import_jwk, verify
from oauth_jwt_grant.assertion.strict_json import MalformedJSON, read_object
from tests.factories import NOW, b64, default_claims, ec_key, ed25519_key, jwk, mint_raw, rsa_key

from .support import check, parse, policy, public

FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from(
        [True, False, 10**30, 10**308, 10**400, -1, 1e308, -0.0, NOW, NOW + 300, 2**63, 253402300800]
    ),
)
texts = st.one_of(
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(["\0", "\ud800", "\udc00x", "a" * 600, "é", ""]),
)
values = st.recursive(
    st.one_of(st.none(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
HEADERS = ["alg", "kid", "typ", "cty", "crit", "b64", "jwk", "x5c"]
CLAIMS = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "cnf", "scope"]


def dump(value: object) -> str:
    """JSON of any value: NaN, lone surrogates and numbers of thousands of digits included."""
    return json.dumps(value)


def verdict(text: str) -> VerifiedAssertion | None:
    """What the core makes of ``text``, checked as far as it gets; any other error goes up."""
    try:
        assertion = parse(text)
        assert isinstance(assertion.alg, str)
        assert isinstance(assertion.issuer, str)
        assert {type(assertion.kid), type(assertion.typ)} <= {str, type(None)}
        return check(text, *map(public, (ec_key(), rsa_key())), terms=policy(issuer=assertion.issuer))
    except AssertionRefused as error:
        if not error.public_text:
            raise
        return None


@FAST
@given(st.text(st.characters(codec=None), max_size=200))
def test_arbitrary_text(text: str) -> None:
    assert verdict(text) is None


@FAST
@given(st.text(f"{string.ascii_letters}{string.digits}-_.=+/ \n\0", max_size=200))
def test_text_of_the_right_alphabet(text: str) -> None:
    assert verdict(text) is None


@FAST
@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_three_parts_of_anything(header: bytes, claims: bytes, signature: bytes) -> None:
    assert verdict(f"{b64(header)}.{b64(claims)}.{b64(signature)}") is None


@FAST
@given(values, values)
def test_any_json_in_the_parts(header: object, claims: object) -> None:
    assert verdict(mint_raw(ec_key(), dump(header), dump(claims))) is None


@FAST
@given(st.dictionaries(st.sampled_from(HEADERS), values, max_size=3))
def test_headers_changed(changes: dict[str, Any]) -> None:
    header = {"alg": "ES256", "kid": ec_key().kid, **changes}
    verified = verdict(mint_raw(ec_key(), dump(header), dump(default_claims(now=NOW))))
    assert verified is None or verified.header["alg"] == "ES256"


@FAST
@given(st.dictionaries(st.sampled_from(CLAIMS), values, max_size=3))
@example({"exp": 10**400})
@example({"sub": "\0"})
@example({"aud": [[]]})
def test_claims_changed(changes: dict[str, Any]) -> None:
    verified = verdict(mint_raw(ec_key(), '{"alg":"ES256"}', dump(default_claims(now=NOW, **changes))))
    if verified is not None:
        assert isinstance(verified.claims["exp"], int | float)
        assert NOW - 30 < verified.expires_at <= NOW + 3630
        assert isinstance(verified.claims["sub"], str)
        assert len(verified.replay_key) == 64
        assert not {"cnf", "nonce"} & changes.keys()
        assert json.loads(json.dumps(verified.claims, allow_nan=False)) == verified.claims
        assert "\\u0000" not in json.dumps(verified.claims)
        str(verified.claims).encode()


@FAST
@given(st.data())
def test_one_character_changed(data: st.DataObject) -> None:
    text = mint_raw(ec_key(), '{"alg":"ES256"}', dump(default_claims(now=NOW)))
    at = data.draw(st.integers(0, len(text)))
    spoilt = text[:at] + data.draw(st.sampled_from([*"Aa0-_.=~ \n\0é", ""])) + text[at + 1 :]
    assert spoilt == text or verdict(spoilt) is None


@FAST
@given(st.text(max_size=30), st.integers(0, 20))
def test_no_longer_than_allowed(text: str, limit: int) -> None:
    with pytest.raises(AssertionRefused) as caught:
        UnverifiedAssertion.parse(text, limit)
    assert (caught.value.reason is Reason.TOO_LONG) == (len(text) > limit)


@FAST
@given(st.one_of(st.binary(max_size=60), values.map(dump).map(str.encode)))
@example(b'{"a":' * 6000)
@example(b'{"a":' + b"9" * 5000 + b"}")
def test_strict_json_reads_or_refuses(raw: bytes) -> None:
    try:
        value = read_object(raw)
    except MalformedJSON:
        return
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@FAST
@given(
    st.sampled_from([rsa_key, ec_key, ed25519_key]),
    st.dictionaries(
        st.sampled_from(["kty", "n", "e", "crv", "x", "y", "alg", "use", "key_ops", "kid"]),
        values,
        max_size=3,
    ),
    st.binary(max_size=70),
)
def test_keys_changed(make: Any, changes: dict[str, Any], signature: bytes) -> None:
    try:
        key = import_jwk(jwk(make(), **changes))
    except UnusableKey:
        return
    assert isinstance(key, PublicKey)
    assert not any(verify(b"x", signature, alg, key) for alg in ALGORITHMS)


@FAST
@given(values)
def test_anything_as_a_key(document: object) -> None:
    try:
        import_jwk(document)
    except UnusableKey:
        return
    raise AssertionError(document)


@FAST
@given(st.sampled_from(["n", "e"]), st.binary(min_size=1, max_size=300))
def test_any_numbers_in_an_rsa_key(member: str, number: bytes) -> None:
    """Even moduli, tiny and enormous exponents: no error but the one, and nothing verifies."""
    try:
        key = import_jwk(jwk(rsa_key(), **{member: b64(number)}))
    except UnusableKey:
        return
    for alg in ("RS256", "PS256"):
        assert not verify(b"x", b"\1" * (key.bits // 8), alg, key)
