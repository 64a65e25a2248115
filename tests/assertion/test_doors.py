"""The doors: what a JWT must be at each, and how its refusal is answered there."""

from __future__ import annotations

from typing import Any

import pytest

from oauth_jwt_grant.assertion import ANSWERS, AssertionRefused, Door, Reason, is_for
from tests.assertion.support import check, check_claims, policy, refusal
from tests.factories import AUDIENCE, DROP, ec_key, mint
from tests.support import cases

CLIENT_TYPE = "client-authentication+jwt"
#: Types that pass nowhere, whatever else is right (standards-doors.md section 5).
NEVER = (
    "at+jwt", "application/at+jwt", "AT+JWT", "dpop+jwt", "txntoken+jwt", "wit+jwt", "wpt+jwt",
    "wimse-id+jwt", "wimse-proof+jwt", "oauth-client-attestation+jwt",
    "oauth-client-attestation-pop+jwt", "secevent+jwt",
    "logout+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "entity-statement+jwt", "trust-mark+jwt",
    "trust-mark-delegation+jwt", "trust-mark-status-response+jwt", "resolve-response+jwt", "jwk-set+jwt",
    "explicit-registration-response+jwt", "kb+jwt", "dc+sd-jwt", "vc+sd-jwt", "vc+jwt", "vp+jwt", "passport",
    "openid4vci-proof+jwt", "statuslist+jwt", "JOSE+JSON", "jag+jwt", "authorization-grant+jwt", "",
)  # fmt: skip
ID_TOKEN = {"audiences": frozenset({"client-at-idp"}), "door": Door.SUBJECT_TOKEN, "id_token": True}


@cases("door", Door)
@cases("typ", NEVER)
def test_types_that_pass_no_door(door: Door, typ: str) -> None:
    refused = refusal(check, mint(ec_key(), header={"typ": typ}, now=0), policy(door=door))
    assert refused.reason is Reason.WRONG_TYPE
    assert refused.answer_at(door).error == door.error


@cases(
    ("typ", "terms", "doors"),
    [
        ("JWT", {}, set(Door)),
        (DROP, {}, set(Door)),
        ("application/CLIENT-AUTHENTICATION+JWT", {}, {Door.CLIENT_ASSERTION}),
        (CLIENT_TYPE, {}, {Door.CLIENT_ASSERTION}),
        ("oauth-id-jag+jwt", {}, set()),
        ("oauth-id-jag+jwt", {"id_jag": True}, {Door.AUTHORIZATION_GRANT}),
        ("JWT", {"id_jag": True}, set()),
    ],
)
def test_types_by_door(typ: Any, terms: dict[str, Any], doors: set[Door]) -> None:
    found = None if typ is DROP else typ.lower().removeprefix("application/")
    assert {door for door in Door if found in policy(door=door, **terms).types} == doors


@pytest.mark.parametrize(
    ("aud", "accepted"),
    [
        (AUDIENCE, True),
        ([AUDIENCE], True),
        ([AUDIENCE, AUDIENCE], False),
        ([AUDIENCE, "https://other.example"], False),
        (f"{AUDIENCE}/", False),
    ],
)
def test_a_client_authenticates_to_this_server_alone(aud: Any, accepted: bool) -> None:
    terms = policy(door=Door.CLIENT_ASSERTION)
    if accepted:
        check_claims(terms, aud=aud)
    else:
        assert refusal(check_claims, terms, aud=aud).reason is Reason.AUDIENCE


@cases(
    ("claims", "reason"),
    [
        ({}, None),
        ({"nonce": "n", "at_hash": "h", "c_hash": "c"}, None),
        ({"aud": ["client-at-idp"]}, None),
        ({"azp": "client-at-idp"}, None),
        ({"aud": AUDIENCE}, Reason.AUDIENCE),
        ({"aud": ["client-at-idp", AUDIENCE], "azp": "client-at-idp"}, Reason.AUDIENCE),
        ({"aud": ["client-at-idp", "client-at-idp"]}, Reason.MISSING_CLAIM),
        ({"aud": ["client-at-idp", "client-at-idp"], "azp": "client-at-idp"}, None),
        ({"azp": "other"}, Reason.AUDIENCE),
        ({"azp": 1}, Reason.MALFORMED_CLAIM),
        ({"azp": None}, Reason.MALFORMED_CLAIM),
        ({"iat": DROP}, Reason.MISSING_CLAIM),
        ({"sub": DROP}, Reason.MISSING_CLAIM),
        ({"exp": DROP}, Reason.MISSING_CLAIM),
        ({"aud": DROP}, Reason.MISSING_CLAIM),
    ],
)
def test_id_tokens_are_for_a_client_at_the_provider(claims: dict[str, Any], reason: Reason | None) -> None:
    terms = policy(**ID_TOKEN, subject_fallback=True)
    claims = {"aud": "client-at-idp", **claims}
    if reason is None:
        check_claims(terms, **claims)
    else:
        assert refusal(check_claims, terms, **claims).reason is reason


@cases("door", Door)
@cases("claim", ["nonce", "at_hash", "c_hash"])
def test_id_tokens_pass_under_no_other_name(door: Door, claim: str) -> None:
    assert refusal(check_claims, policy(door=door), **{claim: "x"}).reason is Reason.ID_TOKEN


@cases("reason", Reason)
@cases("door", Door)
def test_the_answer_of_each_reason_at_each_door(door: Door, reason: Reason) -> None:
    table, answer = ANSWERS[reason], AssertionRefused(reason, "sub").answer_at(door)
    if table.error != "invalid_grant":
        assert (answer.error, answer.status) == (table.error, table.status)
        return
    wanted = {
        Door.AUTHORIZATION_GRANT: ("invalid_grant", 400),
        Door.SUBJECT_TOKEN: ("invalid_request", 400),
        Door.CLIENT_ASSERTION: ("invalid_client", 401),
    }
    assert (answer.error, answer.status) == wanted[door]
    assert answer.section == table.section


@cases(
    "refused",
    [
        AssertionRefused(Reason.MALFORMED),
        AssertionRefused(Reason.MISSING_CLAIM, "iss"),
        AssertionRefused(Reason.UNKNOWN_ISSUER),
        AssertionRefused(Reason.BAD_SIGNATURE),
        AssertionRefused(Reason.NO_RULE),
        AssertionRefused(Reason.OTHER_CLIENT),
    ],
)
def test_a_client_is_not_told_whom_the_server_trusts(refused: AssertionRefused) -> None:
    assert refused.answer_at(Door.CLIENT_ASSERTION).text == "Client authentication failed."


def test_a_client_is_told_what_is_wrong_with_what_is_signed() -> None:
    assert (
        AssertionRefused(Reason.EXPIRED).answer_at(Door.CLIENT_ASSERTION).text == ANSWERS[Reason.EXPIRED].text
    )


@cases(
    ("accepted_as", "doors"),
    [
        ([], {Door.AUTHORIZATION_GRANT}),
        ((), {Door.AUTHORIZATION_GRANT}),
        (None, {Door.AUTHORIZATION_GRANT}),
        (["subject_token"], {Door.SUBJECT_TOKEN}),
        (("authorization_grant", "client_assertion"), {Door.AUTHORIZATION_GRANT, Door.CLIENT_ASSERTION}),
        ("subject_token", set()),
        ({"subject_token": 1}, set()),
        ([["subject_token"], 1, "SUBJECT_TOKEN"], set()),
        (7, set()),
    ],
)
def test_the_doors_of_a_rule(accepted_as: Any, doors: set[Door]) -> None:
    assert {door for door in Door if is_for(accepted_as, door)} == doors
