"""Ways in which a real database fails in the middle of a token request, and what the admins are mailed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connection, transaction
from django.test import override_settings
from django.utils.log import AdminEmailHandler
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject
from oauth_jwt_grant.subjects import provision_user, resolve_subject
from tests.support import elsewhere

#: Django 6.0 wants the address alone.
ADMIN = "admin@example.com" if django.VERSION >= (6, 0) else ("Admin", "admin@example.com")


class Mails:
    """What Django mails to the site's admins: text, and HTML with the variables of each frame."""

    @property
    def sent(self) -> list[str]:
        return [
            "\n".join([message.subject, message.body, *(part.content for part in message.alternatives)])
            for message in mail.outbox
        ]


@contextmanager
def mails_to_admins() -> Iterator[Mails]:
    """Mail each error that anything logs, as a site in production does."""
    handler = AdminEmailHandler(include_html=True)
    handler.setLevel(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        with override_settings(ADMINS=[ADMIN], DEBUG=False):
            yield Mails()
    finally:
        logging.getLogger().removeHandler(handler)


@contextmanager
def atomic_requests(on: bool = True) -> Iterator[None]:
    """The site has ``ATOMIC_REQUESTS``, or has it not."""
    before, connection.settings_dict["ATOMIC_REQUESTS"] = connection.settings_dict["ATOMIC_REQUESTS"], on
    try:
        yield
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = before


@contextmanager
def locked(statement: str, begin: str = "BEGIN") -> Iterator[None]:
    """SQLite: another connection holds a lock, and nobody waits for it."""
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    connection.cursor().execute("PRAGMA busy_timeout = 0")
    try:
        other.execute(begin)
        other.execute(statement).fetchone()
        yield
    finally:
        other.close()
        connection.cursor().execute("PRAGMA busy_timeout = 5000")


@contextmanager
def begin_fails_on_a_lock() -> Iterator[None]:
    """SQLite: BEGIN IMMEDIATE, as ``docs/single-use.md`` advises, meets another writer."""
    before, connection.transaction_mode = connection.transaction_mode, "IMMEDIATE"
    try:
        with locked("DELETE FROM django_session"):
            yield
    finally:
        connection.transaction_mode = before


@contextmanager
def insert_fails_on_a_lock() -> Iterator[None]:
    """SQLite: BEGIN succeeds, and the first INSERT meets another writer."""
    with locked("DELETE FROM django_session"):
        yield


@contextmanager
def reads_fail_on_a_lock() -> Iterator[None]:
    """SQLite with a rollback journal: another connection is in the middle of its COMMIT."""
    with locked("DELETE FROM django_session", "BEGIN EXCLUSIVE"):
        yield


@contextmanager
def commit_fails_on_a_lock() -> Iterator[None]:
    """SQLite with a rollback journal: COMMIT meets a reader."""
    with locked("SELECT * FROM django_migrations"):
        yield


@contextmanager
def commit_fails_to_serialize() -> Iterator[None]:
    """PostgreSQL: what COMMIT checks fails as two serializable transactions do that cannot both be."""
    table = get_access_token_model()._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_serialization() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure'; END $$"
        )
        cursor.execute(
            f"CREATE CONSTRAINT TRIGGER no_serialization AFTER INSERT ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_serialization()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER no_serialization ON {table}")
            cursor.execute("DROP FUNCTION no_serialization()")


@contextmanager
def connection_is_lost() -> Iterator[None]:
    """PostgreSQL and MariaDB: the server ends the connection between decision and BEGIN."""
    name = "tests.e2e.failing.resolve_and_lose_the_connection"
    try:
        with override_settings(OAUTH_JWT_GRANT={**settings.OAUTH_JWT_GRANT, "SUBJECT_RESOLVER": name}):
            yield
    finally:
        connection.close()


def resolve_and_lose_the_connection(*arguments: Any) -> Any:
    """A ``SUBJECT_RESOLVER`` during which the database server ends the connection."""
    subject = resolve_subject(*arguments)
    ask, kill = {
        "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%s)"),
        "mysql": ("SELECT CONNECTION_ID()", "KILL %s"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(ask)
        [number] = cursor.fetchone()

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute(kill, [number])

    elsewhere(end)
    return subject


@contextmanager
def serializable_transactions_conflict() -> Iterator[None]:
    """PostgreSQL, every transaction serializable: another one is committed that cannot have come before."""
    name = "tests.e2e.failing.provision_beside_another_transaction"
    GrantRule.objects.update(subject_policy="provision")
    LinkedSubject.objects.all().delete()
    serializable = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL"
    connection.cursor().execute(f"{serializable} SERIALIZABLE")
    try:
        with override_settings(OAUTH_JWT_GRANT={**settings.OAUTH_JWT_GRANT, "USER_PROVISIONER": name}):
            yield
    finally:
        connection.cursor().execute(f"{serializable} READ COMMITTED")


def provision_beside_another_transaction(assertion: Any, rule: Any) -> Any:
    """A ``USER_PROVISIONER`` that counts users, while somebody counts decisions and adds a user."""
    users = get_user_model().objects
    assert users.count() >= 1

    def add_user() -> None:
        with transaction.atomic():
            connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            assert Decision.objects.count() == 0
            users.create_user("another")

    elsewhere(add_user)
    return provision_user(assertion, rule)


@contextmanager
def database_is_down() -> Iterator[None]:
    """Nobody can connect, and the connection that there was is gone."""
    settings_dict = connection.settings_dict
    before = {name: settings_dict[name] for name in ("NAME", "HOST", "PORT")}
    connection.close()
    if connection.vendor == "sqlite":
        settings_dict["NAME"] = "/nonexistent/database.sqlite3"
    else:
        # Both: a server that is reached through its socket has no port.
        settings_dict.update(HOST="127.0.0.1", PORT=1)
    try:
        yield
    finally:
        connection.close()
        settings_dict.update(before)


#: Each failure, and where it can happen.
FAILURES: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "reads fail on a lock": (reads_fail_on_a_lock, {"sqlite"}),
    "BEGIN fails on a lock": (begin_fails_on_a_lock, {"sqlite"}),
    "an INSERT fails on a lock": (insert_fails_on_a_lock, {"sqlite"}),
    "COMMIT fails on a lock": (commit_fails_on_a_lock, {"sqlite"}),
    "COMMIT fails to serialize": (commit_fails_to_serialize, {"postgresql"}),
    "serializable transactions conflict": (serializable_transactions_conflict, {"postgresql"}),
    "the connection is lost before BEGIN": (connection_is_lost, {"postgresql", "mysql"}),
    "the database is down": (database_is_down, {"sqlite", "postgresql", "mysql"}),
}
#: Those that only a decision on an assertion runs into.
OF_A_DECISION = {connection_is_lost, serializable_transactions_conflict}
