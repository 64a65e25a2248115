"""Settings of a child process: the test site as several processes serve it (SQLite as docs/ advise).

=======================  ==========================================================
``OJG_TEST_JOURNAL``     SQLite's ``journal_mode``: ``wal`` (default) or ``delete``
``OJG_TEST_DOORS``       ``1``: all doors are open
``OJG_TEST_ISOLATION``   isolation level of the others, for example ``repeatable read``
=======================  ==========================================================
"""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, OAUTH_JWT_GRANT

if os.environ.get("OJG_TEST_DOORS") == "1":
    OAUTH_JWT_GRANT["ACCEPTED_AS"] = ["authorization_grant", "subject_token", "client_assertion"]

_database = DATABASES["default"]
_options = _database.setdefault("OPTIONS", {})
if _database["ENGINE"].endswith("sqlite3"):
    _journal = os.environ.get("OJG_TEST_JOURNAL", "wal")
    _options["init_command"] = f"PRAGMA journal_mode={_journal}; PRAGMA synchronous=NORMAL;"
    _options["timeout"] = 20
    if _database["ATOMIC_REQUESTS"]:
        _options["transaction_mode"] = "IMMEDIATE"
elif "OJG_TEST_ISOLATION" in os.environ:
    _level = os.environ["OJG_TEST_ISOLATION"]
    if _database["ENGINE"].endswith("postgresql"):
        from django.db.backends.postgresql.psycopg_any import IsolationLevel

        _options["isolation_level"] = IsolationLevel[_level.replace(" ", "_").upper()]
    else:
        _options["isolation_level"] = _level
