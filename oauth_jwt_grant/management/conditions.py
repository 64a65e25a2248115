"""Conditions on the command line, and their way into the database."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from ..models import ClaimCondition, GrantRule, check_row, written
from ..rules import Condition, Operator

#: For the help text.
GRAMMAR = (
    'claim=text, claim~pattern, claim?exists, or with JSON: claim:=1, \'claim in ["a", "b"]\', '
    "'claim contains \"a\"' and likewise contains_any, none_of, at_least, at_most, younger_than; "
    "claim same_as other"
)
# The first operator counts. After a tilde in a JSON Pointer comes 0 or 1 (RFC 6901 section 3).
_FORMS = re.compile(
    r"(?P<claim>/(?:[^=~?\s:]|:(?!=)|~[01])+|[^=~?\s/](?:[^=~?\s:]|:(?!=)|\?(?!exists$))*)"
    r"(?:\?(?P<exists>exists)|:=(?P<json>.+)|=(?P<text>.+)|~(?P<glob>.+)"
    r"|\s+same_as\s+(?P<other>\S.*)"
    r"|\s+(?P<operator>in|contains|contains_any|none_of|at_least|at_most|younger_than)\s+(?P<operands>.+))",
    re.DOTALL,
)


def parse_condition(text: str, flag: str = "--condition") -> Condition:
    """Return the condition that ``text`` describes. Raises :class:`CommandError`."""
    found = _FORMS.fullmatch(text)
    if found is None:
        raise CommandError(f"{flag}: not a condition: {text}\nWrite {GRAMMAR}.")
    parts = found.groupdict()
    try:
        condition = Condition(parts["claim"], *_demand(parts))
        condition.check()
    except ValueError as error:
        raise CommandError(f"{flag}: {text}: {error}") from error
    return condition


def conditions_of(rule: GrantRule) -> list[ClaimCondition]:
    """Return the conditions that ``rule`` has now."""
    return [] if rule._state.adding else list(written(ClaimCondition).filter(rule=rule).order_by("pk"))


def wanted_conditions(rule: GrantRule, conditions: list[Condition]) -> list[ClaimCondition] | None:
    """Return the rows that ``rule`` is to have, unsaved; ``None`` if it has just these.

    Raises :class:`CommandError`.
    """
    rows = [
        ClaimCondition(rule=rule, claim=one.claim, operator=one.operator.value, values=list(one.values))
        for one in conditions
    ]
    for row in rows:
        try:
            check_row(row)
        except ValidationError as error:
            raise CommandError(f"--condition: {row}: {' '.join(error.messages)}") from error
    # Compared as JSON: to Python, 1 and true are the same.
    if json.dumps([_told(row) for row in rows]) == json.dumps([_told(row) for row in conditions_of(rule)]):
        return None
    return rows


def set_conditions(rule: GrantRule, rows: list[ClaimCondition]) -> None:
    """Let ``rule``, which is saved, have these conditions and no others."""
    written(ClaimCondition).filter(rule=rule).delete()
    for row in rows:
        row.save()


def _told(row: ClaimCondition) -> tuple[str, str, list[Any]]:
    return row.claim, row.operator, row.values


def _demand(parts: dict[str, str | None]) -> tuple[Operator, tuple[Any, ...]]:
    """The operator and the values."""
    if parts["exists"]:
        return Operator.EXISTS, ()
    if parts["text"]:
        return Operator.EQUALS, (parts["text"],)
    if parts["glob"]:
        return Operator.GLOB, (parts["glob"],)
    if parts["json"]:
        return Operator.EQUALS, (_json(parts["json"]),)
    if parts["other"]:
        return Operator.SAME_AS, (parts["other"].strip(),)
    operator, value = Operator(parts["operator"] or ""), _json(parts["operands"] or "")
    return operator, tuple(value) if isinstance(value, list) else (value,)


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"not JSON: {value}") from error
