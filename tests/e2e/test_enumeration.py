"""Before a signature is verified, an answer does not depend on who is trusted here (RFC 7521 section 8.4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.models import Decision, TrustedIssuer
from tests.e2e.test_doors import ask
from tests.factories import DROP, ISSUER, ec_key, mint, rsa_key
from tests.support import World

#: Nobody here trusts it.
STRANGER = "https://stranger.example"
NEXT_YEAR = timezone.now() + datetime.timedelta(days=365)
LAST_YEAR = timezone.now() - datetime.timedelta(days=365)

#: The states of an issuer.
STATES: dict[str, dict[str, Any]] = {
    "trusted": {},
    "disabled": {"enabled": False},
    "not yet valid": {"valid_from": NEXT_YEAR},
    "ended": {"valid_until": LAST_YEAR},
    "for ID-JAGs": {"profile": "id-jag"},
    "one algorithm": {"algorithms": ["ES384"]},
    "misconfigured": {"replay_policy": "whatever"},
    "without keys": {"jwks": {"keys": []}},
}

#: What is wrong with a JWT that nobody trusted has signed: each is answered alike for all states.
FAULTS: dict[str, Callable[[str], str]] = {
    "other key": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"kid": ec_key().kid}),
    "unsigned": lambda iss: mint(ec_key(), iss=iss, header={"alg": "none"}).rpartition(".")[0] + ".AAAA",
    "HS256": lambda iss: mint(ec_key(), iss=iss, header={"alg": "HS256"}),
    "unknown alg": lambda iss: mint(ec_key(), iss=iss, header={"alg": "XY999"}),
    "RS256": lambda iss: mint(rsa_key("thief"), iss=iss),
    "typ at+jwt": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"typ": "at+jwt"}),
    "typ of ID-JAG": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"typ": "oauth-id-jag+jwt"}),
    "crit": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"crit": ["exp"]}),
    "b64": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"b64": False}),
    "no kid": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"kid": DROP}),
    "unknown kid": lambda iss: mint(ec_key(name="thief"), iss=iss),
    "kid not a string": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"kid": 7}),
    "jku": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"jku": "https://evil.example/"}),
    "x5c": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"x5c": ["AAAA"]}),
    "nested": lambda iss: mint(ec_key(name="thief"), iss=iss, header={"cty": "JWT"}),
    "expired": lambda iss: mint(ec_key(name="thief"), iss=iss, exp=1),
    "no audience": lambda iss: mint(ec_key(name="thief"), iss=iss, aud=DROP),
    "sub not a string": lambda iss: mint(ec_key(name="thief"), iss=iss, sub=["alice"]),
}


def answered(door: Door, jwt: str) -> tuple[int, list[tuple[str, str]], bytes]:
    response = ask(door, jwt)
    headers = sorted(
        (name, value) for name, value in response.items() if name not in ("Date", "X-Request-ID")
    )
    return response.status_code, headers, response.content


@pytest.mark.standard("ERR-08", "TEX-84")
@pytest.mark.parametrize("door", Door)
def test_no_fault_of_an_unverified_jwt_shows_who_is_trusted_here(
    world: World, settings: Any, door: Door
) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [*Door]}
    world.change(
        world.rule, accepted_as=[*Door], subject_policy="no_user", default_application=world.application
    )
    row = dict(TrustedIssuer.objects.values().get())
    strangers = {fault: answered(door, forged(STRANGER)) for fault, forged in FAULTS.items()}
    assert {status for status, _, _ in strangers.values()} <= {400, 401}

    seen: dict[str, set[str]] = {}
    for state, fields in STATES.items():
        TrustedIssuer.objects.update(**{**row, **fields})
        Decision.objects.all().delete()
        for fault, forged in FAULTS.items():
            assert answered(door, forged(ISSUER)) == strangers[fault], (state, fault)
        seen[state] = set(Decision.objects.values_list("reason", flat=True))

    # The operator has the reasons, all the same.
    assert seen["trusted"] == {"wrong_type", "algorithm", "no_such_key", "bad_signature"}
    assert seen["disabled"] == {"issuer_disabled"}
    assert seen["not yet valid"] == {"issuer_not_yet_valid"}
    assert seen["ended"] == {"issuer_expired"}
    assert seen["misconfigured"] == {"issuer_misconfigured"}
    assert "wrong_type" in seen["for ID-JAGs"]
    assert "algorithm" in seen["one algorithm"]
    assert "no_such_key" in seen["without keys"]
