"""Decisions as a CSV file (RFC 4180): what the list is filtered by, newest first, never a token."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils import timezone
from django.utils.text import Truncator

from ...languages import in_english
from ...models import Decision
from ...subject_links import guard_cell
from ..shared import csv_file, list_url

#: Decisions in one file at most; of more, it has the newest.
LIMIT = 100_000
#: Decisions that are in memory at once.
BATCH = 2_000
#: The columns, and what of a decision is in them.
COLUMNS = {
    "id": "pk",
    "time": "time",
    "outcome": "outcome",
    "reason": "reason",
    "accepted_as": "accepted_as",
    "detail": "detail",
    "issuer": "iss",
    "rule": "rule__name",
    "client_id": "application__client_id",
    "user": f"user__{get_user_model().USERNAME_FIELD}",
    "subject": "subject",
    "kid": "kid",
    "alg": "alg",
    "jti_sha256": "jti_digest",
    "scope": "scope",
    "client_address": "client_address",
    "claims": "claims",
    "token_id": "access_token",
    "single_use_until": "replay_until",
}
# A JSON string may have any character as an escape: with an apostrophe put into it, it would not be the same.
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_IN_A_STRING = re.compile(r"""[,;]|(?<=["' ])[=+\-@]""")


def export(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponseBase:
    """Answer a POST with the decisions that the query string filters by, as the list understands it.

    Who has asked for what is written to Django's admin log before anything is sent.
    """
    if not may_export(request, model_admin):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        matching = model_admin.get_changelist_instance(request).queryset
    except IncorrectLookupParameters:
        # As the list itself would.
        return HttpResponseRedirect(f"{list_url(model_admin.admin_site, Decision)}?{ERROR_FLAG}=1")
    # From the newest that exists now: decisions created meanwhile are left out.
    newest = Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    decisions = matching.filter(pk__lte=newest).order_by("-pk")
    matches = decisions[: LIMIT + 1].count()
    _log(request, min(matches, LIMIT), is_cut=matches > LIMIT)
    part = f"-newest-{LIMIT}" if matches > LIMIT else ""
    name = f"decisions-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{part}.csv"
    return csv_file(request, name, _chunks(decisions))


def may_export(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> bool:
    """Whether decisions may be exported: to see them is not enough, as a file of them leaves the admin.

    Not ``has_export_permission()``: a class of another library in front of ours would answer in our place.
    """
    return model_admin.has_view_permission(request) and request.user.has_perm(
        "oauth_jwt_grant.export_decision"
    )


def _log(request: HttpRequest, number: int, *, is_cut: bool) -> None:
    """Log who exported what. Filters are cut: an assertion that was searched for by mistake is not stored."""
    filters = ", ".join(f"{name}={Truncator(str(value)).chars(100)}" for name, value in request.GET.items())
    filters = filters.replace("\0", "\ufffd")  # PostgreSQL does not store it
    part = "the newest " if is_cut else ""
    with in_english():
        name = str(Decision._meta.verbose_name_plural)
    LogEntry.objects.create(
        user_id=str(request.user.pk),
        content_type=ContentType.objects.get_for_model(Decision),
        object_repr=name,
        action_flag=CHANGE,
        change_message=f"Exported {part}{number} decisions ({filters or 'all'}).",
    )


def _chunks(decisions: QuerySet[Decision]) -> Iterator[str]:
    """The file, a batch at a time, each beginning below the key at which the one before ended."""
    yield _lines([list(COLUMNS)])
    left, ahead = LIMIT, decisions.values_list(*COLUMNS.values())
    while left > 0 and (rows := list(ahead[: min(BATCH, left)])):
        yield _lines(map(_cells, rows))
        left -= len(rows)
        ahead = ahead.filter(pk__lt=rows[-1][0])


def _lines(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def _cells(row: tuple[Any, ...]) -> list[str]:
    return [_json(value) if isinstance(value, dict) else guard_cell(_text(value)) for value in row]


def _text(value: Any) -> str:
    """Times in UTC as ISO 8601 has them, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        aware = timezone.make_aware(value) if timezone.is_naive(value) else value
        return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)


def _json(value: dict[str, Any]) -> str:
    """Return JSON in which no string has a formula at a place where a program may start a cell."""
    if not value:
        return ""
    return _JSON_STRING.sub(lambda string: _IN_A_STRING.sub(_escaped, string[0]), json.dumps(value))


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"
