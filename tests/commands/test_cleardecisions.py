"""``cleardecisions``: what is past its use goes, in batches; what still guards or is young stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth_jwt_grant.models import Decision
from tests import factories

pytestmark = pytest.mark.django_db


def decide(days_ago: float, *, guards_for: timedelta | None = None, key: str | None = None) -> Decision:
    """A decision of some days ago; ``guards_for``: how long from now its assertion could still be used."""
    now = timezone.now()
    return Decision.objects.create(
        time=now - timedelta(days=days_ago),
        outcome="accepted",
        iss=factories.ISSUER,
        replay_key=key,
        replay_until=None if guards_for is None else now + guards_for,
    )


def kept() -> set[int]:
    return set(Decision.objects.values_list("pk", flat=True))


def test_what_goes_and_what_stays(run):
    stay = {decide(89).pk, decide(91, guards_for=timedelta(hours=1), key="a").pk, decide(0).pk}
    decide(91)
    decide(200, guards_for=timedelta(hours=-1), key="b")
    assert run("cleardecisions") == (0, "2 decisions removed.\n", "")
    assert kept() == stay


def test_retention_is_a_setting(run):
    decide(2)
    with override_settings(OAUTH_JWT_GRANT={"DECISION_RETENTION_DAYS": 1}):
        assert run("cleardecisions").out == "1 decision removed.\n"


def test_dry_run_only_counts(run):
    rows = {decide(91).pk, decide(92).pk, decide(1).pk}
    assert run("cleardecisions", "--dry-run").out == "2 decisions would be removed.\n"
    assert kept() == rows


def test_batches_begin_with_the_oldest_and_are_statements_of_their_own(run):
    for days in (95, 91, 94, 92, 93):
        decide(days)
    with CaptureQueriesContext(connection) as statements:
        done = run("cleardecisions", "--batch-size", "2", "--verbosity", "2")
    assert done.out.splitlines() == ["2 so far.", "4 so far.", "5 so far.", "5 decisions removed."]
    assert sum(statement["sql"].startswith("DELETE") for statement in statements) == 3
    assert kept() == set()


def test_nothing_to_do(run):
    assert run("cleardecisions").out == "0 decisions removed.\n"


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_batch_size(run, size):
    assert "--batch-size: not a whole number, at least 1" in run("cleardecisions", "--batch-size", size).err
