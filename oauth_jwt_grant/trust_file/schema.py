"""The tables and keys of a trust file, taken from the fields of the models: new fields, too, are carried."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import router
from django.db.models import BooleanField, DateTimeField, Field, IntegerField, JSONField, Model
from django.utils import timezone

from ..database import has_place
from ..dot import get_application_model
from ..models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer, written

#: The values of one row by their keys, as plain values: what a file says, and what the database says.
Values = dict[str, Any]


class Column:
    """One key of a table. In a file, ``""`` stands for no value where the column may have none."""

    kind = "string"
    types: tuple[type, ...] = (str,)

    def __init__(self, of: Any) -> None:
        """The key of the model field ``of``."""
        self.field = of
        self.name: str = of.name

    @property
    def default(self) -> Any:
        """The value of a row whose table does not have the key."""
        value = self.field.get_default()
        return value.value if isinstance(value, Enum) else value

    def of(self, row: Model) -> Any:
        """The value in ``row``."""
        return getattr(row, self.name)

    def parsed(self, value: Any) -> Any:
        """``value`` of a file as a value of a row. Raises :class:`ValueError`."""
        if value == "" and self.field.null:
            return None
        if not self._is_one(value):
            raise ValueError(f"it must be a {self.kind}")
        return value

    def _is_one(self, value: Any) -> bool:
        """Whether ``value`` is of the kind."""
        return isinstance(value, self.types) and (bool in self.types or not isinstance(value, bool))


class _Boolean(Column):
    kind, types = "boolean", (bool,)


class _Integer(Column):
    kind, types = "whole number", (int,)


class _Moment(Column):
    kind, types = "date and time such as 2030-01-31T12:00:00Z", (datetime,)

    def parsed(self, value: Any) -> Any:
        """In the site's time zone unless the file names an offset."""
        moment = super().parsed(value)
        if moment is not None and timezone.is_naive(moment) and settings.USE_TZ:
            moment = timezone.make_aware(moment)
        if not has_place(moment):
            raise ValueError(f"it must be a {self.kind}")
        if moment is None or timezone.is_aware(moment) == settings.USE_TZ:
            return moment
        return timezone.make_naive(moment)


class _Json(Column):
    kind = "list or table of JSON values"

    def parsed(self, value: Any) -> Any:
        """Any value that JSON has, too."""
        check_json(value)
        return value


class Reference(Column):
    """The key of another row: an application by its client ID, others by their natural key."""

    kind = "string, or a list of strings for a natural key of several parts"

    @property
    def default(self) -> Any:
        """No row."""
        return None

    def of(self, row: Model) -> Any:
        """The key of the row that ``row`` names."""
        target = getattr(row, self.name)
        return None if target is None else key_of(target)

    def _is_one(self, value: Any) -> bool:
        return _is_key(value)


class References(Reference):
    """The keys of other rows."""

    kind = "list of strings"

    @property
    def default(self) -> Any:
        """No rows."""
        return []

    def of(self, row: Model) -> Any:
        """Read with the others of all rows, by :mod:`.current`."""
        return []

    def parsed(self, value: Any) -> Any:
        """Each once, in a stable order."""
        return ordered({json.dumps(key): key for key in super().parsed(value)}.values())

    def _is_one(self, value: Any) -> bool:
        return isinstance(value, list) and all(map(_is_key, value))


def _is_key(value: Any) -> bool:
    return all(isinstance(part, str) for part in (value if isinstance(value, list) else [value]))


def ordered(keys: Any) -> list[Any]:
    """The keys in a stable order."""
    return sorted(keys, key=json.dumps)


def key_of(row: Any) -> Any:
    """What names ``row`` in a file."""
    if isinstance(row, get_application_model()):
        return row.client_id
    parts = [str(part) for part in row.natural_key()]
    return parts[0] if len(parts) == 1 else parts


def find(model: type[Model], key: Any) -> Any:
    """The row of ``model`` with exactly that key. Raises :class:`ValueError`."""
    row: Any
    if model is get_application_model():
        row = written(model).filter(client_id=key).first() if isinstance(key, str) else None
    else:
        manager: Any = model._default_manager.db_manager(router.db_for_write(model))
        try:
            row = manager.get_by_natural_key(*([key] if isinstance(key, str) else key))
        except (ObjectDoesNotExist, TypeError):
            row = None
    # Some databases find it whatever its case.
    if row is None or key_of(row) != key:
        raise ValueError(f"there is no {model._meta.verbose_name} {key}")
    return row


def check_json(value: Any) -> None:
    """Raise :class:`ValueError` for what TOML has and JSON has not."""
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            check_json(member)
    elif not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{value} is not a JSON value: write a string")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a trust file: the columns of a model that a person may edit."""

    name: str
    model: type[Model]
    #: The column that names a row within the row to which it belongs; conditions have only their order.
    identity: str
    columns: dict[str, Column] = field(hash=False)

    @property
    def plain(self) -> Iterator[Column]:
        """The columns of the model's own table."""
        return (column for column in self.columns.values() if not isinstance(column, References))

    @property
    def lists(self) -> Iterator[References]:
        """The columns that are rows of a table between two models."""
        return (column for column in self.columns.values() if isinstance(column, References))

    def defaults(self) -> Values:
        """The values of a row of which a file says nothing."""
        return {name: column.default for name, column in self.columns.items()}

    def values_of(self, row: Model) -> Values:
        """The values of ``row``; lists of other rows are still empty."""
        return {name: column.of(row) for name, column in self.columns.items()}


def _column(of: Field[Any, Any]) -> Column:
    if of.many_to_many:
        return References(of)
    if of.is_relation:
        return Reference(of)
    kinds: tuple[tuple[type[Any], type[Column]], ...] = (
        (BooleanField, _Boolean),
        (IntegerField, _Integer),
        (DateTimeField, _Moment),
        (JSONField, _Json),
    )
    return next((kind for model_field, kind in kinds if isinstance(of, model_field)), Column)(of)


def _table(name: str, model: type[Model], identity: str = "", parent: str = "") -> Table:
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    editable = [of for of in fields if of.editable and not of.primary_key and of.name != parent]
    editable.sort(key=lambda of: of.name != identity)
    return Table(name, model, identity, {of.name: _column(of) for of in editable})


ISSUERS = _table("issuers", TrustedIssuer, "issuer")
RULES = _table("rules", GrantRule, "name", "issuer")
CONDITIONS = _table("conditions", ClaimCondition, "", "rule")
LINKS = _table("links", LinkedSubject, "subject", "issuer")
