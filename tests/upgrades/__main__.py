"""Writes the dump of a release for one kind of database: ``python -m tests.upgrades``.

Run it once for each of ``OJG_TEST_DB=sqlite``, ``postgres`` and ``mariadb``, on the oldest Django and
django-oauth-toolkit that are supported. Until a release is tagged, its dumps follow the models; from then on
they never change. ``pg_dump`` and ``mariadb-dump`` have to be installed for writing, not for the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import django

#: What the schema does not need, and older servers do not know.
_NOISE = re.compile(r"^(?:SET |SELECT pg_catalog\.set_config|/\*|--|\\).*\n", re.M)


def main() -> None:
    """Fill a new database, and write its dump."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.db import connection

    from tests.benchmarks.databases import test_databases

    from .database import dump_file
    from .rows import fill

    with test_databases():
        fill()
        dump = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mariadb}[connection.vendor]
        text = re.sub(r"\n{2,}", "\n", _NOISE.sub("", dump())).strip() + "\n"
        dump_file().write_text(text)
    sys.stdout.write(f"{dump_file()}: {len(text)} characters\n")


def _sqlite() -> str:
    from django.db import connection

    def lines() -> Iterator[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name"
            )
            entries = [entry for entry in cursor.fetchall() if entry[1] != "sqlite_sequence"]
            yield from (f"{sql};" for _, _, sql in entries)
            for name in (name for kind, name, _ in entries if kind == "table"):
                columns = [
                    column.name for column in connection.introspection.get_table_description(cursor, name)
                ]
                quoted = ", ".join(f'quote("{column}")' for column in columns)
                names = ", ".join(f'"{column}"' for column in columns)
                cursor.execute(f'SELECT {quoted} FROM "{name}" ORDER BY 1')  # noqa: S608 - names of the schema
                for values in cursor.fetchall():
                    yield f'INSERT INTO "{name}" ({names}) VALUES ({", ".join(values)});'  # noqa: S608

    return "\n".join(lines())


def _postgresql() -> str:
    from django.db import connection

    given = connection.settings_dict
    server = ["-h", given["HOST"], "-p", given["PORT"], "-U", given["USER"]]
    return _output("pg_dump", *server, "--no-owner", "--no-privileges", "--column-inserts", given["NAME"])


def _mariadb() -> str:
    from django.db import connection

    given = connection.settings_dict
    host, port = given["HOST"], str(given["PORT"])
    # With a port, the program would not use the socket.
    at = ["--socket", host] if host.startswith("/") else ["--host", host, "--port", port]
    rows = ["--compact", "--skip-extended-insert", "--complete-insert"]
    return _output("mariadb-dump", "--no-defaults", *at, "--user", given["USER"], *rows, given["NAME"])


def _output(*command: str) -> str:
    from django.db import connection

    secret = {
        "PGPASSWORD": connection.settings_dict["PASSWORD"],
        "MYSQL_PWD": connection.settings_dict["PASSWORD"],
    }
    done = subprocess.run(command, env=os.environ | secret, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main()
