"""Model fields that compare and hold what RFC 7523 needs; their paths stand in migrations."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.deletion import SET_NULL, Collector


class ReadableJSONField(models.JSONField):
    """A JSON column whose rows can be read whatever SQL has written into it.

    Python refuses numbers of more than 4300 digits and deep nesting, which databases take: what it refuses
    comes as text, which no reader here takes for a list or an object. In migrations it is a JSONField.
    """

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The JSON value, or the text as it is."""
        try:
            return super().from_db_value(value, expression, connection)
        except (ValueError, RecursionError):
            return value

    def deconstruct(self) -> Any:
        """As Django's own field."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """A string that the database compares character by character, whatever its collation.

    PostgreSQL and SQLite do so anyway. MariaDB and MySQL would take ``Alice`` for
    ``alice``: there the column gets a binary collation (and trailing spaces count
    where the server knows how).
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """The column's parameters, with the binary collation on MariaDB and MySQL."""
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        if connection.vendor == "mysql":
            mariadb = getattr(connection, "mysql_is_mariadb", False)
            parameters["collation"] = "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
        return parameters


def set_null_and_refuse(collector: Collector, field: Any, sub_objs: Any, using: str) -> None:
    """``on_delete`` of the application of a rule: the rule stays, and refuses what it matches.

    Without it, tokens of the rule would belong to no application, or a later and looser rule would decide.
    Rules that do not use the application are left alone.
    """
    rules = field.model._base_manager.using(using).filter(pk__in=[rule.pk for rule in sub_objs])
    refusing = [rule for rule in rules if rests_on_application(rule)]
    # First, as the rules are not found by their application any more once that is null.
    collector.add_field_update(field.model._meta.get_field("refuses"), True, refusing)
    SET_NULL(collector, field, sub_objs, using)


def rests_on_application(rule: Any) -> bool:
    """Whether tokens of ``rule`` are those of its default application, at some door."""
    return rule.client_policy == "anonymous" or "client_assertion" in (rule.accepted_as or ())
