"""A second database, to which a router sends all that is written. The first is the cell's; it stays empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.test import override_settings

from tests.site import database

ELSEWHERE = "elsewhere"
#: The tables in which nothing may be left behind: ours and that of users.
_TABLE = re.compile(
    r'^(?:INSERT INTO|UPDATE|DELETE FROM) ["`](oauth_jwt_grant_\w+|auth_user|swapped_user)["`]'
)


class Router:
    """Writes elsewhere. Reads there too, unless the app is in ``lagging``: of these the first has no row."""

    def __init__(self) -> None:
        self.lagging: frozenset[str] = frozenset()

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS if model._meta.app_label in self.lagging else ELSEWHERE

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return ELSEWHERE

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True


@contextmanager
def second_database(file: Path) -> Iterator[None]:
    """A connection ``elsewhere`` to a new SQLite database in ``file``, made by the migrations."""
    entry = {**database("sqlite", atomic_requests=False), "NAME": file}
    configured = connections.configure_settings({DEFAULT_DB_ALIAS: {}, ELSEWHERE: entry})
    connections.settings[ELSEWHERE] = configured[ELSEWHERE]
    try:
        call_command("migrate", database=ELSEWHERE, verbosity=0)
        yield
    finally:
        connections[ELSEWHERE].close()
        del connections[ELSEWHERE], connections.settings[ELSEWHERE]


@contextmanager
def routed() -> Iterator[Router]:
    """A site with a router that writes to the second database."""
    router = Router()
    ContentType.objects.clear_cache()
    with override_settings(DATABASE_ROUTERS=[router]):
        yield router
    ContentType.objects.clear_cache()
    connections.settings[ELSEWHERE]["ATOMIC_REQUESTS"] = False
    with connections[ELSEWHERE].cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS refuse")


@contextmanager
def written() -> Iterator[list[str]]:
    """The tables, of ours and of users, that are written to inside the ``with`` block, on any database."""
    tables: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        found = _TABLE.match(sql)
        tables.extend([found[1]] if found else [])
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(note))
        yield tables


def refuse_rows_of(model: Any) -> None:
    """Let the database refuse each new row of ``model``, as one does that is full or has been locked."""
    table = model._meta.db_table
    with connections[ELSEWHERE].cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )


def rows(alias: str) -> dict[str, int]:
    """The models of ours that have rows in the database ``alias``, and how many."""
    counts = {
        model.__name__: model._base_manager.using(alias).count()
        for model in apps.get_app_config("oauth_jwt_grant").get_models()
    }
    return {name: count for name, count in counts.items() if count}
