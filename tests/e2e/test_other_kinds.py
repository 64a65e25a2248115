"""Kinds of JWTs that pass no door, whatever a rule says (RFC 8725 section 3.12)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.models import Decision
from tests.factories import AUDIENCE, DROP, b64, ec_key, mint
from tests.support import TYPE, World, assert_refused, pairs_of, post, tokens

CLIENT, JAG = "client-authentication+jwt", "oauth-id-jag+jwt"
#: Each type with the one door that it is for, if there is one.
TYPES: dict[str, Door | None] = {
    **dict.fromkeys(
        [
            *("at+jwt", "dpop+jwt", JAG, "txntoken+jwt", "wit+jwt", "wpt+jwt", "wimse-id+jwt"),
            *("wimse-proof+jwt", "oauth-client-attestation+jwt", "oauth-client-attestation-pop+jwt"),
            *("secevent+jwt", "logout+jwt", "oauth-authz-req+jwt", "token-introspection+jwt"),
            *("entity-statement+jwt", "trust-mark+jwt", "trust-mark-delegation+jwt"),
            *("trust-mark-status-response+jwt", "resolve-response+jwt", "explicit-registration-response+jwt"),
            *("jwk-set+jwt", "kb+jwt", "dc+sd-jwt", "vc+sd-jwt", "vc+jwt", "vp+jwt", "openid4vci-proof+jwt"),
            *("statuslist+jwt", "passport", "JOSE+JSON", "jag+jwt", "authorization-grant+jwt", "", "x"),
            *("application/at+jwt", "AT+JWT", "application/TXNTOKEN+JWT"),
        ]
    ),
    CLIENT: Door.CLIENT_ASSERTION,
    "application/CLIENT-AUTHENTICATION+JWT": Door.CLIENT_ASSERTION,
}


@pytest.fixture
def opened(world: World, settings: Any) -> World:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [*Door]}
    fields = {"subject_policy": "no_user", "default_application": world.application}
    world.change(world.issuer, audiences=[AUDIENCE])
    world.change(world.rule, accepted_as=[*Door], **fields)
    return world


def ask(door: Door, jwt: str, **changes: Any) -> Any:
    return post(pairs_of(door, jwt, **changes))


@pytest.mark.standard(
    "NTY-01", "NTY-02", "NTY-03", "NTY-04", "NTY-05", "NTY-06", "NTY-07", "NTY-08", "NTY-09"
)
@pytest.mark.standard(
    "NTY-10", "NTY-11", "NTY-12", "NTY-13", "NTY-14", "NTY-15", "NTY-16", "NTY-17", "NTY-18"
)
@pytest.mark.standard("NTY-19", "NTY-20", "NTY-21", "NTY-22", "NTY-23", "NTY-24", "NTY-25", "NTY-26")
@pytest.mark.standard(
    "TEX-37", "FIC-36", "FIC-37", "FIC-38", "FIC-45", "SPF-12", "SPF-13", "XAU-05", "XAU-07"
)
@pytest.mark.standard("XAU-08", "XDP-11", "ANS-02")
@pytest.mark.parametrize("typ", TYPES)
def test_a_type_of_another_kind(opened: World, typ: str) -> None:
    for door in Door:
        answer = ask(door, mint(ec_key(), header={"typ": typ}))
        if door is TYPES[typ]:
            assert answer.status_code == 200
        else:
            assert_refused(answer, door.error)


@pytest.mark.standard("NTY-04", "TEX-37", "FIC-45", "XAU-02")
def test_an_id_jag_passes_one_door_of_an_issuer_of_its_profile(opened: World) -> None:
    opened.change(opened.issuer, profile="id-jag")
    answers = {
        door: ask(door, mint(ec_key(), header={"typ": JAG}, client_id="client")).status_code for door in Door
    }
    assert answers == {
        Door.AUTHORIZATION_GRANT: 200,
        Door.SUBJECT_TOKEN: 400,
        Door.CLIENT_ASSERTION: 401,
    }


@pytest.mark.standard("NTY-27")
@pytest.mark.parametrize("typ", [1, None, ["JWT"], {}], ids=repr)
def test_a_type_that_is_no_string(opened: World, typ: Any) -> None:
    for door in Door:
        assert_refused(ask(door, mint(ec_key(), header={"typ": typ})), door.error)


@pytest.mark.standard("NTY-30", "FIC-45")
@pytest.mark.parametrize("typ", [DROP, "JWT"])
@pytest.mark.parametrize("events", [{"http://schemas.openid.net/event/backchannel-logout": {}}, None])
def test_a_security_event_without_its_type(opened: World, typ: Any, events: Any) -> None:
    for door in Door:
        assert_refused(ask(door, mint(ec_key(), header={"typ": typ}, events=events)), door.error)
    label = {"subject_token_type": f"{TYPE}id_token"}
    assert_refused(ask(Door.SUBJECT_TOKEN, mint(ec_key(), events=events), **label), "invalid_request")


@pytest.mark.standard("NTY-31", "TEX-36", "FIC-45", "H-11")
@pytest.mark.parametrize("claim", ["nonce", "at_hash", "c_hash"])
def test_an_id_token_passes_under_its_own_label_alone(opened: World, claim: str) -> None:
    for door in Door:
        assert_refused(ask(door, mint(ec_key(), **{claim: "x"})), door.error)
    label = {"subject_token_type": f"{TYPE}id_token"}
    assert ask(Door.SUBJECT_TOKEN, mint(ec_key(), **{claim: "x"}), **label).status_code == 200
    wrong = mint(ec_key(), header={"typ": "at+jwt"})
    assert_refused(ask(Door.SUBJECT_TOKEN, wrong, **label), "invalid_request")


@pytest.mark.standard("TEX-32", "TEX-33", "TEX-34", "XAU-04")
@pytest.mark.parametrize(
    "claims",
    [
        *({name: DROP} for name in ("iss", "sub", "aud", "exp", "iat")),
        *({"aud": aud} for aud in ("https://as.example.com/o/token/", "other", [AUDIENCE, "other"])),
        {"azp": "other"},
    ],
    ids=str,
)
def test_an_id_token_is_for_the_client_of_the_row(opened: World, claims: dict[str, Any]) -> None:
    opened.change(opened.issuer, audiences=["client at the provider"])
    label = {"subject_token_type": f"{TYPE}id_token"}
    good = {"aud": "client at the provider", "iat": int(time.time())}
    changed = {**good, **claims}
    assert_refused(ask(Door.SUBJECT_TOKEN, mint(ec_key(), **changed), **label), "invalid_request")
    assert ask(Door.SUBJECT_TOKEN, mint(ec_key(), **good), **label).status_code == 200


@pytest.mark.standard("NTY-32", "NTY-36", "FIC-31", "FIC-32", "XAU-01", "XAU-03", "XAU-10", "H-22")
@pytest.mark.parametrize(
    ("aud", "doors"),
    [
        ("https://kubernetes.default.svc", []),
        ("client", []),
        ([AUDIENCE], [*Door]),
        ([AUDIENCE, "other"], [Door.AUTHORIZATION_GRANT, Door.SUBJECT_TOKEN]),
        ([AUDIENCE, AUDIENCE], [Door.AUTHORIZATION_GRANT, Door.SUBJECT_TOKEN]),
        ("https://as.example.com/o/token/", [Door.AUTHORIZATION_GRANT, Door.SUBJECT_TOKEN]),
    ],
    ids=str,
)
def test_the_audience_at_each_door(opened: World, settings: Any, aud: Any, doors: list[Door]) -> None:
    opened.change(opened.issuer, audiences=[])
    audiences = [AUDIENCE, "https://as.example.com/o/token/"]
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "AUDIENCES": audiences}
    assert [door for door in Door if ask(door, mint(ec_key(), aud=aud)).status_code == 200] == doors


@pytest.mark.standard("FIC-34")
def test_one_audience_of_an_issuer_that_cannot_set_ours(opened: World) -> None:
    theirs = "api://AzureADTokenExchange"
    opened.change(opened.issuer, audiences=[theirs])
    assert ask(Door.CLIENT_ASSERTION, mint(ec_key(), aud=theirs)).status_code == 200
    assert_refused(ask(Door.CLIENT_ASSERTION, mint(ec_key())), "invalid_client")
    opened.change(opened.issuer, audiences=[])
    assert_refused(ask(Door.CLIENT_ASSERTION, mint(ec_key(), aud=theirs)), "invalid_client")


@pytest.mark.standard("NTY-35", "FIC-30", "FIC-41", "TEX-31", "H-1", "H-24")
@pytest.mark.parametrize(
    "claims",
    [
        *({name: DROP} for name in ("iss", "sub", "aud", "exp")),
        {"exp": 4_102_444_800},
        {"exp": 1},
        {"nbf": 4_102_444_800},
        {"aud": "https://as.example.com.evil/"},
        {"sub": 1},
        {"cnf": {"jwk": {}}},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_at_each_door(opened: World, claims: dict[str, Any]) -> None:
    for door in Door:
        assert_refused(ask(door, mint(ec_key(), **claims)), door.error)
    assert tokens() == 0


@pytest.mark.standard("TEX-48", "NTY-24", "SPF-16", "FIC-40", "FIC-03", "XDP-06", "H-61")
def test_another_serialization_at_each_door(opened: World) -> None:
    jwt = mint(ec_key())
    header, claims, signature = jwt.split(".")
    flat = json.dumps({"protected": header, "payload": claims, "signature": signature})
    unsigned = ".".join((b64('{"alg":"none"}'), claims, ""))
    for door in Door:
        for text in (flat, f"{jwt}.x.y", f"{jwt} {jwt}", f"{jwt},{jwt}", f"{jwt}~", unsigned):
            assert_refused(ask(door, text), door.error)
    assert not Decision.objects.filter(outcome="accepted").exists()
