"""Whether sessions of the test's database wait for a lock."""

from __future__ import annotations

import random
import time

from django.db import connection

QUESTIONS = {
    "postgresql": """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'""",
    "mysql": """
        SELECT count(*) FROM information_schema.innodb_trx
        JOIN information_schema.processlist ON id = trx_mysql_thread_id
        WHERE db = database() AND trx_state = 'LOCK WAIT'""",
}


def until_waiting(count: int, patience: float = 30) -> None:
    """Return when ``count`` sessions wait. SQLite cannot be asked: there, after a moment."""
    if connection.vendor == "sqlite":
        time.sleep(0.5)
        return
    end = time.monotonic() + patience
    while _waiting() < count:
        assert time.monotonic() < end, "nobody waits"
        # MariaDB makes a new list of transactions only if nobody has asked for a tenth of a second. Another
        # run may ask the same server, so the two must not ask at one pace.
        time.sleep(random.uniform(0.15, 0.6))  # noqa: S311 - no secret


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(QUESTIONS[connection.vendor])
        found: int = cursor.fetchone()[0]
    return found
