"""Create or update a row: checked as in the admin, saved, and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import CommandError
from django.db.models import Model

from ..models import check_row


class Change:
    """A row with its new values: checked when this is created, saved by :meth:`save`.

    So whatever is wrong with the last of several rows is found before the first of them is saved.
    """

    def __init__(self, title: str, row: Model, values: Mapping[str, Any], flags: Mapping[str, str]) -> None:
        """Set ``values`` on ``row``.

        Raises :class:`CommandError` with the flag of each field that is not valid (``flags``: field to flag).
        """
        self.row = row
        self.note = ""
        self._title = title
        self._related: dict[str, Callable[[], object]] = {}
        self._is_new = row._state.adding
        before = _state(row)
        for name, value in values.items():
            setattr(row, name, value)
        try:
            check_row(row)
        except ValidationError as error:
            raise refusal(error, flags) from error
        after = _state(row)
        self._changed = [name for name in after if after[name] != before[name]]

    def then(self, name: str, save: Callable[[], object]) -> None:
        """Call ``save`` once the row is saved; it changes rows that belong to it, reported as ``name``."""
        self._related[name] = save

    def save(self) -> str:
        """Save what is new or changed, and return the line that reports it."""
        if self._is_new or self._changed:
            self.row.save()
        for save in self._related.values():
            save()
        changed = [*self._changed, *self._related]
        outcome = f"updated ({', '.join(changed)})" if changed else "unchanged"
        return f"{self._title}: {'created' if self._is_new else outcome}.{self.note}"


def refusal(error: ValidationError, flags: Mapping[str, str]) -> CommandError:
    """``error`` as one of the command, with the flag of each field (``flags``: field to flag)."""
    return CommandError("\n".join(_lines(error, flags)))


def _state(row: Model) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _lines(error: ValidationError, flags: Mapping[str, str]) -> Iterator[str]:
    for name, messages in error.message_dict.items():
        for message in messages:
            yield message if name == NON_FIELD_ERRORS else f"{flags.get(name, name)}: {message}"
