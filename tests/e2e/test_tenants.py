"""ID-JAGs of issuers with several tenants (ID-JAG section 6): one ``sub`` in two tenants is two people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from oauth_jwt_grant.models import Decision, LinkedSubject
from tests.factories import AUDIENCE, DROP, SUBJECT, ec_key, mint
from tests.support import NOT_ENTITLED, World, assert_granted, assert_refused, make_rule, make_user, tokens

ACME = "tenant:acme:alice"


@pytest.fixture
def id_jag(world: World) -> World:
    """An issuer of ID-JAGs. Its ``alice`` without a tenant is linked."""
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE])
    return world


def jag(**claims: Any) -> str:
    return mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, **{"client_id": "client", **claims})


def tenant_rule(world: World, *values: str, claim: str = "tenant", **fields: Any) -> Any:
    """A rule before all others, for the tenants ``values``."""
    rule = make_rule(world.issuer, world.application, position=0, **fields)
    world.change(world.rule, position=1)
    rule.conditions.create(claim=claim, operator="in", values=list(values))
    return rule


def user_of(response: Any, **more: Any) -> Any:
    assert_granted(response, **more)
    decision = Decision.objects.filter(outcome="accepted").latest("pk")
    assert decision.access_token is not None
    return decision.access_token.user


@pytest.mark.standard("JAG-13")
@pytest.mark.parametrize("claim", ["tenant", "aud_tenant"])
@pytest.mark.parametrize("policy", ["linked", "provision", "no_user", "service_user", "user_field"])
def test_a_rule_that_says_nothing_of_tenants_takes_none(id_jag: World, claim: str, policy: str) -> None:
    id_jag.change(
        id_jag.rule,
        subject_policy=policy,
        user=id_jag.user,
        user_field=get_user_model().USERNAME_FIELD,
        subject_claim="/sub",
    )
    LinkedSubject.objects.create(issuer=id_jag.issuer, subject=ACME, user=id_jag.user)
    id_jag.rule.conditions.create(claim="client_id", values=["client"])

    assert_refused(id_jag.post(assertion=jag(**{claim: "acme"})), "invalid_grant", NOT_ENTITLED)
    assert tokens() == 0
    assert f"a condition must be on the claim {claim}," in Decision.objects.get().detail


@pytest.mark.standard("JAG-13", "SUB-01")
def test_the_same_sub_in_two_tenants_is_two_users(id_jag: World) -> None:
    tenant_rule(id_jag, "acme", "evil")
    assert_refused(id_jag.post(assertion=jag(tenant="acme")), "invalid_grant", NOT_ENTITLED)

    bob = make_user("bob")
    LinkedSubject.objects.create(issuer=id_jag.issuer, subject=ACME, user=bob)
    assert user_of(id_jag.post(assertion=jag(tenant="acme"))) == bob
    for other in ({"tenant": "evil"}, {"tenant": "ACME"}, {"tenant": "acme:alice", "sub": "x"}):
        assert_refused(id_jag.post(assertion=jag(**other)), "invalid_grant", NOT_ENTITLED)
    # Nobody without a tenant can pose as somebody in one.
    assert_refused(id_jag.post(assertion=jag(sub=ACME)), "invalid_grant")


@pytest.mark.standard("JAG-13")
def test_who_is_in_no_tenant_is_somebody_else(id_jag: World) -> None:
    tenant_rule(id_jag, "acme")
    bob = make_user("bob")
    LinkedSubject.objects.create(issuer=id_jag.issuer, subject=ACME, user=bob)

    assert user_of(id_jag.post(assertion=jag())) == id_jag.user
    assert user_of(id_jag.post(assertion=jag(tenant="acme"))) == bob


@pytest.mark.standard("JAG-13", "SUB-07")
def test_users_are_made_for_each_tenant(id_jag: World) -> None:
    tenant_rule(id_jag, "acme", "fabrikam", subject_policy="provision")

    made = [user_of(id_jag.post(assertion=jag(tenant=name, sub="new"))) for name in ("acme", "fabrikam")]
    assert made[0] != made[1]
    assert user_of(id_jag.post(assertion=jag(tenant="acme", sub="new"))) == made[0]
    links = LinkedSubject.objects.filter(user__in=made).values_list("subject", flat=True)
    assert sorted(links) == ["tenant:acme:new", "tenant:fabrikam:new"]
    assert {decision.subject for decision in Decision.objects.all()} == set(links)


@pytest.mark.standard("JAG-13", "JAG-18")
def test_our_own_tenant_and_our_own_identifier(id_jag: World) -> None:
    name = get_user_model().USERNAME_FIELD
    rule = tenant_rule(
        id_jag,
        "ours",
        claim="aud_tenant",
        subject_policy="user_field",
        user_field=name,
        subject_claim="aud_sub",
    )
    bob = make_user("bob")
    found = {"aud_sub": bob.get_username(), "sub": "U019488227"}

    assert user_of(id_jag.post(assertion=jag(aud_tenant="ours", **found))) == bob
    assert_refused(id_jag.post(assertion=jag(aud_tenant="theirs", **found)), "invalid_grant", NOT_ENTITLED)
    # Both tenants must be named where both are there.
    both = {"aud_tenant": "ours", "tenant": "acme", **found}
    assert_refused(id_jag.post(assertion=jag(**both)), "invalid_grant", NOT_ENTITLED)
    rule.conditions.create(claim="/tenant", operator="equals", values=["acme"])
    assert user_of(id_jag.post(assertion=jag(**both))) == bob


@pytest.mark.standard("JAG-18", "SUB-02")
def test_a_claim_in_place_of_the_subject_is_not_linked(id_jag: World) -> None:
    for claims in (
        {"sub": "x", "aud_sub": SUBJECT},
        {"sub": "x", "sub_id": {"format": "opaque", "id": SUBJECT}},
    ):
        assert_refused(id_jag.post(assertion=jag(**claims)), "invalid_grant", NOT_ENTITLED)


@pytest.mark.standard("JAG-08", "SCP-06")
def test_the_scope_of_an_id_jag_is_never_ignored_and_an_empty_one_grants_nothing(id_jag: World) -> None:
    id_jag.change(id_jag.rule, scope_claim="ignore")

    assert assert_granted(id_jag.post(assertion=jag(scope="read")))["scope"] == "read"
    for changes in ({}, {"scope": "read"}):
        for empty in ("", " "):
            assert_refused(id_jag.post(assertion=jag(scope=empty), **changes), "invalid_scope")
    assert assert_granted(id_jag.post(assertion=jag()))["scope"] == "read write"


@pytest.mark.standard("JAG-20", "TYP-13")
def test_our_own_id_jag_is_none_whatever_its_audience(id_jag: World) -> None:
    id_jag.change(id_jag.issuer, issuer=AUDIENCE, audiences=["urn:another:name"])
    own = jag(iss=AUDIENCE, aud="urn:another:name")

    text = "The assertion names this authorization server as its own issuer (iss)."
    assert_refused(id_jag.post(assertion=own), "invalid_grant", text)


@pytest.mark.standard("JAG-09", "H-41")
def test_authorization_details_in_an_id_jag_are_no_reason_to_grant_scopes(id_jag: World) -> None:
    details = [{"type": "chat_read", "actions": ["read"]}]

    for claims in ({}, {"scope": "read"}):
        refused = id_jag.post(assertion=jag(authorization_details=details, **claims))
        assert_refused(refused, "invalid_authorization_details")
    assert_refused(id_jag.post(assertion=jag(authorization_details="x")), "invalid_grant")
    assert tokens() == 0
    assert_granted(id_jag.post(assertion=jag(authorization_details=DROP)))


@pytest.mark.standard("JAG-22", "JAG-19")
def test_how_the_user_signed_in_can_be_demanded_and_is_kept(id_jag: World) -> None:
    names = ["auth_time", "acr", "amr", "act"]
    id_jag.change(id_jag.rule, recorded_claims=names)
    id_jag.rule.conditions.create(claim="amr", operator="contains", values=["mfa"])
    signed_in = {"auth_time": 1311280970, "acr": "urn:x", "amr": ["mfa", "hwk"], "act": {"sub": "agent"}}

    assert_refused(id_jag.post(assertion=jag(**{**signed_in, "amr": ["pwd"]})), "invalid_grant", NOT_ENTITLED)
    assert user_of(id_jag.post(assertion=jag(**signed_in))) == id_jag.user
    assert Decision.objects.get(outcome="accepted").claims == signed_in
