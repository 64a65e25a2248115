"""Scopes, resources and lifetimes of tokens (RFC 7521 section 4.1, RFC 6749 section 3.3, RFC 8707)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from oauth_jwt_grant.models import Decision
from tests.factories import DROP, ec_key, mint
from tests.support import World, assert_granted, assert_refused, cases, tokens

REFUSED = "refused"


@pytest.mark.standard("SCP-01", "SCP-02", "SCP-03", "SCP-05", "SCP-06", "SUB-06", "CHN-05")
@cases(
    ("ceiling", "default", "requested", "claimed", "granted"),
    [
        ("read write", "", DROP, DROP, "read write"),
        ("read write", "", "", DROP, "read write"),
        ("read write", "read", DROP, DROP, "read"),
        ("read write", "read", "write", DROP, "write"),
        ("read write", "", "read", DROP, "read"),
        ("read write", "", "write read", DROP, "write read"),
        ("read write", "", "read read", DROP, "read"),
        ("read write", "", "admin", DROP, REFUSED),
        ("read write", "", "read admin", DROP, REFUSED),
        ("read write", "", "READ", DROP, REFUSED),
        ("read unknown", "", DROP, DROP, "read"),
        ("read unknown", "", "unknown", DROP, REFUSED),
        ("unknown", "", DROP, DROP, REFUSED),
        ("", "", DROP, DROP, REFUSED),
        ("", "", "read", DROP, REFUSED),
        ("read write", "", DROP, "read", "read"),
        ("read write", "write", DROP, "read", "read"),
        ("read write", "", "read", "read write", "read"),
        ("read write", "", "write", "read", REFUSED),
        ("read write", "", DROP, "read admin", REFUSED),
        ("read write", "", "read", "read admin", "read"),
        ("read write", "", DROP, "", REFUSED),
        ("read write", "", DROP, " ", REFUSED),
        ("read write", "", "read", "", REFUSED),
    ],
)
def test_the_scope_is_within_what_everybody_allows(
    world: World, ceiling: str, default: str, requested: Any, claimed: Any, granted: str
) -> None:
    world.change(world.rule, scopes=ceiling, default_scopes=default)

    response = world.post(scope=requested, assertion=mint(ec_key(), scope=claimed))

    if granted is REFUSED:
        text = "The requested scope is malformed or beyond what is allowed."
        assert_refused(response, "invalid_scope", text)
        assert tokens() == 0
    else:
        assert assert_granted(response)["scope"] == granted
        assert Decision.objects.get().scope == granted


@pytest.mark.standard("SCP-06")
@pytest.mark.parametrize(
    ("claimed", "granted"), [(["read"], "read"), ("write read", "write read"), ([], None), ("", None)]
)
def test_a_rule_names_the_claim_that_bounds(world: World, claimed: Any, granted: str | None) -> None:
    world.change(world.rule, scope_claim_name="scp")

    response = world.post(assertion=mint(ec_key(), scp=claimed, scope="admin"))

    if granted is None:
        assert_refused(response, "invalid_scope")
    else:
        assert assert_granted(response)["scope"] == granted
    world.change(world.rule, scope_claim_name="")
    assert_refused(world.post(assertion=mint(ec_key(), scp="read")))


@pytest.mark.standard("SCP-06")
@pytest.mark.parametrize(("fallback", "granted"), [(True, "read write"), (False, REFUSED)])
def test_an_empty_scope_of_a_library_that_always_sends_one(
    world: World, fallback: bool, granted: str
) -> None:
    world.change(world.issuer, subject_fallback=fallback)
    response = world.post(assertion=mint(ec_key(), scope=""))
    if granted == REFUSED:
        assert_refused(response, "invalid_scope")
    else:
        assert assert_granted(response)["scope"] == granted


def test_a_rule_may_ignore_the_scope_of_the_assertion(world: World) -> None:
    world.change(world.rule, scope_claim="ignore")

    assert assert_granted(world.post(assertion=mint(ec_key(), scope="admin")))["scope"] == "read write"
    assert assert_granted(world.post(assertion=mint(ec_key(), scope=["x"]), scope="read"))["scope"] == "read"


@pytest.mark.standard("SCP-06")
@pytest.mark.parametrize("claimed", [None, 1, ["read", 1], {}, True])
def test_a_scope_claim_is_a_string_or_a_list_of_strings(world: World, claimed: Any) -> None:
    response = world.post(assertion=mint(ec_key(), scope=claimed))

    assert_refused(response, "invalid_grant", "The claim scope of the assertion is malformed.")


@pytest.mark.standard("SCP-04")
@cases("scope", ['read"', "read\\", "read\twrite", "read\nwrite", "réad", "read\u00a0write", "\x7f"])
def test_a_scope_keeps_to_the_grammar(world: World, scope: str) -> None:
    assert_refused(world.post(scope=scope), "invalid_scope")
    assert_refused(world.post(assertion=mint(ec_key(), scope=scope)), "invalid_scope")


@pytest.mark.standard("SCP-04")
@pytest.mark.parametrize("scope", [" read", "read ", "read  write", " ", "  "])
def test_blanks_too_many_are_passed_over(world: World, scope: str) -> None:
    assert assert_granted(world.post(scope=scope))["scope"] == (" ".join(scope.split()) or "read write")


@pytest.mark.standard("RSP-05", "RSP-06", "RSP-07", "JAG-11", "CHN-06")
def test_openid_and_offline_access_bring_neither_id_token_nor_refresh_token(
    world: World, settings: Any
) -> None:
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "SCOPES": {"read": "r", "openid": "o", "profile": "p", "offline_access": "f"},
    }
    msal = "read openid profile offline_access"
    assert_refused(world.post(scope=msal), "invalid_scope")
    world.change(world.rule, scopes=msal)

    # assert_granted refuses every other member.
    assert assert_granted(world.post(scope=msal))["scope"] == msal
    assert (
        assert_granted(world.post(scope="openid", nonce="x", response_type="id_token"))["scope"] == "openid"
    )


@pytest.mark.standard("SCP-07", "SCP-08", "SCP-09", "SCP-11", "REQ-10")
@cases(
    ("allowed", "requested", "granted"),
    [
        ([], DROP, []),
        ([], "https://api.example/", REFUSED),
        (["https://api.example/"], DROP, ["https://api.example/"]),
        (["https://api.example/"], "", ["https://api.example/"]),
        (["https://api.example/"], "https://api.example/", ["https://api.example/"]),
        (["https://api.example/"], "https://api.example", REFUSED),
        (["https://api.example/"], "https://API.example/", REFUSED),
        (["https://api.example/"], "https://api.example/#f", REFUSED),
        (["https://api.example/"], "https://api.example/x", REFUSED),
        (["https://api.example/"], "/relative", REFUSED),
        (["https://api.example/"], ["https://api.example/", "https://other.example/"], REFUSED),
        (
            ["https://api.example/"],
            ["https://api.example/", "https://api.example/"],
            ["https://api.example/"],
        ),
        (["https://a.example/", "https://b.example/"], "https://b.example/", ["https://b.example/"]),
    ],
)
def test_the_token_is_for_resources_that_the_rule_allows(
    world: World, allowed: list[str], requested: Any, granted: Any
) -> None:
    world.change(world.rule, resources=allowed)

    response = world.post(resource=requested)

    if granted is REFUSED:
        text = "The requested resource is malformed or not allowed."
        assert_refused(response, "invalid_target", text)
        assert tokens() == 0
    else:
        assert_granted(response)
        decision = Decision.objects.get()
        assert decision.access_token is not None
        assert decision.access_token.resource == granted


@pytest.mark.standard("SCP-09", "RSP-08")
def test_a_token_for_another_resource_does_not_open_this_one(world: World) -> None:
    world.change(world.rule, resources=["https://api.example/", "http://testserver/api/"])

    for resource, status in (("https://api.example/", 403), ("http://testserver/api/", 200)):
        token = assert_granted(world.post(resource=resource))["access_token"]
        answer = Client().get("/api/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status


@pytest.mark.standard("SCP-08")
def test_a_resource_that_django_oauth_toolkit_does_not_know_is_invalid_target(world: World) -> None:
    # Past the validation of the model.
    world.change(world.rule, resources=["urn:example:api"])

    for changes in ({}, {"resource": "urn:example:api"}):
        assert_refused(world.post(**changes), "invalid_target")
    assert tokens() == 0


@pytest.mark.standard("SCP-13", "JAG-09")
@pytest.mark.parametrize("value", ["[]", "x", '[{"type": "payment"}]'])
def test_authorization_details_are_not_supported(world: World, value: str) -> None:
    assert_refused(world.post(authorization_details=value), "invalid_authorization_details")


@pytest.mark.standard("RSP-04")
@cases(
    ("lifetime", "limit", "left", "expected"),
    [
        (3600, False, 60, 3600),
        (600, False, 300, 600),
        (None, False, 300, 36000),
        (3600, True, 60, 60),
        (30, True, 300, 30),
        (None, True, 300, 300),
    ],
)
def test_how_long_a_token_lives(world: World, lifetime: Any, limit: bool, left: int, expected: int) -> None:
    world.change(world.rule, access_token_lifetime=lifetime, limit_to_assertion=limit)
    exp = int(time.time()) + left

    seconds = assert_granted(world.post(assertion=mint(ec_key(), exp=exp)))["expires_in"]

    assert expected - 2 <= seconds <= expected
    decision = Decision.objects.get()
    assert decision.access_token is not None
    expires = decision.access_token.expires.timestamp()
    assert abs(expires - time.time() - seconds) < 3


@pytest.mark.standard("RSP-04")
def test_in_the_leeway_no_life_is_left_for_a_limited_token(world: World) -> None:
    world.change(world.rule, limit_to_assertion=True)

    response = world.post(assertion=mint(ec_key(), exp=int(time.time()) - 5))
    assert_refused(response, "invalid_grant", "The assertion has expired (exp).")


@pytest.mark.standard("ROB-06", "SUB-09")
def test_claims_are_kept_only_where_a_rule_names_them(world: World) -> None:
    claims = {"repository": "org/repo", "k8s.io": {"pod": ["a", {"b": 1e10}]}, "private": "x", "fork": False}
    assert_granted(world.post(assertion=mint(ec_key(), **claims)))
    world.change(world.rule, recorded_claims=["repository", "/k8s.io/pod", "absent", "/absent/x", "fork"])
    assert_granted(world.post(assertion=mint(ec_key(), **claims)))

    first, second = Decision.objects.order_by("pk")
    assert first.claims == {}
    assert second.claims == {"repository": "org/repo", "/k8s.io/pod": ["a", {"b": 1e10}], "fork": False}
    assert second.access_token is not None
    assert second.access_token.jwt_bearer_decision == second
