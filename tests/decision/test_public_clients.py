"""An ID-JAG that a public client presents: what the issuer has signed for it stands in for credentials."""

from __future__ import annotations

import time
from typing import Any

import pytest

from oauth_jwt_grant.assertion import Reason
from oauth_jwt_grant.decision import Explanation, Question, explain
from tests.factories import AUDIENCE, DROP, GRANT_TYPE, ec_key, mint
from tests.support import World, assert_granted, assert_refused, make_application, post, token_of, tokens

URL = "https://client.example/oauth/metadata.json"


@pytest.fixture(params=["public", URL])
def public(world: World, request: pytest.FixtureRequest) -> World:
    """A rule that lists a public client, and takes ID-JAGs."""
    world.application = make_application(request.param, secret="", client_type="public")
    world.rule.applications.set([world.application])
    world.change(world.issuer, profile="id-jag")
    return world


def jag(world: World, **claims: Any) -> str:
    good = {"client_id": world.application.client_id, **claims}
    return mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, **good)


def ask(world: World, **claims: Any) -> Explanation:
    return explain(
        Question(
            assertion=jag(world, **claims),
            application=world.application,
            audiences=frozenset({AUDIENCE}),
            now=time.time(),
        )
    )


def reason_of(explanation: Explanation) -> Reason | None:
    return explanation.refused.reason if explanation.refused else None


def redeem(world: World, assertion: str, client_id: Any = None) -> Any:
    client = [] if client_id is DROP else [("client_id", client_id or world.application.client_id)]
    return post([("grant_type", GRANT_TYPE), ("assertion", assertion), *client])


@pytest.mark.standard("JGC-01", "JGC-02", "EMA-04", "CMD-04", "CMD-10", "CMD-18")
def test_a_listed_one_gets_a_token_once(public: World) -> None:
    # Past the form, which does not save it.
    public.change(public.issuer, replay_policy="reusable")
    assertion = jag(public)
    token = token_of(assert_granted(redeem(public, assertion)))
    assert token.application == public.application
    assert_refused(redeem(public, assertion))
    assert tokens() == 1


def test_the_policy_of_the_issuer_holds_for_confidential_clients(world: World) -> None:
    world.change(world.issuer, profile="id-jag", replay_policy="reusable")
    assertion = jag(world)
    for _ in range(2):
        assert_granted(world.post(assertion=assertion))


@pytest.mark.standard("JGC-03", "CMD-20")
def test_one_that_does_not_say_who_it_is(public: World) -> None:
    assert_refused(redeem(public, jag(public), DROP), "invalid_client")


@pytest.mark.standard("CMD-03", "CMD-20", "H-43")
@pytest.mark.parametrize("named", ["other", f"{URL}/", URL.upper(), None, [URL]])
def test_the_issuer_must_have_signed_its_client_id(public: World, named: Any) -> None:
    assert reason_of(ask(public, client_id=named)) is Reason.OTHER_CLIENT
    assert reason_of(ask(public, client_id=DROP)) is Reason.MISSING_CLAIM


@pytest.mark.standard("JGC-01", "CMD-10", "CMD-14", "H-49")
@pytest.mark.parametrize("policy", ["listed", "anonymous"])
def test_one_that_no_rule_lists(public: World, policy: str) -> None:
    public.rule.applications.clear()
    public.change(public.rule, client_policy=policy)
    assert reason_of(ask(public)) is Reason.CLIENT_NOT_ADMITTED


def test_a_rule_for_anybody_is_passed_over(public: World) -> None:
    public.issuer.rules.create(name="anybody", scopes="read", position=0, client_policy="anonymous")
    public.change(public.rule, position=1)
    explanation = ask(public)
    assert explanation.accepted
    assert [miss.why for miss in explanation.case.misses] == [
        "a public client must be among the rule's applications; the rule lists none"
    ]


@pytest.mark.standard("JGC-02")
@pytest.mark.parametrize(
    ("seconds", "reason"), [(600, None), (601, Reason.LIFETIME), (3000, Reason.LIFETIME)]
)
def test_it_lives_shortly(public: World, seconds: int, reason: Reason | None) -> None:
    now = int(time.time())
    assert reason_of(ask(public, iat=now, exp=now + seconds)) is reason
    assert reason_of(ask(public, iat=now - 100, exp=now + seconds - 100)) is reason


@pytest.mark.parametrize("iat", [DROP, None, "x", [], {}])
def test_a_dry_run_of_one_without_a_date(public: World, iat: Any) -> None:
    assert reason_of(ask(public, iat=iat)) in (Reason.MISSING_CLAIM, Reason.MALFORMED_CLAIM)


def test_a_plain_assertion_is_no_id_jag(world: World) -> None:
    world.application = make_application("public", secret="", client_type="public")
    world.change(world.rule, client_policy="anonymous")
    now = int(time.time())
    question = Question(
        assertion=mint(ec_key(), iat=now, exp=now + 3000),
        application=world.application,
        audiences=frozenset({AUDIENCE}),
        now=now,
    )
    assert explain(question).accepted
