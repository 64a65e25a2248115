"""The decision at the other doors: which rule matches there, and for which application."""

from __future__ import annotations

import time
from typing import Any

import pytest

from oauth_jwt_grant.assertion import Door, Reason, Step
from oauth_jwt_grant.decision import Explanation, Question, explain, presented
from oauth_jwt_grant.models import ClaimCondition
from tests.factories import AUDIENCE, DROP, ec_key, mint
from tests.support import World, cases, make_application

CLIENT = {"subject_policy": "no_user", "accepted_as": ["client_assertion"]}


def ask(
    world: World, door: Door, *, id_token: bool = False, client: Any = None, **claims: Any
) -> Explanation:
    how = presented(door, client, id_token=id_token)
    return explain(
        Question(assertion=mint(ec_key(), **claims), audiences=frozenset({AUDIENCE}), now=time.time(), **how)
    )


def exchange(world: World, **arguments: Any) -> Explanation:
    return ask(world, Door.SUBJECT_TOKEN, client=world.application, **arguments)


def reason_of(explanation: Explanation) -> Reason | None:
    return explanation.refused.reason if explanation.refused else None


@pytest.mark.standard("XDR-11")
@pytest.mark.parametrize("door", [Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION])
def test_a_rule_is_for_the_first_door_alone_unless_it_says_more(world: World, door: Door) -> None:
    world.change(world.rule, subject_policy="no_user", default_application=world.application)
    explanation = ask(world, door)

    assert reason_of(explanation) is Reason.NO_RULE
    why = f"it must be accepted as {door}; it is accepted as authorization_grant"
    assert [miss.why for miss in explanation.case.misses] == [why]


def test_a_rule_for_another_door_is_not_for_the_first(world: World) -> None:
    world.change(world.rule, accepted_as=["subject_token"])

    assert reason_of(ask(world, Door.AUTHORIZATION_GRANT, client=world.application)) is Reason.NO_RULE
    explanation = exchange(world)
    assert explanation.accepted
    assert explanation.answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"


@pytest.mark.standard("H-21")
def test_the_client_is_that_of_the_rule(world: World) -> None:
    world.change(world.rule, default_application=world.application, client_policy="nobody", **CLIENT)
    explanation = ask(world, Door.CLIENT_ASSERTION)

    assert explanation.accepted
    assert explanation.case.application == world.application
    assert ask(world, Door.CLIENT_ASSERTION, client=world.application).accepted


@pytest.mark.standard("FIC-08")
def test_another_client_id_is_a_refusal_and_no_miss(world: World) -> None:
    other = make_application("other")
    world.change(world.rule, default_application=world.application, **CLIENT)
    second = world.issuer.rules.create(
        name="second", scopes="read", position=9, default_application=other, **CLIENT
    )
    explanation = ask(world, Door.CLIENT_ASSERTION, client=other)

    assert reason_of(explanation) is Reason.OTHER_CLIENT
    assert explanation.case.rule is not None
    assert explanation.case.rule.pk != second.pk
    assert explanation.answer == {
        "error": "invalid_client", "error_description": "Client authentication failed."
    }  # fmt: skip
    (step,) = (step for step in explanation.steps if step.step is Step.CLIENT)
    assert (step.expected, step.actual) == ("client", "other")


@pytest.mark.standard("FIC-21")
@pytest.mark.parametrize(
    "fields",
    [{"subject_policy": "linked"}, {"subject_policy": "service_user"}, {"default_application": None}],
    ids=str,
)
def test_a_rule_that_names_no_client_never_matches_as_one(world: World, fields: dict[str, Any]) -> None:
    world.change(world.rule, **{"default_application": world.application, **CLIENT, **fields})

    assert reason_of(ask(world, Door.CLIENT_ASSERTION)) is Reason.NO_RULE


@pytest.mark.parametrize(
    "fields", [{"client_type": "public"}, {"authorization_grant_type": "authorization-code"}], ids=str
)
def test_the_application_must_be_able_to_authenticate(world: World, fields: dict[str, Any]) -> None:
    world.change(world.rule, default_application=world.application, **CLIENT)
    world.change(world.application, **fields)
    explanation = ask(world, Door.CLIENT_ASSERTION)

    assert reason_of(explanation) is Reason.CLIENT_NOT_ADMITTED
    assert explanation.answer["error"] == "unauthorized_client"


@pytest.mark.standard("XAU-10")
def test_audiences_by_door(world: World) -> None:
    fields = {**CLIENT, "accepted_as": [*Door], "default_application": world.application}
    world.change(world.rule, **fields)
    assert ask(world, Door.CLIENT_ASSERTION).accepted
    token_endpoint = f"{AUDIENCE}/o/token/"
    question = Question(
        assertion=mint(ec_key(), aud=token_endpoint),
        audiences=frozenset({AUDIENCE, token_endpoint}),
        now=time.time(),
        door=Door.CLIENT_ASSERTION,
    )
    assert reason_of(explain(question)) is Reason.AUDIENCE
    assert reason_of(exchange(world, id_token=True)) is Reason.ISSUER_MISCONFIGURED

    world.change(world.issuer, audiences=["api://here"])
    assert ask(world, Door.CLIENT_ASSERTION, aud="api://here").accepted
    assert exchange(world, id_token=True, aud="api://here", nonce="n").accepted
    assert reason_of(exchange(world, aud="api://here", nonce="n")) is Reason.ID_TOKEN

    world.change(world.issuer, audiences=["api://here", "api://there"])
    assert reason_of(ask(world, Door.CLIENT_ASSERTION, aud="api://here")) is Reason.ISSUER_MISCONFIGURED
    assert exchange(world, aud=["api://there", "x"]).accepted


def test_an_id_jag_is_for_the_first_door_alone(world: World) -> None:
    world.change(world.issuer, profile="id-jag")
    world.change(
        world.rule, accepted_as=[*Door], subject_policy="no_user", default_application=world.application
    )
    header = {"typ": "oauth-id-jag+jwt"}
    for door in (Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION):
        assert reason_of(ask(world, door, client=world.application, header=header)) is Reason.WRONG_TYPE


@pytest.mark.standard("TEX-38", "XAU-09")
def test_this_server_is_no_issuer_at_any_door(world: World, settings: Any) -> None:
    world.change(world.issuer, issuer=AUDIENCE, audiences=["api://here"])
    world.change(
        world.rule, accepted_as=[*Door], subject_policy="no_user", default_application=world.application
    )
    for door in (Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION):
        explanation = ask(world, door, client=world.application, iss=AUDIENCE, aud="api://here")
        assert reason_of(explanation) is Reason.OWN_ISSUER


@pytest.mark.parametrize(
    "claims", [{"aud": DROP}, {"aud": [{}]}, {"aud": 1}, {"aud": "api://here", "azp": {}}]
)
def test_a_dry_run_of_an_id_token_that_is_broken(world: World, claims: dict[str, Any]) -> None:
    world.change(world.rule, accepted_as=["subject_token"])
    world.change(world.issuer, audiences=["api://here"])
    assert reason_of(exchange(world, id_token=True, **claims)) in (
        Reason.MISSING_CLAIM,
        Reason.MALFORMED_CLAIM,
    )


ACTOR = {"sub": "robot"}
BOTH = ["authorization_grant", "subject_token"]


@pytest.mark.standard("TEX-41", "TEX-42", "H-6")
@cases(
    ("accepted_as", "claims", "condition", "refused"),
    [
        (["authorization_grant"], {"act": ACTOR, "may_act": ACTOR}, None, []),
        (
            BOTH,
            {"act": ACTOR},
            None,
            BOTH,
        ),
        (
            BOTH,
            {"may_act": 1},
            None,
            BOTH,
        ),
        (
            BOTH,
            {"act": None},
            None,
            BOTH,
        ),
        (BOTH, {"act": ACTOR}, "/act/sub", []),
        (["subject_token"], {"act": ACTOR, "may_act": ACTOR}, "/act/sub", ["subject_token"]),
        (["client_assertion"], {"act": ACTOR}, None, ["client_assertion"]),
        (["client_assertion"], {"act": ACTOR}, "/act/sub", []),
        (["authorization_grant", "client_assertion"], {"act": ACTOR}, None, ["client_assertion"]),
    ],
)
def test_delegation(
    world: World, accepted_as: list[str], claims: dict[str, Any], condition: str | None, refused: list[str]
) -> None:
    world.change(
        world.rule, accepted_as=accepted_as, subject_policy="no_user", default_application=world.application
    )
    if condition:
        ClaimCondition.objects.create(rule=world.rule, claim=condition, values=["robot"])
    found = [
        door
        for door in map(Door, accepted_as)
        if reason_of(ask(world, door, client=world.application, **claims)) is Reason.DELEGATION
    ]
    assert found == refused
    for door in set(accepted_as) - set(refused):
        assert ask(world, Door(door), client=world.application, **claims).accepted
