"""Queries that are written with Django's ORM and compiled once, not with each request.

Compiling the SQL of a query with joins costs Django several times what the database
needs to answer it. The rows are still read fresh each time: only the text is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet


class Parameter(Expression):
    """A value that is not known yet when the query is compiled, of the type of a model field."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        """A placeholder, with this object as its value until the query is run."""
        return "%s", [self]


class PreparedQuery:
    """The rows of a ``values_list()`` queryset, each time for other values of its parameters.

    ``build`` returns the queryset, with a :class:`Parameter` in the place of each value
    that changes. It is called once for each connection.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build
        # Compiled queries belong to their connection: its vendor, its version, its converters.
        self._plans: WeakKeyDictionary[BaseDatabaseWrapper, _Plan] = WeakKeyDictionary()

    def rows(self, model: type[Model], **values: Any) -> list[Sequence[Any]]:
        """Run the query on the database that ``model`` is read from."""
        connection = connections[router.db_for_read(model)]
        plan = self._plans.get(connection)
        if plan is None:
            plan = self._plans[connection] = _Plan(self._build(), connection)
        return plan.run(connection, values)


class _Plan:
    def __init__(self, queryset: QuerySet[Any, Any], connection: BaseDatabaseWrapper) -> None:
        self._compiler = queryset.query.get_compiler(connection=connection)
        self._sql, self._parameters = self._compiler.as_sql()
        self._converters = self._compiler.get_converters([column for column, _, _ in self._compiler.select])

    def run(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> list[Sequence[Any]]:
        parameters = [
            parameter.output_field.get_db_prep_value(values[parameter.name], connection)
            if isinstance(parameter, Parameter)
            else parameter
            for parameter in self._parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            rows = cursor.fetchall()
        return list(self._compiler.apply_converters(rows, self._converters))


class Columns:
    """The columns of one model in a query: their names for ``values_list()``, and back to an instance."""

    def __init__(self, model: type[Model], prefix: str = "") -> None:
        self._model = model
        self._attnames = [field.attname for field in model._meta.concrete_fields]
        self.names = [f"{prefix}{field.name}" for field in model._meta.concrete_fields]
        self.width = len(self.names)

    def instance(self, row: Sequence[Any], start: int) -> Any:
        """The instance whose columns begin at ``start`` in ``row``, or ``None`` if a left join found none."""
        values = row[start : start + self.width]
        if values[0] is None and not any(value is not None for value in values):
            return None
        return self._model.from_db(router.db_for_read(self._model), self._attnames, list(values))


def columns_of(*parts: Columns) -> Iterable[tuple[Columns, int]]:
    """Each of ``parts`` with the place of its first column in a row that holds them one after the other."""
    start = 0
    for part in parts:
        yield part, start
        start += part.width
