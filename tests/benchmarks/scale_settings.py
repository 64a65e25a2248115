"""The test site on two databases; :func:`using` says which one everything goes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["full"] = {**DATABASES["default"], "NAME": f"{DATABASES['default']['NAME']}_full"}
DATABASE_ROUTERS = ["tests.benchmarks.scale_settings.Router"]

_current: ContextVar[str] = ContextVar("current", default="default")


@contextmanager
def using(alias: str) -> Iterator[None]:
    """Send every query to ``alias``."""
    token = _current.set(alias)
    try:
        yield
    finally:
        _current.reset(token)


class Router:
    """Sends reads and writes to the database of the moment."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return _current.get()

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True
