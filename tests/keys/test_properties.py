"""Whatever is posted or published: no exception but the ones that are announced."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oauth_jwt_grant.assertion import AssertionRefused
from oauth_jwt_grant.keys import CertificateKeys, InlineKeys, normalise_jwks
from oauth_jwt_grant.keys.parse import parse_key_set, without_secrets

from .authority import Authority, name_of
from .material import ec_jwk, header

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["AQAB", "P-256", "RSA", "EC"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
JWK = st.dictionaries(
    st.sampled_from(["kty", "kid", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "d", "x5c", "issuer"]),
    JSON,
)
ROOT = Authority("Root")
LEAF = Authority.b64(ROOT.issue(name_of("signer")))
CERTIFICATES = CertificateKeys(trust_anchors=ROOT.pem, bindings=["dns=a.example"])


@given(st.lists(JWK | JSON, max_size=4))
def test_any_member_is_used_or_left_out(members: list[Any]) -> None:
    parsed = parse_key_set({"keys": members}, 100)
    assert len(parsed.keys) + len(parsed.left_out) == len(members)
    again = parse_key_set(without_secrets({"keys": members}), 100)
    assert len(again.keys) == len(parsed.keys)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("kid", "use", "alg", "x", "y", "crv"), SCALARS)))
def test_a_good_key_changed_in_any_way(changes: dict[str, Any]) -> None:
    parsed = parse_key_set({"keys": [ec_jwk("a") | changes, ec_jwk("b")]}, 100)
    assert "b" in {key.kid for key in parsed.keys}


@given(JSON | JWK | st.text(max_size=200))
def test_whatever_an_operator_enters(value: Any) -> None:
    try:
        normalised = normalise_jwks(value)
    except ValueError:
        return
    assert InlineKeys(normalised).status().keys


@given(st.lists(st.text(max_size=50) | st.binary(max_size=50).map(str) | st.just(LEAF) | JSON, max_size=4))
def test_whatever_is_sent_as_certificates(chain: list[Any]) -> None:
    try:
        keys = CERTIFICATES.candidates(header(x5c=chain))
    except AssertionRefused:
        return
    raise AssertionError(keys)


@given(st.data())
def test_a_certificate_changed_in_any_way(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(LEAF) - 1))
    changed = LEAF[:position] + data.draw(st.sampled_from("Az09+/=-_ ")) + LEAF[position + 1 :]
    try:
        keys = CERTIFICATES.candidates(header(x5c=[changed, Authority.b64(ROOT.certificate)]))
    except AssertionRefused:
        return
    raise AssertionError(keys)
