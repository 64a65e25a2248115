"""People who are linked by another claim than ``sub``, and what an ID-JAG must say for MCP's profile."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oauth_jwt_grant.models import Decision, LinkedSubject
from oauth_jwt_grant.trust import obstacles_of
from tests.factories import AUDIENCE, ISSUER, SUBJECT, ec_key, mint
from tests.support import (
    NOT_ENTITLED,
    World,
    assert_granted,
    assert_refused,
    cases,
    make_user,
    token_of,
    tokens,
)

API = "https://api.example.com/"
UNVERIFIED_EMAIL = {"email": "bob@acme.example", "email_verified": False}


def jag(**claims: Any) -> str:
    return mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, **{"client_id": "client", **claims})


def profile(world: World) -> None:
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE])


def by(world: World, claim: str, **fields: Any) -> None:
    world.change(world.rule, subject_claim=claim, **fields)


@pytest.fixture
def bob(world: World) -> Any:
    """Linked by his object ID."""
    bob = make_user("bob")
    LinkedSubject.objects.create(issuer=world.issuer, subject="claim:oid:bob", user=bob)
    return bob


def test_a_person_is_linked_by_the_claim_of_the_rule(world: World, bob: Any) -> None:
    by(world, "oid")

    assert token_of(assert_granted(world.post(assertion=mint(ec_key(), oid="bob")))).user == bob
    decision = Decision.objects.get()
    assert (decision.user, decision.subject) == (bob, "claim:oid:bob")
    for claims in (
        {},
        {"oid": "Bob"},
        {"oid": ""},
        {"oid": None},
        {"oid": "x" * 503},
        {"sub": "claim:oid:bob"},
    ):
        refused = world.post(assertion=mint(ec_key(), **claims))
        assert_refused(refused, "invalid_grant", NOT_ENTITLED)
    assert tokens() == 1


@pytest.mark.parametrize("claim", ["sub", ""])
def test_a_sub_is_not_taken_for_another_claim(world: World, bob: Any, claim: str) -> None:
    by(world, claim)

    assert_granted(world.post())
    refused = world.post(assertion=mint(ec_key(), sub="claim:oid:bob"))
    assert_refused(refused, "invalid_grant", NOT_ENTITLED)


def test_a_person_is_created_for_a_verified_address(world: World) -> None:
    by(world, "email", subject_policy="provision")
    claims = {"email": "bob@acme.example", "email_verified": True}

    refused = world.post(assertion=mint(ec_key(), **UNVERIFIED_EMAIL))
    assert_refused(refused, "invalid_grant", NOT_ENTITLED)
    for _ in range(2):
        assert_granted(world.post(assertion=mint(ec_key(), **claims)))
    link = LinkedSubject.objects.exclude(subject=SUBJECT).get()
    assert link.subject == "claim:email:bob@acme.example"
    assert {decision.user for decision in Decision.objects.filter(outcome="accepted")} == {link.user}


@pytest.mark.standard("JAG-14", "JAG-17")
def test_the_people_of_another_issuer_are_not_named_by_sub_id(world: World) -> None:
    profile(world)
    by(world, "sub_id")
    LinkedSubject.objects.create(issuer=world.issuer, subject="claim:sub_id:alice", user=world.user)
    ours = {"format": "iss_sub", "iss": ISSUER, "sub": "alice"}

    assert_granted(world.post(assertion=jag(sub_id=ours)))
    for sub_id in (ours | {"iss": "https://other.example"}, ours | {"format": "opaque"}, "alice"):
        assert_refused(world.post(assertion=jag(sub_id=sub_id)), "invalid_grant", NOT_ENTITLED)


@pytest.mark.standard("JAG-15", "JAG-16", "JGC-13")
def test_a_saml_name_counts_where_the_rule_names_its_issuer(world: World) -> None:
    profile(world)
    by(world, "/sub_id/nameid")
    subject = "claim:/sub_id/nameid:alice"
    LinkedSubject.objects.create(issuer=world.issuer, subject=subject, user=world.user)
    ours = {"format": "saml-nameid", "issuer": "https://saml.example", "nameid": "alice"}

    assert_refused(world.post(assertion=jag(sub_id=ours)), "invalid_grant", NOT_ENTITLED)
    world.rule.conditions.create(claim="/sub_id/issuer", values=[ours["issuer"]])
    assert_granted(world.post(assertion=jag(sub_id=ours)))
    foreign = ours | {"issuer": "https://saml.evil"}
    assert_refused(world.post(assertion=jag(sub_id=foreign)), "invalid_grant", NOT_ENTITLED)
    # The same where a field of the user is compared.
    by(world, "/sub_id/sub", subject_policy="user_field", user_field="email")
    named = jag(sub_id={"iss": "https://other.example", "sub": "x", "issuer": ours["issuer"]})
    assert_refused(world.post(assertion=named), "invalid_grant", NOT_ENTITLED)


def test_a_condition_of_the_issuer_names_the_issuer_in_it_as_well(world: World) -> None:
    profile(world)
    by(world, "/sub_id/nameid")
    subject = "claim:/sub_id/nameid:alice"
    LinkedSubject.objects.create(issuer=world.issuer, subject=subject, user=world.user)
    ours = {"format": "saml-nameid", "issuer": "https://saml.example", "nameid": "alice"}
    condition = {"claim": "/sub_id/issuer", "operator": "equals", "values": [ours["issuer"]]}

    assert findings(world) != []
    world.change(world.issuer, conditions=[{**condition, "operator": "exists", "values": []}])
    assert_refused(world.post(assertion=jag(sub_id=ours)), "invalid_grant", NOT_ENTITLED)
    assert findings(world) != []
    world.change(world.issuer, conditions=[condition])
    assert_granted(world.post(assertion=jag(sub_id=ours)))
    assert findings(world) == []
    foreign = ours | {"issuer": "https://saml.evil"}
    assert_refused(world.post(assertion=jag(sub_id=foreign)), "invalid_grant", NOT_ENTITLED)


def findings(world: World) -> list[str]:
    """What says of the rule that it finds nobody."""
    return [text for one in obstacles_of(world.issuer) if "finds nobody" in (text := str(one.text))]


@pytest.mark.standard("JAG-13")
def test_the_same_value_in_two_tenants_is_two_people(world: World) -> None:
    profile(world)
    by(world, "oid")
    world.rule.conditions.create(claim="tenant", operator="in", values=["acme", "evil"])
    LinkedSubject.objects.create(issuer=world.issuer, subject="tenant:acme:claim:oid:x", user=world.user)

    assert_granted(world.post(assertion=jag(tenant="acme", oid="x")))
    assert_refused(world.post(assertion=jag(tenant="evil", oid="x")), "invalid_grant", NOT_ENTITLED)


def test_the_dry_run_reads_the_claim_as_well(world: World, bob: Any, tmp_path: Path) -> None:
    by(world, "oid")
    file, out = tmp_path / "jwt", io.StringIO()

    file.write_text(mint(ec_key(), oid="bob"))
    call_command("explainassertion", str(file), "--client-id", "client", stdout=out)
    assert "claim:oid:bob" in out.getvalue()
    file.write_text(mint(ec_key(), oid="eve"))
    with pytest.raises((CommandError, SystemExit)):
        call_command("explainassertion", str(file), "--client-id", "client", stdout=out)
    assert "claim:oid:eve" in out.getvalue()


def test_the_commands_set_claim_and_resource(world: World) -> None:
    flags = ("--subject-claim", "oid", "--linked", "--resource", API, "--require-resource")
    flags += ("--link", "claim:oid:alice=" + world.user.get_username())
    call_command("trustissuer", "--issuer", ISSUER, "--rule", world.rule.name, *flags, stdout=io.StringIO())

    world.rule.refresh_from_db()
    assert (world.rule.subject_claim, world.rule.require_resource) == ("oid", True)
    assert_granted(world.post(assertion=mint(ec_key(), oid="alice", resource=API)), None)


@pytest.mark.standard("EMA-05", "JGC-06", "JGC-07", "JGC-08", "JGC-09")
@pytest.mark.parametrize("required", [True, False])
def test_a_rule_requires_that_the_issuer_has_named_the_resource(world: World, required: bool) -> None:
    profile(world)
    world.change(world.rule, resources=[API, "https://b.example.com/"], require_resource=required)

    for parameter in ({}, {"resource": API}):
        answer = world.post(assertion=jag(), **parameter)
        if required:
            assert assert_refused(answer, "invalid_grant")["error_description"].endswith("resource.")
        else:
            assert_granted(answer, API if parameter else [API, "https://b.example.com/"])
    assert_granted(world.post(assertion=jag(resource=API)), API)
    assert_refused(
        world.post(assertion=jag(resource=API), resource="https://b.example.com/"), "invalid_target"
    )
    assert_refused(world.post(assertion=jag(resource="https://c.example.com/")), "invalid_target")


@pytest.mark.standard("JGC-11", "EMA-06", "RSP-07")
@cases(
    ("claimed", "requested", "granted"),
    [
        ("read", "openid profile read", "read"),
        ("read", "offline_access openid read", "read"),
        ("read", "openid profile", None),
        (None, "openid profile", None),
        ("read", "openid write", None),
        ("read", "openid unknown read", None),
    ],
)
def test_what_a_connector_of_openid_connect_asks_for(
    world: World, claimed: str | None, requested: str, granted: str | None
) -> None:
    profile(world)
    answer = world.post(assertion=jag(scope=claimed) if claimed else jag(), scope=requested)
    if granted:
        assert assert_granted(answer)["scope"] == granted
    else:
        assert_refused(answer, "invalid_scope")


def test_openid_where_the_rule_allows_it_is_a_plain_scope(world: World, settings: Any) -> None:
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "SCOPES": {"read": "", "openid": "", "profile": ""},
    }
    profile(world)
    world.change(world.rule, scopes="read openid profile")

    assert assert_granted(world.post(assertion=jag(), scope="openid profile"))["scope"] == "openid profile"


def test_a_plain_issuer_has_no_scope_left_out(world: World) -> None:
    assert_refused(world.post(scope="openid read"), "invalid_scope")
