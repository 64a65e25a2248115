"""Statements of Django's ORM that are compiled once, not with each request.

Compiling the SQL of a query with joins costs Django several times what the database
needs to answer it. The rows are still read each time: only the SQL is cached.
``docs/performance.md`` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import Error, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Model, QuerySet

from .storage import holds, is_incomparable

#: From the database's value of a column to Python's.
Converter = Callable[[Any], Any]
Plan = TypeVar("Plan")

#: Frozen values that each statement of a connection keeps.
_FROZEN = 256
_PLANS = "_oauth_jwt_grant_plans"


def plan_for(
    connection: BaseDatabaseWrapper, owner: object, make: Callable[[BaseDatabaseWrapper], Plan]
) -> Plan:
    """What ``make`` has made of ``owner`` for ``connection``: its vendor, its version, its converters.

    Stored with the connection that it refers to: both are freed with the thread.
    """
    plans: dict[object, Any] = vars(connection).setdefault(_PLANS, {})
    plan: Plan | None = plans.get(owner)
    if plan is None:
        plan = plans[owner] = make(connection)
    return plan


class Parameter(Expression):
    """A value that is not known yet when the query is compiled, of the type of a model field."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        """A placeholder, with this object as its value until the query is run."""
        return "%s", [self]


def filled_in(
    parameters: Iterable[Any], values: Mapping[str, Any], connection: BaseDatabaseWrapper
) -> list[Any]:
    """The parameters of a compiled query, with ``values`` in the places of their names."""
    return [
        parameter.output_field.get_db_prep_value(values[parameter.name], connection)
        if isinstance(parameter, Parameter)
        else parameter
        for parameter in parameters
    ]


def with_names(sql: str, count: int) -> str:
    """Compiled ``sql`` with names instead of its ``count`` places, for parameters that are :func:`named`.

    Django's backend for SQLite looks for places by a regular expression, each time and through the whole
    text: 70 µs for the lookup of the trust. Names are put in by ``%``.
    """
    return sql.replace("%%", "%%%%") % tuple(f"%(p{place})s" for place in range(count))


def named(values: Iterable[Any]) -> dict[str, Any]:
    """``values`` under the names that :func:`with_names` has given their places."""
    return {f"p{place}": value for place, value in enumerate(values)}


class PreparedQuery:
    """The rows of a ``values_list()`` queryset, each time for other values of its parameters.

    ``build`` returns the queryset, with a :class:`Parameter` instead of each value
    that changes. It is called once for each connection.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build

    def rows(self, model: type[Model], **values: Any) -> list[FetchedRow]:
        """Run the query where ``model`` is written: a replica may lag behind a trust that was withdrawn.

        No row equals a text that the database cannot hold.
        """
        connection = connections[router.db_for_write(model)]
        if not all(holds(value, connection) for value in values.values()):
            return []
        try:
            return plan_for(connection, self, self._plan).run(connection, values)
        except Error as error:
            if is_incomparable(error):
                return []
            raise

    def _plan(self, connection: BaseDatabaseWrapper) -> _Plan:
        return _Plan(self._build(), connection)


class _Plan:
    def __init__(self, queryset: QuerySet[Any, Any], connection: BaseDatabaseWrapper) -> None:
        compiler = queryset.query.get_compiler(connection=connection)
        sql, self._parameters = compiler.as_sql()
        self._sql = with_names(sql, len(self._parameters))
        columns = [column for column, _, _ in compiler.select]
        converters = compiler.get_converters(columns)
        self._converters = {
            place: _converter(functions, expression, connection)
            for place, (functions, expression) in converters.items()
        }
        self.frozen: dict[Any, Any] = {}

    def convert(self, values: Sequence[Any], start: int) -> list[Any]:
        """The Python values of ``values``, which begin at the place ``start`` of a row."""
        end = start + len(values)
        converted = list(values)
        for place, converter in self._converters.items():
            if start <= place < end:
                converted[place - start] = converter(values[place - start])
        return converted

    def run(self, connection: BaseDatabaseWrapper, values: dict[str, Any]) -> list[FetchedRow]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, named(filled_in(self._parameters, values, connection)))
            return [FetchedRow(values, self) for values in cursor.fetchall()]


class FetchedRow:
    """A row as the database returned it. Values are converted when read: a join repeats many unused ones."""

    __slots__ = ("plan", "values")

    def __init__(self, values: Sequence[Any], plan: _Plan) -> None:
        self.values = values
        self.plan = plan

    def part(self, start: int, width: int) -> list[Any]:
        """The Python values of ``width`` columns from ``start``."""
        return self.plan.convert(self.values[start : start + width], start)

    def frozen(self, start: int, width: int, make: Callable[..., Any]) -> Any:
        """The frozen value that ``make`` makes of a :meth:`part`, or has made of the same columns before.

        The row is read all the same, so a change shows at once.
        """
        key = (make, *self.values[start : start + width])
        frozen = self.plan.frozen
        if key not in frozen:
            if len(frozen) >= _FROZEN:
                frozen.clear()
            frozen[key] = make(*self.part(start, width))
        return frozen[key]


def _converter(
    functions: Sequence[Callable[[Any, Any, Any], Any]], expression: Any, connection: BaseDatabaseWrapper
) -> Converter:
    """What Django does with one column of a result, as one function."""

    def convert(value: Any) -> Any:
        for function in functions:
            value = function(value, expression, connection)
        return value

    return convert


class Columns:
    """The columns of one model in a query: their names for ``values_list()``, and back to an instance.

    With ``only``, just these fields and the primary key are read, and the others by Django once somebody
    asks for them: on each database, a column that nobody needs costs more than a row.
    """

    def __init__(self, model: type[Model], prefix: str = "", *, only: Collection[str] | None = None) -> None:
        fields = [
            field
            for field in model._meta.concrete_fields
            if only is None or field.primary_key or field.name in only or field.attname in only
        ]
        self.model = model
        self._attnames = [field.attname for field in fields]
        self.pk = self._attnames.index(model._meta.pk.attname)
        self.names = [f"{prefix}{field.name}" for field in fields]
        #: By which name an instance has each of them; its primary key is its ``pk``.
        self.attributes = ["pk" if field.primary_key else field.attname for field in fields]
        self.width = len(self.names)

    def instance(self, row: FetchedRow, start: int = 0) -> Any:
        """The instance whose columns begin at ``start`` in ``row``, or ``None`` if a left join found none."""
        if row.values[start + self.pk] is None:
            return None
        values = row.part(start, self.width)
        return self.model.from_db(router.db_for_write(self.model), self._attnames, values)


def all_but(model: type[Model], *names: str) -> set[str]:
    """Return the fields of ``model`` except these, for :class:`Columns`."""
    return {field.name for field in model._meta.concrete_fields} - set(names)


def may_defer(model: type[Model]) -> bool:
    """Whether an instance of a model of the site's can be made without all of its fields.

    An ``__init__`` of its own may look at any of them.
    """
    from_db: Any = model.from_db
    return model.__init__ is Model.__init__ and from_db.__func__ is vars(Model)["from_db"].__func__
