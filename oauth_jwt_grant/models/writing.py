"""Rows are read and checked on the database that they are written to: a replica may lag behind."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import router
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def written(model: type[M]) -> QuerySet[M]:
    """Return the rows of ``model`` in the database to which they are written."""
    rows: QuerySet[M] = model._default_manager.using(router.db_for_write(model))
    return rows


def check_row(row: Model) -> None:
    """Raise ``ValidationError`` unless ``row`` may be saved. The rows that it names are taken as they are.

    Django's ``full_clean()`` looks for these in the database that is read. There, one that was saved a moment
    ago may be missing; and one that is still to be saved is nowhere.
    """
    relations = {field.name for field in row._meta.concrete_fields if field.is_relation}
    row.full_clean(exclude=relations, validate_constraints=False)
    row.validate_constraints()


def flaws_of(row: Model) -> dict[str, list[str]]:
    """Return by field why no form would save ``row``. The rows that it names, and others, do not count."""
    relations = {field.name for field in row._meta.concrete_fields if field.is_relation}
    found: dict[str, Any] = {}
    for check in (partial(row.clean_fields, exclude=relations), row.clean):
        try:
            check()
        except ValidationError as error:
            found = error.update_error_dict(found)
    return {
        "" if name == NON_FIELD_ERRORS else name: ValidationError(errors).messages
        for name, errors in found.items()
    }
