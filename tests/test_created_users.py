"""Users whom a rule creates: groups and fields by an explicit list, never rights."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from oauth_jwt_grant import subjects
from oauth_jwt_grant.assertion import Reason, Step
from oauth_jwt_grant.decision import Explanation, Question, explain
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, flaws_of
from tests.factories import AUDIENCE, DROP, ec_key, mint
from tests.support import World, assert_granted, assert_refused
from tests.test_users import Short

LOGIN = get_user_model().USERNAME_FIELD
NAMES = {"first_name": "given_name", "last_name": "/name/family"}
CLAIMS: dict[str, Any] = {"sub": "new", "given_name": "Zoé", "name": {"family": "Ó Briain"}}

mail_is_free = pytest.mark.skipif(LOGIN == "email", reason="not on a site where users log in by e-mail")


@pytest.fixture
def creating(world: World) -> World:
    """A rule that creates users with names, in two groups."""
    world.change(world.rule, subject_policy="provision", user_fields=NAMES)
    world.rule.groups.set([Group.objects.create(name=name) for name in ("readers", "guests")])
    Group.objects.create(name="admins")
    return world


def created() -> Any:
    return LinkedSubject.objects.get(subject="new").user


def dry_run(world: World, **claims: Any) -> Explanation:
    question = Question(
        assertion=mint(ec_key(), **CLAIMS, **claims),
        application=world.application,
        audiences=[AUDIENCE],
        now=time.time(),
    )
    return explain(question)


def test_a_new_user_gets_what_the_rule_lists_and_nothing_else(creating: World) -> None:
    people = get_user_model().objects.count()
    (shown,) = (step.actual for step in dry_run(creating).steps if step.step is Step.SUBJECT)
    assert shown == (
        'new: a user is created with first_name "Zo\\u00e9", last_name "\\u00d3 Briain", '
        'group "guests", group "readers"'
    )
    assert get_user_model().objects.count() == people

    more = {"is_staff": True, "is_superuser": True, "password": "x", "groups": ["admins"]}
    assert_granted(creating.post(assertion=mint(ec_key(), **CLAIMS, **more)))
    user = created()
    assert (user.first_name, user.last_name) == ("Zoé", "Ó Briain")
    assert {group.name for group in user.groups.all()} == {"readers", "guests"}
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)


def test_a_user_who_is_there_is_left_alone(creating: World) -> None:
    """What an operator or the user has changed stays, and so does what an operator has taken away."""
    assert_granted(creating.post(assertion=mint(ec_key(), **CLAIMS)))
    user = created()
    user.groups.clear()
    assert_granted(creating.post(assertion=mint(ec_key(), **{**CLAIMS, "given_name": "Other"})))
    assert (created().first_name, created().groups.count()) == ("Zoé", 0)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (DROP, ""),
        (None, ""),
        (7, ""),
        (["Zoé"], ""),
        ("", ""),
        ("two\nlines", ""),
        ("\u202eevil", ""),
        ("  Zoé ", "Zoé"),
        ("x" * 5000, "x" * get_user_model()._meta.get_field("first_name").max_length),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_name_that_cannot_be_one_is_left_out(creating: World, value: Any, stored: str) -> None:
    assert_granted(creating.post(assertion=mint(ec_key(), **{**CLAIMS, "given_name": value})))
    assert created().first_name == stored


@mail_is_free
@pytest.mark.parametrize(
    ("verified", "stored"), [(True, "zoe@example.com"), (False, ""), ("true", ""), (1, ""), (DROP, "")]
)
def test_an_e_mail_address_is_set_only_if_it_is_verified(creating: World, verified: Any, stored: str) -> None:
    creating.change(creating.rule, user_fields={"email": "email"})
    claims = {**CLAIMS, "email": "zoe@example.com", "email_verified": verified}
    assert_granted(creating.post(assertion=mint(ec_key(), **claims)))
    assert created().email == stored


REFUSED = [
    *({name: "claim"} for name in ("is_staff", "is_superuser", "is_active", "password", "last_login")),
    *({name: "claim"} for name in ("groups", "user_permissions", "id", LOGIN, "nothing", "date_joined")),
    {"first_name": ""},
    {"first_name": 5},
    {"first_name": "/~2"},
    ["first_name"],
    "first_name",
    *([] if LOGIN == "email" else [{"email": "upn"}]),
]


@pytest.mark.parametrize("fields", REFUSED, ids=str)
def test_what_no_claim_may_set_is_refused_on_save_and_in_a_request(creating: World, fields: Any) -> None:
    """By name: whatever the user model makes of it. A row that SQL has written is no way round."""
    creating.rule.user_fields = fields
    assert "user_fields" in flaws_of(creating.rule)
    GrantRule.objects.filter(pk=creating.rule.pk).update(user_fields=fields)
    people = get_user_model().objects.count()

    refused = dry_run(creating).refused
    assert refused is not None
    assert refused.reason == Reason.ISSUER_MISCONFIGURED
    assert_refused(creating.post(assertion=mint(ec_key(), **CLAIMS)), "invalid_grant")
    assert Decision.objects.get().detail == refused.detail
    assert get_user_model().objects.count() == people


def test_a_user_model_without_groups_refuses_a_rule_with_groups(
    creating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "get_user_model", lambda: Short)
    GrantRule.objects.update(user_fields={})
    refused = dry_run(creating).refused
    assert refused is not None
    assert "the user model has none" in refused.detail


def test_a_provisioner_of_the_sites_own_is_not_foretold(creating: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {
        **settings.OAUTH_JWT_GRANT,
        "USER_PROVISIONER": "tests.test_created_users.own",
    }
    (shown,) = (step.actual for step in dry_run(creating).steps if step.step is Step.SUBJECT)
    assert shown == "new"
