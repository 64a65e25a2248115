"""As many decisions as a busy site has in a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from oauth_jwt_grant.models import Decision
from tests.factories import ISSUER

#: By how often they occur.
REASONS = ["expired", "audience", "no_rule", "keys_unavailable", "replayed", "scope", "too_old"]


def fill(number: int, **values: Any) -> int:
    """Make at least ``number`` decisions of the last day, by doubling them in the database."""
    now = timezone.now()
    outcomes = ["accepted", "refused", "accepted", "undecided"]
    Decision.objects.bulk_create(
        Decision(
            outcome=outcomes[turn % 4],
            reason=REASONS[turn % 7] if turn % 2 else "",
            iss=ISSUER,
            time=now - timedelta(minutes=14 * turn),
            **values,
        )
        for turn in range(100)
    )
    quoted = [connection.ops.quote_name(field.column) for field in Decision._meta.fields[1:]]
    columns, table = ", ".join(quoted), connection.ops.quote_name(Decision._meta.db_table)
    made = 100
    with connection.cursor() as cursor:
        while made < number:
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}")  # noqa: S608
            made *= 2
    return made
