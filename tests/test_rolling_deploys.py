"""Rolling deploys: after ``migrate``, the code of before goes on writing, and the new code reads it."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField

from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.trust import find_trust
from tests.factories import ec_key, jwks
from tests.support import make_application, make_issuer, make_rule, make_user

APP = "oauth_jwt_grant"
LOADER = MigrationLoader(None)
#: The migrations in their order.
NAMES = sorted(name for app, name in LOADER.disk_migrations if app == APP)
#: The columns that each migration adds to a table. The first makes the tables.
ADDED = {
    name: [
        (operation.model_name, operation.name)
        for operation in LOADER.disk_migrations[APP, name].operations
        if isinstance(operation, AddField)
    ]
    for name in NAMES[1:]
}
#: The last migration of each version of the code that knows fewer columns.
BEFORE = [before for before, name in itertools.pairwise(NAMES) if ADDED[name]]


@cache
def models_at(name: str) -> Any:
    """The models as the code had them after migration ``name``: they know no later column."""
    return LOADER.project_state((APP, name)).apps


def written_by(name: str) -> Any:
    """Write a row of each model as that code does, and return the key of the decision."""
    old = models_at(name)
    user, application = make_user(), make_application()
    key = jwks(ec_key())
    issuer = old.get_model(APP, "TrustedIssuer").objects.create(
        name="CI", issuer="https://ci.example", key_source="inline", jwks=key, algorithms=["ES256"]
    )
    rule = old.get_model(APP, "GrantRule").objects.create(
        issuer=issuer, name="jobs", client_policy="anonymous", subject_policy="no_user", scopes="read"
    )
    old.get_model(APP, "ClaimCondition").objects.create(
        rule=rule, claim="repository", operator="equals", values=["acme/website"]
    )
    old.get_model(APP, "LinkedSubject").objects.create(issuer=issuer, subject="build", user_id=user.pk)
    old.get_model(APP, "IssuerKeys").objects.create(
        issuer=issuer, source="x", document=key, fetched_at=0, expires_at=0
    )
    decisions = old.get_model(APP, "Decision").objects
    row = {"issuer": issuer, "rule": rule, "application_id": application.pk, "user_id": user.pk}
    return decisions.create(outcome="accepted", replay_key="r" * 64, **row).pk


@pytest.mark.parametrize("name", BEFORE)
@pytest.mark.django_db
def test_new_code_reads_what_older_code_writes_on_the_new_tables(name: str) -> None:
    pk = written_by(name)
    trust = find_trust("https://ci.example", None, "build")
    (loaded,) = trust.rules
    assert (trust.issuer.name, loaded.rule.name, loaded.rule.require_dpop) == ("CI", "jobs", False)
    assert loaded.rule.accepted_as == ()
    assert loaded.rule.scope_claim_name == "scope"
    decision = Decision.objects.get(pk=pk)
    assert (decision.outcome, decision.accepted_as) == ("accepted", "authorization_grant")
    issuer = decision.issuer
    assert issuer is not None
    issuer.full_clean()
    assert (issuer.fetched_keys.first_seen, issuer.fetched_keys.failure) == ({}, None)
    for rule in issuer.rules.all():
        rule.full_clean()


@pytest.mark.parametrize("name", BEFORE)
@pytest.mark.django_db
def test_older_code_reads_what_new_code_writes(name: str) -> None:
    issuer = make_issuer(ec_key())
    make_rule(issuer, make_application())
    Decision.objects.create(issuer=issuer, outcome="accepted", replay_key="r" * 64)
    old = models_at(name)
    assert (
        old.get_model(APP, "GrantRule").objects.select_related("issuer").get().issuer.issuer == issuer.issuer
    )
    assert old.get_model(APP, "Decision").objects.get().outcome == "accepted"


@pytest.mark.parametrize(("model", "column"), [*itertools.chain(*ADDED.values())])
def test_a_column_that_was_added_has_a_value_of_the_databases_own(model: str, column: str) -> None:
    """Code that does not know the column leaves it out of its INSERT."""
    field = apps.get_model(APP, model)._meta.get_field(column)
    assert isinstance(field, models.Field)
    assert field.null or field.has_db_default() or field.many_to_many


def test_there_is_older_code() -> None:
    assert len(BEFORE) >= 5
    assert BEFORE[-1] < NAMES[-1]
