"""``cleardecisions``: what is past its use goes, in batches; what still guards or is young stays."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.trust.withdrawal import revoke
from tests import factories

pytestmark = pytest.mark.django_db


def decide(
    days_ago: float,
    *,
    guards_for: timedelta | None = None,
    key: str | None = None,
    token_for: timedelta | None = None,
) -> Decision:
    """A decision of some days ago.

    ``guards_for`` says how long from now its assertion could still be used, ``token_for`` how long its access
    token is good.
    """
    now = timezone.now()
    token = None
    if token_for is not None:
        token = get_access_token_model().objects.create(
            token=uuid4().hex, expires=now + token_for, scope="read"
        )
    return Decision.objects.create(
        access_token=token,
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
    out = "2 decisions removed.\n1 decision kept: its assertion could still be used.\n"
    assert run("cleardecisions") == (0, out, "")
    assert kept() == stay


def test_decision_stays_as_long_as_its_token_is_good(run):
    good = decide(91, token_for=timedelta(hours=1))
    guard = decide(92, token_for=timedelta(hours=1), guards_for=timedelta(hours=1), key="a")
    lapsed = decide(200, token_for=timedelta(hours=1), guards_for=timedelta(hours=-1), key="b")
    decide(91, token_for=timedelta(seconds=-1))
    revoked = decide(91, token_for=timedelta(hours=1))
    revoked.access_token.revoke()
    lines = "3 decisions kept: their access tokens have not expired.\n"
    assert run("cleardecisions", "--dry-run").out == f"2 decisions would be removed.\n{lines}"
    assert run("cleardecisions").out == f"2 decisions removed.\n{lines}"
    assert kept() == {good.pk, guard.pk, lapsed.pk}
    # What they are kept for: the token leads to them, and they to the token.
    assert good.access_token.jwt_bearer_decision == good
    assert revoke(Decision.objects.all()) == 3
    assert run("cleardecisions").out == (
        "2 decisions removed.\n1 decision kept: its assertion could still be used.\n"
    )


def test_single_use_holds_as_long_as_the_token_is_good(run):
    with override_settings(OAUTH_JWT_GRANT={"DECISION_RETENTION_DAYS": 0}):
        decide(1, token_for=timedelta(hours=1), guards_for=timedelta(hours=-1), key="a")
        run("cleardecisions")
    assert Decision.objects.filter(replay_key="a").exists()


def test_what_is_kept_is_not_read_again_with_each_batch(run):
    for days in range(91, 97):
        decide(days)
    for number in range(20):
        decide(100 + number, token_for=timedelta(hours=1))
    with CaptureQueriesContext(connection) as statements:
        out = run("cleardecisions", "--batch-size", "2").out
    assert out.startswith("6 decisions removed.\n20 decisions kept")
    looks = [each["sql"] for each in statements if "LIMIT 2" in each["sql"]]
    # The first look begins at the oldest, and each other one where the one before it ended.
    assert ["replay_until" in look and ">=" in look for look in looks] == [False, True, True, True]


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


@pytest.mark.parametrize("size", ["0", "-1", "10001", "many"])
def test_batch_size(run, size):
    done = run("cleardecisions", "--batch-size", size)
    assert done.err.endswith("--batch-size: not a whole number from 1 to 10000")
