"""The history of trust: not only that something was changed, but from what to what."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.utils.text import Truncator

from ...languages import in_english
from ...models import LinkedSubject
from ...subject_links import Outcome, Plan
from ...subject_links.plan import CHUNK

_LENGTH = 200


def tell_values(message: list[dict[str, Any]], form: Any) -> list[dict[str, Any]]:
    """Django's change ``message`` with the old and the new value beside each changed field of ``form``."""
    for entry in message:
        changed = entry.get("changed", {})
        # An entry with an object is about an inline: its text is complete.
        if "fields" in changed and "object" not in changed:
            # As Django stores the names of fields, whatever the language of the person is.
            with in_english():
                changed["fields"] = [_told(form, name) for name in form.changed_data]
    return message


def record_import(user_pk: Any, plan: Plan) -> None:
    """Write down what ``plan`` did: each issuer with its numbers, each replaced link with its former user."""
    counts = Counter((link.issuer, link.outcome) for link in plan.changes)
    entries = [
        _entry(
            user_pk,
            issuer,
            f"Imported linked subjects: {counts[issuer, Outcome.ADD]} added, "
            f"{counts[issuer, Outcome.REPLACE]} replaced.",
        )
        for issuer in dict.fromkeys(issuer for issuer, _outcome in counts)
    ]
    for current, link in plan.replaced:
        row = LinkedSubject(pk=current.pk, subject=link.row.subject)
        change = f"{_json(current.username)} \u2192 {_json(link.row.user)}"
        entries.append(_entry(user_pk, row, f"Import: user ({change})."))
    LogEntry.objects.bulk_create(entries, batch_size=CHUNK)


def _entry(user_pk: Any, row: Model, message: str) -> LogEntry:
    return LogEntry(
        user_id=user_pk,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=message,
    )


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
    if value in (None, "", []):
        return "-"
    return Truncator(json.dumps(value, ensure_ascii=False, default=str)).chars(_LENGTH)
