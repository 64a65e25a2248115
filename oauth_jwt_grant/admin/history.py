"""The history of trust: not only that something was changed, but from what to what."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.text import Truncator

_LENGTH = 200


def tell_values(message: list[dict[str, Any]], form: Any) -> list[dict[str, Any]]:
    """Django's change ``message`` with the old and the new value beside each changed field of ``form``."""
    for entry in message:
        changed = entry.get("changed", {})
        # An entry with an object is about an inline, whose text says it all.
        if "fields" in changed and "object" not in changed:
            changed["fields"] = [_told(form, name) for name in form.changed_data]
    return message


def _told(form: Any, name: str) -> str:
    label = form.fields[name].label or name
    old, new = form.initial.get(name), form.cleaned_data.get(name)
    return f"{label} ({_text(name, old)} \u2192 {_text(name, new)})"


def _text(name: str, value: Any) -> str:
    if name == "jwks":
        value = [key.get("kid") or key.get("kty") for key in (value or {}).get("keys", [])]
    if isinstance(value, list | tuple | QuerySet):
        return _json([item.pk if isinstance(item, Model) else item for item in value])
    return _json(value.pk if isinstance(value, Model) else value)


def _json(value: Any) -> str:
    return Truncator(json.dumps(value, ensure_ascii=False, default=str)).chars(_LENGTH)
