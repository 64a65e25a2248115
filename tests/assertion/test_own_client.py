"""A JWT of the client's own beside the one that is the grant: never the same."""

from __future__ import annotations

from typing import Any

import pytest

from oauth_jwt_grant.assertion import client_of, may_authenticate
from tests.factories import DROP, ec_key, mint
from tests.support import cases

CLIENT = {"iss": "client", "sub": "client"}
LONGEST = 5000


def own(**claims: Any) -> str:
    return mint(ec_key(), **{**CLIENT, **claims})


@pytest.mark.standard("XDR-02", "XDR-03")
@cases(
    ("client", "grant", "allowed"),
    [
        ({"jti": "a"}, {"jti": "b"}, True),
        ({"jti": "a"}, {"jti": "a", "iss": "issuer"}, True),
        ({"jti": "a"}, {"jti": DROP}, True),
        ({"jti": DROP}, {"jti": DROP, "sub": "alice"}, True),
        ({"jti": "a"}, {"jti": "a"}, False),
        ({"jti": "a"}, {"jti": "a", "sub": "alice", "aud": "x"}, False),
        # As header and claims: ECDSA has another signature each time.
        ({"jti": DROP}, {"jti": DROP}, False),
    ],
)
def test_another_jwt_than_the_grant(client: dict[str, Any], grant: dict[str, Any], allowed: bool) -> None:
    same_time = {"iat": 1, "exp": 2, "nbf": DROP}
    assert may_authenticate(own(**same_time, **client), own(**same_time, **grant), LONGEST) is allowed


@cases("sub", [DROP, None, 1, ["client"], "client\n", "\u200bclient"])
def test_who_it_names_can_be_looked_up(sub: Any) -> None:
    assert not may_authenticate(own(sub=sub), mint(ec_key()), LONGEST)


def test_what_cannot_be_read() -> None:
    assert not may_authenticate("x", mint(ec_key()), LONGEST)
    assert not may_authenticate(own(), mint(ec_key()), 20)
    # A grant that is none is refused as a grant.
    assert may_authenticate(own(), "x", LONGEST)


@pytest.mark.standard("PKJ-01", "PKJ-02")
@cases(
    "claims",
    [{"iss": "other"}, {"sub": "other"}, {"iss": DROP}, {"iss": None, "sub": None}]
    + [{"iss": name, "sub": name} for name in (["client"], "client\x00", "clïent", "\u200bclient")],
)
def test_whose_own_it_is(claims: dict[str, Any]) -> None:
    assert client_of(own(), LONGEST) == "client"
    assert client_of(own(**claims), LONGEST) is None
    assert client_of(own(), 20) is None
