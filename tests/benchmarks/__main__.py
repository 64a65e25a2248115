"""``python -m tests.benchmarks``: every figure of ``docs/performance.md``, and ``revoking``, one by one.

SQLite needs nothing; PostgreSQL and MariaDB are taken where they answer (``OJG_TEST_DB_*``
as for the tests), gunicorn, Flask and Flask-SQLAlchemy where they are installed. What is
left out is said.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec

#: Module, database, and the distributions it needs beyond those of the tests. "prepared" is PostgreSQL
#: with statements that it prepares.
PARTS = (
    ("grant_cost", "sqlite", ()),
    ("grant_cost", "postgres", ("psycopg",)),
    ("grant_cost", "prepared", ("psycopg",)),
    ("grant_cost", "mariadb", ("pymysql",)),
    ("cheap_requests", "sqlite", ()),
    ("fuzz", "sqlite", ()),
    ("beside_authlib", "sqlite", ("flask", "flask_sqlalchemy")),
    ("load", "postgres", ("psycopg", "gunicorn")),
    ("clearing", "postgres", ("psycopg",)),
    ("clearing", "mariadb", ("pymysql",)),
    ("deleting", "postgres", ("psycopg",)),
    ("deleting", "mariadb", ("pymysql",)),
    ("scale", "postgres", ("psycopg",)),
    ("pages", "postgres", ("psycopg",)),
    ("revoking", "sqlite", ()),
    ("revoking", "postgres", ("psycopg",)),
    ("revoking", "mariadb", ("pymysql",)),
)

DATABASES = {
    "sqlite": {"OJG_TEST_DB": "sqlite"},
    "postgres": {"OJG_TEST_DB": "postgres"},
    "prepared": {"OJG_TEST_DB": "postgres", "OJG_TEST_PREPARED": "1"},
    "mariadb": {"OJG_TEST_DB": "mariadb"},
}


def main() -> int:
    """Run the parts that are asked for; the status is that of the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(sorted({name for name, _, _ in PARTS})))
    asked = parser.parse_args().parts
    worst = 0
    for name, database, needed in PARTS:
        if asked and name not in asked:
            continue
        print(f"\n== {name} on {database}", flush=True)
        missing = [module for module in needed if find_spec(module) is None]
        if missing:
            print(f"left out: {', '.join(missing)} not installed")
            continue
        command = [sys.executable, "-m", f"{__package__}.{name}"]
        # Each part sets Django up for its own database.
        worst = max(worst, subprocess.call(command, env={**os.environ, **DATABASES[database]}))
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
