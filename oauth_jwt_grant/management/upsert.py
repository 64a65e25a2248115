"""Bringing a row into the wanted state: validated as in the admin, and said what was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import CommandError
from django.db.models import Model


def upsert(row: Model, values: Mapping[str, Any], flags: Mapping[str, str]) -> list[str] | None:
    """Set ``values`` on ``row`` and save it if that changes anything.

    Returns the names of the fields that changed, or ``None`` if the row is new. Raises
    :class:`CommandError` with the flag of each field that is not valid (``flags``: field to flag).
    """
    created = row._state.adding
    before = _state(row)
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        raise refusal(error, flags) from error
    after = _state(row)
    changed = [name for name in after if after[name] != before[name]]
    if created or changed:
        row.save()
    return None if created else changed


def refusal(error: ValidationError, flags: Mapping[str, str]) -> CommandError:
    """``error`` as one of the command, with the flag of each field (``flags``: field to flag)."""
    return CommandError("\n".join(_lines(error, flags)))


def outcome(changed: list[str] | None) -> str:
    """What :func:`upsert` did, in words."""
    if changed is None:
        return "created"
    return f"updated ({', '.join(changed)})" if changed else "unchanged"


def _state(row: Model) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _lines(error: ValidationError, flags: Mapping[str, str]) -> Iterator[str]:
    for name, messages in error.message_dict.items():
        for message in messages:
            yield message if name == NON_FIELD_ERRORS else f"{flags.get(name, name)}: {message}"
