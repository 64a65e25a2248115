"""Conditions of an issuer: every assertion has to meet them, whatever rule there is for it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from oauth_jwt_grant.assertion import Door, Reason, Step
from oauth_jwt_grant.decision import Status
from oauth_jwt_grant.validators import validate_conditions
from tests.decision.test_doors import ask, exchange, reason_of
from tests.factories import AUDIENCE
from tests.support import World, cases

TENANT = {"claim": "tenant", "operator": "equals", "values": ["acme"]}


def granted(world: World, **claims: Any) -> Any:
    return ask(world, Door.AUTHORIZATION_GRANT, client=world.application, **claims)


def test_all_of_them_come_before_the_rules(world: World) -> None:
    present = {"claim": "department", "operator": "exists"}
    world.change(world.issuer, conditions=[TENANT, present])

    assert granted(world, tenant="acme", department="it").accepted
    refused = granted(world, tenant="mallory")
    assert reason_of(refused) is Reason.ISSUER_CONDITIONS
    assert refused.refused is not None
    assert 'tenant must equal "acme"; the JWT has "mallory"' in refused.refused.detail
    assert "department must be there and not null" in refused.refused.detail
    assert refused.answer["error_description"] == "The assertion does not entitle its bearer to a token here."
    (step,) = (step for step in refused.steps if step.step is Step.CONDITIONS)
    assert (step.status, step.actual) == (Status.FAILED, {"tenant": "mallory"})
    assert step.expected == "tenant is 'acme' and department is present"


def test_without_any_there_is_no_step(world: World) -> None:
    assert all(step.step is not Step.CONDITIONS for step in granted(world).steps)


#: The JSON of MySQL has no number beyond a double.
ON_MYSQL = os.environ.get("OJG_TEST_DB") == "mysql"
TOO_BIG = [] if ON_MYSQL else [[{"claim": "iat", "operator": "at_most", "values": [10**400]}]]


@cases(
    "stored",
    [
        "acme", {"claim": "tenant"}, 5, [5], [{"claim": 5}], [{"claims": "sub"}], [{"operator": "x"}], [[]],
        *TOO_BIG,
    ],
)  # fmt: skip
def test_what_only_sql_can_have_written_holds_for_nobody(world: World, stored: Any) -> None:
    world.change(world.issuer, conditions=stored)
    assert reason_of(granted(world, tenant="acme")) is Reason.ISSUER_CONDITIONS


@cases(
    ("stored", "says"),
    [
        ({}, "JSON list"),
        (["tenant"], "Each condition is an object"),
        ([{"operator": "exists"}], "Each condition is an object"),
        ([{**TENANT, "value": 1}], "Each condition is an object"),
        ([{**TENANT, "operator": "regex"}], "no operator regex"),
        ([{**TENANT, "operator": []}], "no operator"),
        ([{**TENANT, "claim": 5}], "must be a text"),
        ([{**TENANT, "claim": "x" * 256}], "must be a text"),
        ([{**TENANT, "claim": ""}], "must be a name or a JSON Pointer"),
        ([{**TENANT, "values": "acme"}], "JSON list"),
        ([{**TENANT, "values": []}], "There must be a value"),
        ([{**TENANT, "values": [None]}], "null"),
        ([{**TENANT, "values": ["a", "b"]}], "takes one value"),
    ],
)
def test_they_are_checked_as_those_of_a_rule(stored: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        validate_conditions(stored)


def test_good_ones_may_leave_out_what_they_do_not_need() -> None:
    validate_conditions([])
    validate_conditions(
        [TENANT, {"claim": "sub", "values": ["alice"]}, {"claim": "sub", "operator": "exists"}]
    )


def test_an_actor_that_the_issuer_names_is_named(world: World) -> None:
    world.change(world.rule, accepted_as=["subject_token"])
    actor = {"sub": "agent"}
    assert reason_of(exchange(world, act=actor)) is Reason.DELEGATION
    world.change(world.issuer, conditions=[{"claim": "/act/sub", "operator": "equals", "values": ["agent"]}])
    assert exchange(world, act=actor).accepted
    assert reason_of(exchange(world, act={"sub": "mallory"})) is Reason.ISSUER_CONDITIONS
    assert reason_of(exchange(world, act=actor, may_act=actor)) is Reason.DELEGATION


def test_a_tenant_that_the_issuer_names_is_named_for_all_rules(world: World) -> None:
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE], conditions=[TENANT])
    jag: dict[str, Any] = {"header": {"typ": "oauth-id-jag+jwt"}, "client_id": "client"}
    world.issuer.linked_subjects.create(subject="acme alice", user=world.user)

    assert reason_of(granted(world, tenant="acme", **jag)) is not Reason.NO_RULE
    assert reason_of(granted(world, tenant="mallory", **jag)) is Reason.ISSUER_CONDITIONS
    world.change(world.issuer, conditions=[{"claim": "tenant", "operator": "exists"}])
    assert reason_of(granted(world, tenant="acme", **jag)) is Reason.NO_RULE
