"""A plan as people and pipelines read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .planning import Plan, Step

_SIGNS = {"add": "+", "change": "~", "remove": "-"}


def lines_of(step: Step) -> Iterator[str]:
    """Yield the step, and each of its fields from what to what; of a new row what it has."""
    name = step.issuer if step.kind == "issuer" else f"{step.name} of {step.issuer}"
    yield f"{_SIGNS[step.action]} {step.kind} {_shown(name)}{_left(step)}"
    for key, (before, after) in step.fields.items():
        if step.action == "change":
            yield f"    {key}: {_json(before)} -> {_json(after)}"
        elif after != before:
            yield f"    {key}: {_json(after)}"


def text_of(plan: Plan) -> str:
    """Return the whole plan as a diff, with a last line that counts."""
    lines = [line for step in plan.steps for line in lines_of(step)]
    numbers = Counter(step.action for step in plan.steps)
    total = f"{numbers['add']} to add, {numbers['change']} to change, {numbers['remove']} to remove."
    return "\n".join([*lines, total])


def json_of(plan: Plan) -> str:
    """Return the whole plan as a JSON object."""
    steps = [
        {
            "action": step.action,
            "kind": step.kind,
            "issuer": step.issuer,
            "name": step.name,
            "fields": {key: {"before": pair[0], "after": pair[1]} for key, pair in step.fields.items()},
            **({"good_tokens": step.tokens} if step.action == "remove" else {}),
        }
        for step in plan.steps
    ]
    return json.dumps({"changes": steps, "warnings": plan.warnings}, default=_plain)


def _left(step: Step) -> str:
    return f" ({step.tokens} good token{'' if step.tokens == 1 else 's'})" if step.tokens else ""


def _json(value: Any) -> str:
    return _shown(json.dumps(value, default=_plain, ensure_ascii=False))


def _shown(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
