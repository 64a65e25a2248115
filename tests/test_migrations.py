"""The migrations: there and back, and nothing is missing from them."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from oauth_jwt_grant.models import TrustedIssuer
from tests.support import build_world, make_issuer

APP = "oauth_jwt_grant"


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith(APP)}


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    """On each kind of site, also where the models of users and of django-oauth-toolkit are its own."""
    out = StringIO()

    call_command("makemigrations", check=True, dry_run=True, stdout=out)

    assert "No changes" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_back_to_zero_and_forward_again() -> None:
    before = tables()
    latest = [node for node in MigrationExecutor(connection).loader.graph.leaf_nodes() if node[0] == APP]
    assert len(latest) == 1
    build_world()

    MigrationExecutor(connection).migrate([(APP, None)])
    try:
        assert tables() == set()
    finally:
        MigrationExecutor(connection).migrate(latest)

    assert tables() == before
    assert not TrustedIssuer.objects.exists()
    make_issuer()
