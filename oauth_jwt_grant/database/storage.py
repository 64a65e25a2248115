"""What a database cannot hold, and what it lacks: neither is a matter of trying again."""

from __future__ import annotations

import codecs

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

#: PostgreSQL's code, and the one of MySQL and MariaDB, where a column has less than ``utf8mb4``.
_UNTRANSLATABLE, _MIXED_COLLATIONS = "22P05", 1267
#: The codes of MySQL and MariaDB for a table and a column that do not exist.
_MISSING_CODES = frozenset({1054, 1146})
#: PostgreSQL's, and the words of SQLite, which has no codes for them.
_MISSING_STATES = frozenset({"42P01", "42703"})
_MISSING_WORDS = ("no such table", "no such column", "has no column named")


def holds(text: object, connection: BaseDatabaseWrapper) -> bool:
    """Whether the database has each character of ``text``: no row of it can equal one that it has not.

    PostgreSQL refuses to compare such a text, unless its encoding is UTF-8. Others find nothing.
    """
    if not isinstance(text, str) or text.isascii() or connection.vendor != "postgresql":
        return True
    connection.ensure_connection()
    encoding = str(connection.connection.info.parameter_status("server_encoding") or "")
    try:
        codecs.lookup(encoding.replace("WIN", "cp")).encode(text, "strict")
    except UnicodeEncodeError:
        return False
    except LookupError:
        # Not one of Python's encodings: the database says what it does not take.
        return True
    return True


def is_incomparable(error: Error) -> bool:
    """Whether the database has refused to compare a column with a text that the column cannot hold."""
    state, code = _codes(error)
    return state == _UNTRANSLATABLE or code == _MIXED_COLLATIONS


def is_missing(error: Error) -> bool:
    """Whether ``error`` is about a table or column that does not exist: the migrations were not run."""
    state, code = _codes(error)
    said = any(words in str(error) for words in _MISSING_WORDS)
    return said or state in _MISSING_STATES or code in _MISSING_CODES


def _codes(error: Error) -> tuple[object, object]:
    """PostgreSQL's code of ``error``, and the one of MySQL and MariaDB."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state, cause.args[0] if cause is not None and cause.args else None
