"""Whatever is posted: no error of the server, and no token without a good assertion (RFC 7523 section 3)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oauth2_provider.models import get_access_token_model

from tests.dot import any_body
from tests.factories import DROP, GRANT_TYPE, b64, default_claims, ec_key, mint, mint_raw
from tests.support import FORM, SECRET, World, build_world, post, tokens

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_PARAMETERS = [
    "grant_type", "assertion", "client_id", "client_secret", "scope", "resource", "client_assertion",
    "client_assertion_type", "authorization_details", "username", "code", "state", "encoding", "user",
]  # fmt: skip
NAMES = st.sampled_from(_PARAMETERS)
ODD = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=30),
    st.sampled_from(
        ["", "\0", "client", SECRET, "read", GRANT_TYPE, "x" * 10_000, "\ufffd", "%00", "https://a/"]
    ),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CLAIM_NAMES = st.sampled_from(
    ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope", "resource", "client_id", "cnf", "nonce", "act"]
)
HEADER_NAMES = st.sampled_from(["alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5c", "x5t#S256"])


@pytest.fixture
def strict_world(world: World) -> World:
    """A world in which nobody but the usual client has a chance."""
    world.change(world.rule, recorded_claims=["act", "/act/sub", "nonce2"], resources=["https://a.example/"])
    return world


def check(response: Any, *, may_be_granted: bool) -> None:
    assert response.status_code < 500 or response.status_code == 503, response.content
    if response.status_code != 200:
        assert b"access_token" not in response.content
    else:
        assert may_be_granted


@pytest.mark.standard("ERR-07", "REQ-16", "ROB-02")
@EXAMPLES
@given(pairs=st.lists(st.tuples(NAMES, ODD), max_size=8), query=st.sampled_from(["", "a=b", "%"]))
def test_arbitrary_parameters(strict_world: World, pairs: list[tuple[str, Any]], query: str) -> None:
    with transaction.atomic():
        response = post([("grant_type", GRANT_TYPE), *pairs], query=query)

    check(response, may_be_granted=False)
    assert tokens() == 0


@any_body
@pytest.mark.standard("ERR-07", "REQ-16")
@EXAMPLES
@given(
    body=st.binary(max_size=200), content_type=st.sampled_from([FORM, "multipart/form-data; boundary=x", ""])
)
def test_arbitrary_bodies(strict_world: World, body: bytes, content_type: str) -> None:
    grant = f"grant_type={GRANT_TYPE}&".encode()

    check(post(grant + body, content_type=content_type or "text/plain"), may_be_granted=False)
    escaped = quote_from_bytes(body).encode()
    check(post(grant + b"assertion=" + escaped, content_type=FORM), may_be_granted=False)


@pytest.mark.standard("CLI-02", "ERR-07")
@EXAMPLES
@given(
    scheme=st.sampled_from(["Basic ", "basic ", "Basic", "Bearer ", "", "Digest "]),
    value=st.one_of(
        st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30),
        st.binary(max_size=30).map(lambda raw: base64.b64encode(raw).decode()),
        st.tuples(st.text(max_size=10), st.text(max_size=10)).map(
            lambda pair: base64.b64encode(":".join(pair).encode()).decode()
        ),
    ),
)
def test_arbitrary_credentials(strict_world: World, scheme: str, value: str) -> None:
    strict_world.change(strict_world.rule, client_policy="anonymous")
    header = (scheme + value).strip()
    pairs = strict_world.pairs(client_id=DROP, client_secret=DROP)

    response = post(pairs, headers={"Authorization": header})

    # What is no header at all is no credential.
    check(response, may_be_granted=not header)
    if header:
        assert response.status_code in (400, 401)


@pytest.mark.standard("ERR-07", "ROB-02", "CLM-11")
@EXAMPLES
@given(
    header=st.dictionaries(HEADER_NAMES, JSON, max_size=3),
    claims=st.dictionaries(CLAIM_NAMES, JSON, max_size=3),
)
def test_well_signed_nonsense(strict_world: World, header: dict[str, Any], claims: dict[str, Any]) -> None:
    jose = json.dumps({"alg": "ES256", "kid": ec_key().kid} | header)
    payload = json.dumps(default_claims() | claims)

    response = strict_world.post(assertion=mint_raw(ec_key(), jose, payload))

    # Harmless changes leave a good assertion good.
    check(response, may_be_granted=True)
    if response.status_code == 200:
        assert get_access_token_model().objects.latest("pk").user == strict_world.user


@pytest.mark.standard("JOSE-01", "ERR-07")
@EXAMPLES
@given(data=st.data())
def test_one_changed_character(strict_world: World, data: st.DataObject) -> None:
    good = mint(ec_key())
    position = data.draw(st.integers(0, len(good) - 1))
    character = data.draw(st.sampled_from("ABab01-_.=+/ \0é"))
    changed = good[:position] + character + good[position + 1 :]

    check(strict_world.post(assertion=changed), may_be_granted=changed == good)


@pytest.mark.standard("JOSE-01")
@EXAMPLES
@given(claims=st.dictionaries(CLAIM_NAMES, JSON, max_size=4), signature=st.binary(max_size=140))
def test_unsigned_claims(strict_world: World, claims: dict[str, Any], signature: bytes) -> None:
    jose = b64(json.dumps({"alg": "ES256", "kid": ec_key().kid}))
    payload = b64(json.dumps(default_claims() | claims))

    check(strict_world.post(assertion=f"{jose}.{payload}.{b64(signature)}"), may_be_granted=False)


def test_the_world_of_these_tests_grants_what_is_good(db: None) -> None:
    check(build_world().post(), may_be_granted=True)
    assert tokens() == 1
