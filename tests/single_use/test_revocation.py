"""Revocation: an operator disables and revokes while clients are being answered, and no token is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import QuerySet

from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.trust import withdrawal
from tests.factories import ec_key, mint
from tests.support import World, assert_granted, assert_refused, beside, make_user, tokens

from .processes import FULL, children
from .revoking import CLIENTS, PAUSES, WAYS, operator, revoke_meanwhile
from .waiting import until_waiting

RACER = "tests.single_use.racer"
ROUNDS = 100 if FULL else 1
#: On SQLite what reads before it writes fails while others write: pages of Django's admin, and commands.
RACED = [way for way in WAYS if connection.vendor != "sqlite" or way.startswith("disable")]

not_on_sqlite = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="not on sqlite: the one that has begun to write is alone"
)
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="not on a database with locks that read what is committed"
)


@pytest.mark.parametrize("atomic", [False, True], ids=["autocommit", "atomic-requests"])
def test_no_token_survives_revocation(world: World, atomic: bool) -> None:
    """Each way in turn; before each COMMIT and before each decision a client pauses at random."""
    with (
        operator(atomic=atomic) as browser,
        children(CLIENTS, RACER, *PAUSES, ATOMIC=str(int(atomic)), JOURNAL="delete") as clients,
    ):
        for way in RACED * ROUNDS if FULL else RACED[atomic::2]:
            done = revoke_meanwhile(world, clients, browser, way)
            assert (way, done.survivors, done.without_decision) == (way, 0, 0)
            assert done.answers.keys() <= {"200 -", "400 invalid_grant"}


@not_on_sqlite
def test_no_token_survives_revocation_where_a_transaction_reads_a_snapshot(world: World) -> None:
    """Under ``repeatable read`` the snapshot is that of the token's INSERT, before the pause."""
    with (
        operator(atomic=False) as browser,
        children(CLIENTS, RACER, *PAUSES, ISOLATION="repeatable read", ATOMIC="0") as clients,
    ):
        for way in ["disable_and_revoke", "change_rule_then_revoke"] * ROUNDS:
            done = revoke_meanwhile(world, clients, browser, way)
            assert (way, done.survivors) == (way, 0)
            assert done.answers.keys() <= {"200 -", "400 invalid_grant", "503 temporarily_unavailable"}


def disable_issuer(world: World) -> None:
    assert withdrawal.disable([world.issuer]) == ([world.issuer], True)


def disable_rule(world: World) -> None:
    GrantRule.objects.update(enabled=False)
    assert withdrawal.wait_for_requests([world.issuer.pk])


def limit_issuer(world: World) -> None:
    assert withdrawal.from_now_on([world.issuer]) == ([world.issuer], True)


@on_postgresql
@pytest.mark.parametrize("disable", [disable_issuer, disable_rule, limit_issuer])
def test_a_request_whose_snapshot_is_older_than_the_revocation_gets_no_token(
    world: World, disable: Callable[[World], None]
) -> None:
    """It has found the issuer enabled, and locks it when the operator is done with waiting."""
    refused: list[Any] = []

    def request() -> None:
        with late_lock(1):
            refused.append(world.post())

    with beside(request):
        until_sleeping()
        disable(world)
        assert withdrawal.revoke(Decision.objects.all()) == 0
        assert not refused
    assert_refused(refused[0], "invalid_grant")
    assert tokens() == 0


@not_on_sqlite
def test_a_lock_on_one_user_keeps_no_other_one_waiting(world: World) -> None:
    """On MariaDB, an ``INSERT ... SELECT`` would: it locks the counter of the primary key while it waits."""
    bob = make_user("bob")
    LinkedSubject.objects.create(issuer=world.issuer, subject="bob", user=bob)
    answers: list[Any] = []
    with ExitStack() as waiting, locked(get_user_model().objects.filter(pk=world.user.pk)):
        waiting.enter_context(beside(lambda: answers.append(world.post())))
        until_waiting(1)
        assert_granted(world.post(assertion=mint(ec_key(), sub="bob")))
        assert not answers
    assert_granted(answers[0])


@not_on_sqlite
def test_a_request_that_hangs_is_not_waited_for_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = {
        "postgresql": "SET LOCAL lock_timeout = '200ms'",
        "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    }
    monkeypatch.setattr(withdrawal, "_FIRST", first)
    GrantRule.objects.update(enabled=False)
    with locked(GrantRule.objects.all()):
        assert withdrawal.wait_for_requests([world.issuer.pk]) is False
    connection.close()  # and with it the timeout of the session
    assert "may be under way" in caplog.text
    assert withdrawal.wait_for_requests([world.issuer.pk]) is True


def test_it_is_not_pulled_within_a_transaction(world: World) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        withdrawal.disable([world.issuer])
    assert TrustedIssuer.objects.get().enabled


@contextmanager
def locked(rows: QuerySet[Any]) -> Iterator[None]:
    """Somebody else has a lock on ``rows``."""
    taken, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            list(rows.select_for_update())
            taken.set()
            done.wait(60)

    with beside(hold):
        assert taken.wait(60)
        try:
            yield
        finally:
            done.set()


@contextmanager
def late_lock(seconds: float) -> Iterator[None]:
    """PostgreSQL waits between the snapshot of the statement that inserts a decision and its locks."""
    insertion = f'INSERT INTO "{Decision._meta.db_table}"'
    issuers = f'FROM "{TrustedIssuer._meta.db_table}"'

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(insertion) and issuers in sql:
            sql = sql.replace(issuers, f"FROM (SELECT pg_sleep({seconds})) AS late, {issuers[5:]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def until_sleeping() -> None:
    """Return when a session is in ``pg_sleep``."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody sleeps")
