"""Searches that an index answers: whole values, and beginnings with an asterisk behind them."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.lookups import StartsWith


class Begins(StartsWith):
    """Whether a column begins with a text, character by character, on every database.

    PostgreSQL has an operator class for that. Elsewhere Django's own lookup uses no index, and on SQLite it
    takes capitals for small letters. So what begins with the text is found between it and the next.
    """

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """From the text on, and before the first one that is higher and does not begin with it."""
        column, params = self.process_lhs(compiler, connection)
        limit = _after(str(self.rhs))
        if limit is None:
            return f"{column} >= %s", (*params, self.rhs)
        return f"({column} >= %s AND {column} < %s)", (*params, self.rhs, *params, limit)

    as_mysql = as_sqlite


def begins(column: str, text: str) -> Begins:
    """A condition for ``filter()``: ``column``, which is an ``ExactCharField``, begins with ``text``."""
    return Begins(F(column), text)


def _after(text: str) -> str | None:
    """The first string above all that begin with ``text``; ``None`` if there is none."""
    shorter = text.rstrip(chr(0x10FFFF))
    if not shorter:
        return None
    following = ord(shorter[-1]) + 1
    # What UTF-16 needs in pairs is no character of its own.
    return shorter[:-1] + chr(0xE000 if following == 0xD800 else following)
