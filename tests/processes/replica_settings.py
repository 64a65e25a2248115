"""The test site with a read replica: two SQLite files, whatever database the cell has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica" if Router.lagging and model._meta.model_name != "accesstoken" else "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True


@contextmanager
def lagging() -> Iterator[None]:
    """Read from the replica; outside of this everything is read from the primary, to prepare scenes."""
    Router.lagging = True
    try:
        yield
    finally:
        Router.lagging = False
