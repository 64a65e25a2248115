"""The doors of a rule: what cannot be saved, and what is found where it was saved past the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from oauth_jwt_grant.models import GrantRule
from oauth_jwt_grant.trust.doors import door_findings
from tests.support import World, cases, make_application

ALL = ["authorization_grant", "subject_token", "client_assertion"]


def errors_of(rule: GrantRule) -> list[str]:
    try:
        rule.full_clean()
    except ValidationError as error:
        return error.message_dict.get("accepted_as", [])
    return []


@pytest.mark.parametrize("accepted_as", [[], ["subject_token"], ALL])
def test_doors_that_can_be_saved(world: World, accepted_as: list[str]) -> None:
    world.change(world.issuer, audiences=["api://here"])
    rule = world.rule
    rule.accepted_as, rule.subject_policy, rule.default_application = (
        accepted_as,
        "no_user",
        world.application,
    )
    assert errors_of(rule) == []


@cases(
    ("issuer", "rule", "application", "text"),
    [
        ({}, {"accepted_as": ["door"]}, {}, "door cannot be accepted"),
        ({}, {"accepted_as": "subject_token"}, {}, "Enter a JSON list"),
        ({"profile": "id-jag"}, {"accepted_as": ["subject_token"]}, {}, "authorization grant alone"),
        ({"profile": "id-jag"}, {"accepted_as": ALL}, {}, "authorization grant alone"),
        ({"audiences": ["a", "b"]}, {}, {}, "one audience"),
        ({}, {"default_application": None}, {}, "default application"),
        ({}, {}, {"client_type": "public"}, "confidential"),
        ({}, {}, {"authorization_grant_type": "authorization-code"}, "registered for client credentials"),
        ({}, {"subject_policy": "linked"}, {}, "nobody's"),
    ],
)
def test_doors_that_cannot_be_saved(
    world: World, issuer: dict[str, Any], rule: dict[str, Any], application: dict[str, Any], text: str
) -> None:
    good = {
        "accepted_as": ["client_assertion"],
        "subject_policy": "no_user",
        "default_application": world.application,
    }
    for row, fields in (
        (world.issuer, issuer), (world.application, application), (world.rule, {**good, **rule})
    ):  # fmt: skip
        for name, value in fields.items():
            setattr(row, name, value)
    (found,) = errors_of(world.rule)
    assert text in found


def test_a_form_without_an_issuer_is_no_error_of_ours() -> None:
    assert errors_of(GrantRule(name="x", scopes="read", accepted_as=["subject_token"])) == []


@pytest.mark.parametrize(
    ("fields", "opened", "text"),
    [
        ({"accepted_as": ["subject_token"]}, ["authorization_grant"], "the setting ACCEPTED_AS leaves out"),
        ({}, ["subject_token"], "as authorization_grant, which the setting"),
        ({"accepted_as": "all"}, ALL, "accepted_as is not a list of strings"),
        ({"accepted_as": ["client_assertion"]}, ALL, "it needs a default application"),
    ],
    ids=str,
)
def test_rules_that_never_match(
    world: World, settings: Any, fields: dict[str, Any], opened: list[str], text: str
) -> None:
    assert list(door_findings(world.issuer, [world.rule])) == []
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": opened}
    world.change(world.rule, **fields)
    (found,) = door_findings(world.issuer, [world.rule])
    assert text in found


def test_an_application_that_may_no_longer_authenticate(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": ALL}
    public = make_application("public", client_type="public")
    world.change(
        world.rule, accepted_as=["client_assertion"], subject_policy="no_user", default_application=public
    )
    (found,) = door_findings(world.issuer, [world.rule])
    assert "not confidential" in found


@pytest.mark.standard("XDR-09")
def test_a_reusable_assertion_at_several_doors(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": ALL}
    world.change(world.issuer, replay_policy="reusable")
    second = world.issuer.rules.create(name="second", scopes="read", accepted_as=["subject_token"])
    (found,) = door_findings(world.issuer, [world.rule, second])
    assert "Is reusable and accepted as authorization_grant, subject_token" in found
    assert list(door_findings(world.issuer, [second])) == []
