"""Inserting one row by a statement that is compiled once, not with each request.

As in :mod:`.prepared`, only the SQL of the statement is cached; the values are made
of each instance by its own fields. ``docs/performance.md`` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from types import NoneType
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model, QuerySet

from ..fields import ExactCharField
from .prepared import filled_in, named, plan_for, with_names

#: Fields that pass a string or null to every database unchanged.
_TEXTS = {models.CharField, models.TextField, ExactCharField}
#: How the rows of a confirmation are kept from being changed until COMMIT, by vendor. On PostgreSQL the
#: weakest lock: an UPDATE does not wait for it, so nobody can keep an operator waiting. SQLite needs none:
#: a transaction that has written is the only one that writes.
_LOCKS = {"postgresql": " FOR KEY SHARE", "mysql": " LOCK IN SHARE MODE"}


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A condition that an INSERT checks itself: it reads the value of ``column`` from the query of ``build``.

    If the query finds nothing, the value is null. So the column must not be nullable: the database then
    refuses the row with an :class:`~django.db.IntegrityError`. The query may hold a
    :class:`~oauth_jwt_grant.database.Parameter` for each value that changes.
    """

    column: str
    build: Callable[[], QuerySet[Any, Any]]

    def compile(self, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """The query as an expression, and its parameters. It locks the rows that it finds until COMMIT.

        It is not an ``INSERT ... SELECT``: for that, MariaDB locks the counter of the primary key as long
        as the statement waits for any row, and all other insertions into the table wait with it.
        """
        sql, parameters = self.build().query.get_compiler(connection=connection).as_sql()
        return f"({sql}{_LOCKS.get(connection.vendor, '')})", tuple(parameters)


class PreparedInsert:
    """Inserts rows whose primary key the database assigns; sends neither ``pre_save`` nor ``post_save``."""

    def __init__(self, model: type[Model], confirmation: Confirmation | None = None) -> None:
        self._model = model
        self._pk: Any = model._meta.pk
        self.fields: list[Any] = [field for field in model._meta.concrete_fields if not field.primary_key]
        self._read = attrgetter(*[field.attname for field in self.fields])
        self._plain = [_plain_types(field) for field in self.fields]
        self._filled = [(place, field) for place, field in enumerate(self.fields) if _fills_in(field)]
        self._confirmation = confirmation
        names = [field.name for field in self.fields]
        self._confirmed = names.index(confirmation.column) if confirmation else 0

    def insert(self, instance: Model, **parameters: Any) -> None:
        """Insert ``instance`` and give it its primary key; ``parameters`` are those of the confirmation.

        Raises what the database raises.
        """
        alias = router.db_for_write(self._model, instance=instance)
        connection = connections[alias]
        statement, conditions = plan_for(connection, self, self._compile)
        values = self.values(instance, connection)
        if conditions:
            place = self._confirmed
            values[place : place + 1] = filled_in(conditions, parameters, connection)
        with connection.cursor() as cursor:
            cursor.execute(statement, named(values))
            returned = connection.features.can_return_columns_from_insert
            instance.pk = cursor.fetchone()[0] if returned else cursor.lastrowid
        instance._state.adding, instance._state.db = False, alias

    def values(self, instance: Model, connection: BaseDatabaseWrapper) -> list[Any]:
        """What the database gets of each of the ``fields`` of ``instance``."""
        values = list(self._read(instance))
        for place, field in self._filled:
            values[place] = field.pre_save(instance, add=True)
        return [
            value if plain and type(value) in plain else field.get_db_prep_save(value, connection)
            for field, plain, value in zip(self.fields, self._plain, values, strict=True)
        ]

    def _compile(self, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in self.fields)
        places = ["%s"] * len(self.fields)
        conditions: tuple[Any, ...] = ()
        if self._confirmation is not None:
            places[self._confirmed], conditions = self._confirmation.compile(connection)
        table, values = quote(self._model._meta.db_table), ", ".join(places)
        statement = f"INSERT INTO {table} ({columns}) VALUES ({values})"  # noqa: S608
        if connection.features.can_return_columns_from_insert:
            statement += f" RETURNING {quote(self._pk.column)}"
        return with_names(statement, statement.count("%s")), conditions


def _plain_types(field: Any) -> tuple[type, ...]:
    """The types that ``field`` passes to the database unchanged: strings, keys of rows, and null."""
    if type(field) in _TEXTS:
        return str, NoneType
    is_key = isinstance(field, models.ForeignKey) and isinstance(field.target_field, models.AutoField)
    return (int, NoneType) if is_key else ()


def _fills_in(field: Any) -> bool:
    """Whether ``field`` has a value of its own to put in before it is saved."""
    return type(field).pre_save is not Field.pre_save
