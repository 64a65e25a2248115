"""A database from before 0.1.0: what the check says, and what ``migrate`` does."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from oauth_jwt_grant.checks.former_migrations import FORMER, LAST_COMMIT, check_former_migrations
from tests.processes.elsewhere import ELSEWHERE

APP = "oauth_jwt_grant"


@pytest.fixture
def record(db: None) -> Iterator[Any]:
    """Record migrations of this app as applied; afterwards the records are as before."""
    recorder = MigrationRecorder(connection)
    before = set(recorder.applied_migrations())

    def add(*names: str) -> None:
        for name in names:
            recorder.record_applied(APP, name)

    yield add
    for app, name in set(recorder.applied_migrations()) - before:
        recorder.record_unapplied(app, name)


@pytest.fixture
def lacking(transactional_db: None, record: Any) -> Iterator[None]:
    """A table without the last column that the former migrations have added."""
    rename = "ALTER TABLE oauth_jwt_grant_grantrule RENAME COLUMN {} TO {}"
    with connection.cursor() as cursor:
        cursor.execute(rename.format("require_resource", "later"))
        yield
        cursor.execute(rename.format("later", "require_resource"))


def found() -> list[tuple[str | None, str, str | None]]:
    messages = run_checks(databases=["default"])
    return [(message.id, message.msg, message.hint) for message in messages if "051" in (message.id or "")]


def recorded() -> set[str]:
    return {name for app, name in MigrationRecorder(connection).applied_migrations() if app == APP}


def test_no_migration_has_a_former_name() -> None:
    here = {name for app, name in MigrationLoader(None).disk_migrations if app == APP}
    assert "0001_initial" in here
    assert not here & FORMER


def test_the_commit_is_one() -> None:
    assert len(LAST_COMMIT) == 40
    int(LAST_COMMIT, 16)


def test_a_new_database_is_not_one(record: Any) -> None:
    assert found() == []


def test_all_of_them_are_pruned(record: Any) -> None:
    record(*FORMER)
    ((code, text, hint),) = found()
    assert code == "oauth_jwt_grant.W051"
    assert "up to date" in text
    assert hint == "manage.py migrate oauth_jwt_grant --prune --database default"
    before = recorded() - FORMER
    call_command(*hint.split()[1:], verbosity=0, skip_checks=False, stderr=StringIO())
    assert recorded() == before
    assert found() == []


def test_not_all_of_them(record: Any) -> None:
    for missing in sorted(FORMER):
        record(*FORMER)
        MigrationRecorder(connection).record_unapplied(APP, missing)
        (message,) = check_former_migrations(databases=["default"])
        assert message.id == "oauth_jwt_grant.E051"
        assert f"up to {max(FORMER - {missing})} alone" in message.msg
        assert LAST_COMMIT in str(message.hint)


@pytest.mark.parametrize("names", [[], sorted(FORMER)[:4], sorted(FORMER)])
def test_a_column_is_missing(lacking: None, record: Any, names: list[str]) -> None:
    """Also where the rows of ``django_migrations`` say otherwise."""
    record(*names)
    ((code, text, _),) = found()
    assert code == "oauth_jwt_grant.E051"
    assert f"up to {max(names, default='0001_initial')} alone" in text


@pytest.mark.parametrize("arguments", [[], ["--prune"], ["--fake"]])
def test_migrate_stops_at_an_incomplete_database(record: Any, arguments: list[str]) -> None:
    record("0002_key_first_seen")
    with pytest.raises(SystemCheckError, match="up to 0002_key_first_seen alone"):
        call_command("migrate", APP, *arguments, verbosity=0, skip_checks=False)
    assert "0002_key_first_seen" in recorded()


@pytest.fixture
def elsewhere(django_db_blocker: Any, tmp_path: Path) -> Iterator[Path]:
    """A second database, empty; its file."""
    file = tmp_path / "empty.sqlite3"
    entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": file}
    connections.settings[ELSEWHERE] = connections.configure_settings({"default": {}, ELSEWHERE: entry})[
        ELSEWHERE
    ]
    with django_db_blocker.unblock():
        yield file
        connections[ELSEWHERE].close()
    del connections[ELSEWHERE], connections.settings[ELSEWHERE]


def test_a_database_without_tables_is_left_to_migrate(elsewhere: Path) -> None:
    assert check_former_migrations(databases=[ELSEWHERE]) == []
    MigrationRecorder(connections[ELSEWHERE]).record_applied(APP, "0002_key_first_seen")
    assert check_former_migrations(databases=[ELSEWHERE]) == []


def test_a_database_that_cannot_be_opened_is_left_to_migrate(elsewhere: Path) -> None:
    elsewhere.mkdir()
    assert check_former_migrations(databases=[ELSEWHERE]) == []


class NotThere:
    """A router that keeps the app out of the database."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if app_label == APP else None


def test_a_database_that_this_app_is_kept_out_of_may_have_any_records(record: Any, settings: Any) -> None:
    record("0002_key_first_seen")
    assert len(found()) == 1
    settings.DATABASE_ROUTERS = [NotThere()]
    assert found() == []


def test_nothing_is_read_unless_databases_are_named() -> None:
    assert check_former_migrations() == []
