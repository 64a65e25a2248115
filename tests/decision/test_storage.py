"""What no database, or not this one, can hold: a clear answer, an entry in the log, and no token."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import (
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from oauth_jwt_grant.assertion import NotGranted, Reason
from oauth_jwt_grant.database import holds, is_missing
from oauth_jwt_grant.decision import Question, explain, failure_of, record
from oauth_jwt_grant.dot import get_application_model
from oauth_jwt_grant.models import Decision, TrustedIssuer
from tests.factories import AUDIENCE, ISSUER, ec_key, mint
from tests.support import World, assert_granted, assert_refused, cases, make_user, post, tokens

MIGRATE = "run migrate"
EMOJI = "\U0001f600"


class Latin:
    """A connection to a PostgreSQL with another encoding than UTF-8, as far as :func:`holds` asks it."""

    vendor = "postgresql"

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.connection = self.info = self

    def ensure_connection(self) -> None:
        """It is there."""

    def parameter_status(self, name: str) -> str:
        assert name == "server_encoding"
        return self.encoding


@cases(
    ("encoding", "text", "held"),
    [
        ("UTF8", EMOJI, True),
        ("LATIN1", "é", True),
        ("LATIN1", EMOJI, False),
        ("LATIN1", "\u20ac", False),
        ("WIN1252", "\u20ac", True),
        ("WIN1252", EMOJI, False),
        ("SQL_ASCII", EMOJI, True),
        ("LATIN1", 5, True),
    ],
)
def test_which_characters_a_database_has(encoding: str, text: object, held: bool) -> None:
    database: Any = Latin(encoding)
    assert holds(text, database) is held


@pytest.mark.parametrize("text", ["plain", "é", EMOJI])
def test_the_databases_of_the_tests_have_all(db: None, text: str) -> None:
    assert holds(text, connection)


@pytest.fixture
def latin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database has no character beyond ISO 8859-1."""

    def holds_latin(text: object, _connection: Any) -> bool:
        return not isinstance(text, str) or all(character < "\u0100" for character in text)

    for room in ("database.prepared", "trust.lookup", "subjects", "decision.record"):
        monkeypatch.setattr(f"oauth_jwt_grant.{room}.holds", holds_latin)


@pytest.mark.parametrize("policy", ["linked", "user_field"])
def test_a_subject_that_the_database_cannot_hold_is_an_unknown_one(
    world: World, latin: None, policy: str
) -> None:
    world.change(world.rule, subject_policy=policy, user_field="password")
    assert_refused(world.post(assertion=mint(ec_key(), sub=EMOJI)), "invalid_grant")
    assert Decision.objects.get().reason == Reason.UNKNOWN_SUBJECT


def test_an_issuer_and_a_client_that_the_database_cannot_hold_are_unknown(world: World, latin: None) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), iss=f"{ISSUER}/{EMOJI}")), "invalid_grant")
    assert_granted(world.post())


def error_from(error_type: type[Error], cause: Exception | None, text: str = "") -> Error:
    error = error_type(text)
    error.__cause__ = cause
    return error


class Postgres(Exception):
    """An exception of PostgreSQL's driver."""

    def __init__(self, state: str) -> None:
        self.sqlstate = state


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (error_from(OperationalError, None, "no such table: x"), Reason.NOT_SET_UP, MIGRATE),
        (error_from(ProgrammingError, Postgres("42P01"), "table"), Reason.NOT_SET_UP, MIGRATE),
        (error_from(ProgrammingError, Postgres("42703"), "column"), Reason.NOT_SET_UP, MIGRATE),
        (error_from(ProgrammingError, Exception(1146, "no table"), "1146"), Reason.NOT_SET_UP, MIGRATE),
        (
            error_from(OperationalError, Exception(1054, "no column"), "1054"),
            Reason.NOT_SET_UP,
            "run migrate",
        ),
        (
            error_from(OperationalError, Exception(1205, "locked"), "1205"),
            Reason.DATABASE_BUSY,
            "failed while",
        ),
        (error_from(InterfaceError, None, "closed"), Reason.DATABASE_BUSY, "failed while"),
        (error_from(DataError, None, "too long"), Reason.NOT_STORED, "cannot store"),
        (error_from(InternalError, None, "odd"), Reason.NOT_STORED, "cannot store"),
    ],
    ids=lambda value: str(value)[:20] or type(value).__name__,
)
def test_each_failure_of_the_database_has_its_answer_and_an_error_in_the_log(
    caplog: pytest.LogCaptureFixture, error: Error, reason: Reason, words: str
) -> None:
    assert failure_of(error).reason is reason
    (entry,) = caplog.records
    assert entry.levelno == logging.ERROR
    assert words in entry.message


@pytest.mark.parametrize("model", ["trustedissuer", "decision"])
def test_a_missing_table_is_an_error_in_the_log_and_not_a_matter_of_trying_again(
    world: World, caplog: pytest.LogCaptureFixture, model: str
) -> None:
    if connection.vendor == "mysql":
        pytest.skip("not on MariaDB: it commits what changes a table")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE oauth_jwt_grant_{model} RENAME TO gone")
    with transaction.atomic():
        response = world.post()
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE gone RENAME TO oauth_jwt_grant_{model}")
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")
    assert any(entry.levelno == logging.ERROR and "run migrate" in entry.message for entry in caplog.records)


@pytest.mark.parametrize("depth", [5, 30, 31])
def test_a_recorded_claim_of_any_depth_is_stored_or_named(world: World, depth: int) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    world.change(world.rule, recorded_claims=["deep"])
    response = world.post(assertion=mint(ec_key(), deep=value))
    decision = Decision.objects.get()
    if response.status_code == 200:
        assert decision.claims == {"deep": value}
    else:
        assert connection.vendor == "mysql"
        assert (decision.reason, tokens()) == (Reason.NOT_STORED, 0)


@cases(
    ("address", "stored"),
    [("fe80::1%eth0", "fe80::1"), ("fe80::1%25eth0", "fe80::1"), ("192.0.2.1", "192.0.2.1"), ("", None)],
)
@cases("scope", ["read", "unknown"])
def test_an_address_with_a_zone(world: World, address: str, stored: str | None, scope: str) -> None:
    post(world.pairs(scope=scope), REMOTE_ADDR=address)
    assert Decision.objects.get().client_address == stored


def test_a_refusal_whose_text_cannot_be_stored_is_stored_escaped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = record._refused.insert

    def strict(decision: Decision, **parameters: Any) -> None:
        if not decision.kid.isascii():
            raise DataError("Incorrect string value")
        insert(decision, **parameters)

    monkeypatch.setattr(record._refused, "insert", strict)
    world.post(assertion=mint(ec_key(), header={"kid": EMOJI}))
    assert (Decision.objects.get().kid, Decision.objects.get().reason) == (r"\U0001f600", "no_such_key")


def test_a_refusal_with_characters_that_the_database_lacks_is_stored_escaped(
    world: World, latin: None
) -> None:
    world.post(assertion=mint(ec_key(), header={"kid": EMOJI}))
    assert Decision.objects.get().kid == r"\U0001f600"


@contextmanager
def failing(words: str, error: Error) -> Iterator[None]:
    """Each statement with these ``words`` fails with ``error``."""

    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if words in sql:
            raise error
        return execute(sql, *args)

    with connection.execute_wrapper(fail):
        yield


MIXED = error_from(OperationalError, Exception(1267, "Illegal mix of collations"), "1267")


def test_an_issuer_that_the_database_refuses_to_compare_is_unknown(world: World) -> None:
    with failing(TrustedIssuer._meta.db_table, MIXED):
        assert_refused(world.post(), "invalid_grant")


def test_a_client_that_the_database_refuses_to_compare_is_unknown(world: World) -> None:
    with failing(get_application_model()._meta.db_table, MIXED):
        assert_refused(world.post(), "invalid_client")


def test_users_that_cannot_be_read_are_a_matter_of_trying_again(world: World) -> None:
    world.change(world.rule, subject_policy="user_field", user_field="email", subject_claim="name")
    # Not the lookup of the trust, which joins this table.
    users = f"FROM {connection.ops.quote_name(get_user_model()._meta.db_table)}"
    with failing(users, OperationalError("disk I/O error")):
        response = world.post(assertion=mint(ec_key(), name="ann@example.com"))
    assert_refused(response, "temporarily_unavailable")
    assert tokens() == 0


def test_a_dry_run_of_what_the_database_cannot_say_is_undecided(world: World) -> None:
    question = Question(
        assertion=mint(ec_key()), audiences=[AUDIENCE], now=time.time(), application=world.application
    )
    with failing(Decision._meta.db_table, OperationalError("disk I/O error")):
        explanation = explain(question)
    assert [failure.refused.reason for failure in explanation.failures] == [Reason.DATABASE_BUSY]


@pytest.mark.parametrize("error", [IntegrityError("x"), DataError("x"), ProgrammingError("x")], ids=repr)
def test_a_refusal_that_is_not_stored_changes_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Error
) -> None:
    def fail(*args: Any) -> None:
        raise error

    monkeypatch.setattr(record._refused, "insert", fail)
    assert_refused(world.post(scope="unknown"), "invalid_scope")


def test_the_clock_set_back_does_not_silence_the_log(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"REFUSALS_PER_MINUTE": 1}
    world.post(scope="unknown")
    later = Decision.objects.get()
    world.change(later, time=later.time.replace(year=later.time.year + 1))
    world.post(scope="unknown")
    assert Decision.objects.count() == 2


def test_a_user_who_is_there_is_not_said_to_be_deleted(world: World) -> None:
    user = make_user("other")
    permission: Any = SimpleNamespace(
        issuer=world.issuer,
        rule=world.rule,
        application=world.application,
        subject=SimpleNamespace(user=user),
    )
    refused: NotGranted = record.refusal_of(IntegrityError("CONSTRAINT `claims` failed"), permission)
    assert refused.reason is Reason.NOT_STORED
    user.delete()
    user.pk = 0
    assert record.refusal_of(IntegrityError("FOREIGN KEY"), permission).reason is Reason.NO_RULE


@pytest.mark.parametrize("text", ["no such column: y", "table x has no column named y"])
def test_sqlite_has_no_codes(text: str) -> None:
    assert is_missing(OperationalError(text))
