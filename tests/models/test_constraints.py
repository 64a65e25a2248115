"""What a person reads where a constraint of the database does not hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.forms import model_to_dict, modelform_factory
from django.utils.functional import Promise

from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from tests.support import World, cases

CONSTRAINTS: dict[str, models.BaseConstraint] = {
    constraint.name: constraint
    for model in apps.get_app_config("oauth_jwt_grant").get_models()
    for constraint in model._meta.constraints
}


def issuer(**fields: Any) -> Callable[[World], TrustedIssuer]:
    """A row of an issuer that is good but for ``fields``."""
    return lambda world: TrustedIssuer(
        **{"name": "Other", "issuer": "https://other.example", "jwks": {}, "discovery_url": "", **fields}
    )


def second_decision(world: World) -> Decision:
    Decision.objects.create(outcome="accepted", replay_key="r" * 64)
    return Decision(outcome="accepted", replay_key="r" * 64)


#: By the name of each constraint: a row for which it does not hold.
BROKEN: dict[str, Callable[[World], models.Model]] = {
    "oauth_jwt_grant_issuer_not_empty": issuer(issuer=""),
    "oauth_jwt_grant_issuer_jwks_url": issuer(key_source="jwks_url"),
    "oauth_jwt_grant_issuer_trust_anchors": issuer(key_source="certificates"),
    "oauth_jwt_grant_issuer_dates": issuer(
        valid_from=datetime(2031, 1, 1, tzinfo=UTC), valid_until=datetime(2030, 1, 1, tzinfo=UTC)
    ),
    "oauth_jwt_grant_rule_name_once": lambda world: GrantRule(
        issuer=world.issuer, name=world.rule.name, scopes="read"
    ),
    "oauth_jwt_grant_subject_linked_once": lambda world: LinkedSubject(
        issuer=world.issuer, subject=world.issuer.linked_subjects.get().subject, user=world.user
    ),
    "oauth_jwt_grant_subject_not_empty": lambda world: LinkedSubject(
        issuer=world.issuer, subject="", user=world.user
    ),
    "oauth_jwt_grant_replay_key_once": second_decision,
}
#: Where the field's own validation speaks first, as a form shows it beside the field.
BESIDE_THE_FIELD = {
    "oauth_jwt_grant_issuer_not_empty": ("issuer", "This field cannot be blank."),
    "oauth_jwt_grant_issuer_jwks_url": ("jwks_url", "Enter the URL of the issuer's JWK Set."),
    "oauth_jwt_grant_issuer_trust_anchors": ("trust_anchors", "certificate"),
    "oauth_jwt_grant_subject_not_empty": ("subject", "This field cannot be blank."),
}


def test_each_constraint_is_here() -> None:
    assert set(BROKEN) == set(CONSTRAINTS)


def test_each_has_words_and_a_code_of_its_own() -> None:
    for constraint in CONSTRAINTS.values():
        assert isinstance(constraint.violation_error_message, Promise)
        assert constraint.name not in str(constraint.violation_error_message)
    codes = [constraint.violation_error_code for constraint in CONSTRAINTS.values()]
    assert all(codes)
    assert len(set(codes)) == len(codes)


@cases("name", BROKEN)
def test_the_row_is_one_that_the_database_refuses(world: World, name: str) -> None:
    row = BROKEN[name](world)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Model.save_base(row, force_insert=True)


@cases("name", BROKEN)
def test_the_constraint_speaks(world: World, name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BROKEN[name](world).validate_constraints()
    (error,) = (error for errors in caught.value.error_dict.values() for error in errors)
    constraint = CONSTRAINTS[name]
    assert (error.message, error.code) == (
        constraint.violation_error_message,
        constraint.violation_error_code,
    )


def said_of(name: str) -> tuple[str, str]:
    """The field, or ``__all__``, and what a form says of a row for which the constraint does not hold."""
    return BESIDE_THE_FIELD.get(name, (NON_FIELD_ERRORS, str(CONSTRAINTS[name].violation_error_message)))


@cases("name", BROKEN)
def test_full_clean_says_it_once(world: World, name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BROKEN[name](world).full_clean()
    field, text = said_of(name)
    (found,) = caught.value.message_dict[field]
    assert text in found
    assert name not in str(caught.value)


@cases("name", BROKEN)
def test_a_form_shows_it(world: World, name: str) -> None:
    row = BROKEN[name](world)
    data = {field: value for field, value in model_to_dict(row).items() if value is not None}
    form = modelform_factory(type(row), fields="__all__")(data)
    field, text = said_of(name)
    (found,) = form.errors[field]
    assert text.replace("cannot be blank", "is required") in found
    assert name not in form.errors.as_text()
