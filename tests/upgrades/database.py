"""The dumps: where they are, and how they become a database. Also what they have in common with the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from tests.factories import Key

FOLDER = Path(__file__).parent
#: The release that the dumps are of. A later one adds dumps, and these stay.
RELEASE = "0.1.0"
#: Signs for the issuers in the dumps. Its private half is this number, known to everybody.
KEY = Key("key of 0.1.0", "ES256", ec.derive_private_key(0x010, ec.SECP256R1()))
#: The value of an access token in the dumps, and the ``jti`` of an assertion that was used for it.
TOKEN, SPENT = "access-token-of-0.1.0", "spent-at-0.1.0"
#: The database of the maker and its user name: the first part of a statement that inserts a row.
_INSERT = re.compile(r'INSERT INTO (?:public\.)?["`]?(\w+)["`]? ')


def dump_file() -> Path:
    """The dump for the kind of database that the tests run on."""
    return FOLDER / f"{RELEASE}-{connection.vendor}.sql"


def statements() -> list[str]:
    """The statements of the dump; no value in it has a line that ends with a semicolon."""
    return [text for text in dump_file().read_text().split(";\n") if text.strip()]


def table_of(statement: str) -> str | None:
    """The table into which ``statement`` inserts a row."""
    found = _INSERT.match(statement)
    return found[1] if found else None


def run(wanted: list[str]) -> None:
    """Run statements, in whatever order they refer to each other."""
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for statement in wanted:
            cursor.execute(statement)


@contextmanager
def fresh_database(file: Path) -> Iterator[None]:
    """A new, empty database behind the connection ``default``; for SQLite in ``file``."""
    usual = connection.settings_dict["NAME"]
    name = str(file) if connection.vendor == "sqlite" else f"{usual}_upgrade"
    connection.close()
    _outside(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}{_collation()}")
    connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        _outside(f"DROP DATABASE {name}")
        ContentType.objects.clear_cache()


def _collation() -> str:
    """As the tests' own database has it: none that would hide a column without an exact collation."""
    return " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci" if connection.vendor == "mysql" else ""


def _outside(*wanted: str) -> None:
    if connection.vendor == "sqlite":
        return  # a file: opening makes it
    with connection._nodb_cursor() as cursor:
        for statement in wanted:
            cursor.execute(statement)
