"""Many rows of one model, written by few statements whose values are made beforehand.

What Django does for each value of a row takes longer than the database needs to write it. Done before the
transaction, nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, cast

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from .inserts import PreparedInsert

#: Rows in one statement.
_ROWS = 500


class ManyInserts:
    """Inserts ``rows``; sends no signals.

    The values of the fields ``late``, and the keys of rows that are to be inserted before, are taken when it
    is run.
    """

    def __init__(self, model: type[Model], rows: Sequence[Model], *, late: Collection[str] = ()) -> None:
        self._model = model
        self._rows = rows
        self._connection = connections[router.db_for_write(model)]
        insert = PreparedInsert(model)
        self._fields = insert.fields
        self._values = [insert.values(row, self._connection) for row in rows]
        self._late = [(place, field) for place, field in enumerate(self._fields) if field.name in late]
        self._keys = [(place, field) for place, field in enumerate(self._fields) if field.is_relation]

    def run(self) -> None:
        """Insert them. They get their primary keys where the database returns those of many rows."""
        quote = self._connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in self._fields)
        start = f"INSERT INTO {quote(self._model._meta.db_table)} ({columns}) "
        returned = self._connection.features.can_return_rows_from_bulk_insert
        pk: Any = self._model._meta.pk
        end = f" RETURNING {quote(pk.column)}" if returned else ""
        source = _SOURCES.get(self._connection.vendor, _values)
        types = [_type(field, self._connection) for field in self._fields]
        size = _size(self._connection, self._fields, self._rows)
        with self._connection.cursor() as cursor:
            for first in range(0, len(self._rows), size):
                some = self._rows[first : first + size]
                sql, values = source(types, [self._filled(place) for place, _row in enumerate(some, first)])
                cursor.execute(start + sql + end, values)
                if returned:
                    for one, (key,) in zip(some, cursor.fetchall(), strict=True):
                        one.pk = key

    def _filled(self, number: int) -> list[Any]:
        values, row = self._values[number], self._rows[number]
        for place, field in self._late:
            values[place] = field.get_db_prep_save(getattr(row, field.attname), self._connection)
        for place, field in self._keys:
            if values[place] is None and field.get_cached_value(row, None) is not None:
                setattr(row, field.name, field.get_cached_value(row))  # its primary key, now that it has one
                values[place] = field.get_db_prep_save(getattr(row, field.attname), self._connection)
        return values


class ManyUpdates:
    """Writes the fields ``names`` of ``rows``, which the database has; sends no signals."""

    def __init__(self, model: type[Model], rows: Sequence[Model], names: Collection[str]) -> None:
        self._meta = model._meta
        self._connection = connections[router.db_for_write(model)]
        self._fields: list[Any] = [self._meta.get_field(name) for name in names]
        # A value takes two places, as it comes with the key of its row.
        size = _size(self._connection, [self._meta.pk, *self._fields, *self._fields], rows)
        self._statements = [
            self._statement(rows[first : first + size]) for first in range(0, len(rows), size)
        ]

    def run(self) -> None:
        """Write them."""
        with self._connection.cursor() as cursor:
            for sql, values in self._statements:
                cursor.execute(sql, values)

    def _statement(self, rows: Sequence[Any]) -> tuple[str, list[Any]]:
        """An UPDATE of these rows."""
        columns = [[self._value(field, row) for row in rows] for field in self._fields]
        update = self._joined if self._connection.vendor == "postgresql" else self._cases
        return update([row.pk for row in rows], columns)

    def _value(self, field: Any, row: Model) -> Any:
        return field.get_db_prep_save(field.pre_save(row, False), self._connection)

    def _cases(self, keys: list[Any], columns: list[list[Any]]) -> tuple[str, list[Any]]:
        """Each column has a value for each primary key."""
        quote = self._connection.ops.quote_name
        table, key = quote(self._meta.db_table), quote(cast(Any, self._meta.pk).column)
        case = f"CASE {key}{' WHEN %s THEN %s' * len(keys)} END"
        sets = ", ".join(f"{quote(field.column)} = {case}" for field in self._fields)
        sql = f"UPDATE {table} SET {sets} WHERE {key} IN ({', '.join(['%s'] * len(keys))})"  # noqa: S608
        values = [value for column in columns for pair in zip(keys, column, strict=True) for value in pair]
        return sql, [*values, *keys]

    def _joined(self, keys: list[Any], columns: list[list[Any]]) -> tuple[str, list[Any]]:
        """The rows are joined with arrays by the primary key: the server looks for no case among hundreds."""
        quote, pk = self._connection.ops.quote_name, cast(Any, self._meta.pk)
        table = quote(self._meta.db_table)
        arrays = ", ".join(f"(%s)::{_type(field, self._connection)}[]" for field in (pk, *self._fields))
        sets = ", ".join(f"{quote(field.column)} = new.v{place}" for place, field in enumerate(self._fields))
        names = ", ".join(f"v{place}" for place in range(len(self._fields)))
        new = f"UNNEST({arrays}) AS new (pk, {names})"
        sql = f"UPDATE {table} SET {sets} FROM {new} WHERE {table}.{quote(pk.column)} = new.pk"  # noqa: S608
        return sql, [keys, *columns]


def _values(types: Sequence[str], rows: Sequence[list[Any]]) -> tuple[str, list[Any]]:
    row = f"({', '.join(['%s'] * len(types))})"
    return f"VALUES {', '.join([row] * len(rows))}", [value for values in rows for value in values]


def _arrays(types: Sequence[str], rows: Sequence[list[Any]]) -> tuple[str, list[Any]]:
    """An array for each column."""
    arrays = ", ".join(f"(%s)::{kind}[]" for kind in types)
    return f"SELECT * FROM UNNEST({arrays})", [list(column) for column in zip(*rows, strict=True)]  # noqa: S608


#: How an INSERT of many rows gets them. psycopg takes its time for each place of a statement.
_SOURCES = {"postgresql": _arrays}


def _size(connection: BaseDatabaseWrapper, fields: Sequence[Any], rows: Sequence[Model]) -> int:
    """How many rows a statement may have."""
    return min(_ROWS, connection.ops.bulk_batch_size(fields, rows)) or 1


def _type(field: Any, connection: BaseDatabaseWrapper) -> str:
    """The type of a column, without its length: what is too long would be cut by a cast, not refused."""
    return str(field.db_type(connection)).partition("(")[0]


def raw_rows(rows: Any) -> Iterator[Sequence[Any]]:
    """Yield ``rows``, a queryset, as the database returns them: to compare, not to understand."""
    connection = connections[rows.db]
    sql, values = rows.query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()
