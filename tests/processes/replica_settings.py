"""The test site with a read replica: two SQLite files, whatever database the cell has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections

from tests.settings import *  # noqa: F403
from tests.site import database

_FOLDER = Path(os.environ["OJG_TEST_FOLDER"])
DATABASES = {
    alias: {**database("sqlite", atomic_requests=False), "NAME": _FOLDER / f"{alias}.sqlite3"}
    for alias in ("default", "replica")
}
DATABASE_ROUTERS = ["tests.processes.replica_settings.Router"]


class Router:
    """Writes to the primary; in :func:`lagging` reads from the replica, but for access tokens.

    django-oauth-toolkit reads an access token back at once, whatever the grant.
    """

    lagging = False
    tokens_too = False

    def db_for_read(self, model: Any, **hints: Any) -> str:
        lagging = Router.lagging and (Router.tokens_too or model._meta.model_name != "accesstoken")
        return "replica" if lagging else "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True


@contextmanager
def lagging(*, tokens_too: bool = False) -> Iterator[None]:
    """Read from the replica; outside of this everything is read from the primary, to prepare scenes."""
    Router.lagging, Router.tokens_too = True, tokens_too
    try:
        yield
    finally:
        Router.lagging = False


def copy(source: str, target: str) -> None:
    """Put the whole of one database in the place of another."""
    connections.close_all()
    shutil.copy(_FOLDER / f"{source}.sqlite3", _FOLDER / f"{target}.sqlite3")
