"""Statements of Django's ORM that are compiled once, not with each request.

Compiling the SQL of a query with joins costs Django several times what the database
needs to answer it. The rows are still read fresh each time: only the text is kept.
``docs/performance.md`` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet

#: From the database's value of a column to Python's.
Converter = Callable[[Any], Any]


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

    def rows(self, model: type[Model], **values: Any) -> list[Row]:
        """Run the query where ``model`` is written: a replica may lag behind a trust that was withdrawn."""
        connection = connections[router.db_for_write(model)]
        plan = self._plans.get(connection)
        if plan is None:
            plan = self._plans[connection] = _Plan(self._build(), connection)
        return plan.run(connection, values)


class _Plan:
    def __init__(self, queryset: QuerySet[Any, Any], connection: BaseDatabaseWrapper) -> None:
        compiler = queryset.query.get_compiler(connection=connection)
        self._sql, self._parameters = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        converters = compiler.get_converters(columns)
        self._converters = {
            place: _converter(functions, expression, connection)
            for place, (functions, expression) in converters.items()
        }

    def run(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> list[Row]:
        parameters = [
            parameter.output_field.get_db_prep_value(values[parameter.name], connection)
            if isinstance(parameter, Parameter)
            else parameter
            for parameter in self._parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            return [Row(values, self._converters) for values in cursor.fetchall()]


class Row:
    """A row as the database gave it. What is asked for is converted: a join repeats what nobody asks for."""

    __slots__ = ("_converters", "_values")

    def __init__(self, values: Sequence[Any], converters: Mapping[int, Converter]) -> None:
        self._values = values
        self._converters = converters

    def __getitem__(self, place: int) -> Any:
        """The Python value at ``place``; negative places are not known."""
        converter = self._converters.get(place)
        return self._values[place] if converter is None else converter(self._values[place])

    def part(self, start: int, width: int) -> list[Any]:
        """The Python values of ``width`` columns from ``start``."""
        end = start + width
        values = list(self._values[start:end])
        for place, converter in self._converters.items():
            if start <= place < end:
                values[place - start] = converter(values[place - start])
        return values


def _converter(
    functions: Sequence[Callable[[Any, Any, Any], Any]], expression: Any, connection: BaseDatabaseWrapper
) -> Converter:
    """What Django does with one column of a result, as one function."""

    def convert(value: Any) -> Any:
        for function in functions:
            value = function(value, expression, connection)
        return value

    return convert


class PreparedInsert:
    """Inserts rows whose primary key the database assigns; sends neither ``pre_save`` nor ``post_save``."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        fields = model._meta.concrete_fields
        self._fields: list[Any] = [field for field in fields if not field.primary_key]
        self._pk: Any = model._meta.pk
        self._statements: WeakKeyDictionary[BaseDatabaseWrapper, str] = WeakKeyDictionary()

    def insert(self, instance: Model) -> None:
        """Insert ``instance`` and give it its primary key. Raises what the database raises."""
        alias = router.db_for_write(self._model, instance=instance)
        connection = connections[alias]
        statement = self._statements.get(connection)
        if statement is None:
            statement = self._statements[connection] = self._compile(connection)
        values = [
            field.get_db_prep_save(field.pre_save(instance, add=True), connection) for field in self._fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            returned = connection.features.can_return_columns_from_insert
            instance.pk = cursor.fetchone()[0] if returned else cursor.lastrowid
        instance._state.adding, instance._state.db = False, alias

    def _compile(self, connection: BaseDatabaseWrapper) -> str:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in self._fields)
        places = ", ".join(["%s"] * len(self._fields))
        statement = f"INSERT INTO {quote(self._model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
        if connection.features.can_return_columns_from_insert:
            statement += f" RETURNING {quote(self._pk.column)}"
        return statement


class Columns:
    """The columns of one model in a query: their names for ``values_list()``, and back to an instance."""

    def __init__(self, model: type[Model], prefix: str = "") -> None:
        self._model = model
        self._attnames = [field.attname for field in model._meta.concrete_fields]
        self.pk = self._attnames.index(model._meta.pk.attname)
        self.names = [f"{prefix}{field.name}" for field in model._meta.concrete_fields]
        self.width = len(self.names)

    def instance(self, row: Row, start: int = 0) -> Any:
        """The instance whose columns begin at ``start`` in ``row``, or ``None`` if a left join found none."""
        if row[start + self.pk] is None:
            return None
        values = row.part(start, self.width)
        return self._model.from_db(router.db_for_write(self._model), self._attnames, values)
