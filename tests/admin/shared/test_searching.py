"""Searches by beginnings, where the next text of the same length is an odd one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection

from oauth_jwt_grant.admin.shared import begins
from oauth_jwt_grant.models import Decision, LinkedSubject

LAST = "\U0010ffff"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a", {"a", "a\ud7ff", "a\ud7ffz", "a\ue000", f"a{LAST}", f"a{LAST}z"}),
        ("a\ud7ff", {"a\ud7ff", "a\ud7ffz"}),
        (f"a{LAST}", {f"a{LAST}", f"a{LAST}z"}),
        (LAST, {LAST}),
        ("A", {"A"}),
        ("b", {"b"}),
        ("B", set()),
    ],
    ids=["end-of-plane", "second-end", "last", "only-last", "capital", "one", "none"],
)
def test_what_begins_with_a_text_is_found_and_nothing_else(text, found):
    subjects = ["a", "A", "b", "a\ud7ff", "a\ud7ffz", "a\ue000", f"a{LAST}", f"a{LAST}z", LAST]
    Decision.objects.bulk_create(Decision(subject=subject, outcome="refused") for subject in subjects)
    rows = Decision.objects.filter(begins("subject", text))
    assert {row.subject for row in rows} == found


NEWEST = Decision.objects.order_by("-time")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("index", "rows"),
    [
        ("by_subject", NEWEST.filter(subject="a")),
        ("by_kid", NEWEST.filter(kid__in=["a"])),
        ("by_reason", NEWEST.filter(reason="a")),
        ("by_application", NEWEST.filter(application=1)),
        ("by_issuer", NEWEST.filter(issuer=1)),
        ("by_time", NEWEST.filter(time__gte=datetime(2026, 11, 30, tzinfo=UTC))),
        ("by_jti", Decision.objects.filter(jti_digest__in=["a", "b"]).order_by()),
        ("by_subject", Decision.objects.filter(begins("subject", "a")).order_by()),
        ("linked", LinkedSubject.objects.filter(begins("subject", "a")).order_by()),
        ("linked", LinkedSubject.objects.filter(subject="a").order_by()),
    ],
    ids=["subject", "kid", "reason", "application", "issuer", "time", "jti", "beginning", "links", "link"],
)
def test_each_search_and_filter_has_an_index_with_the_rows_in_their_order(index, rows):
    if connection.vendor == "postgresql":
        # As in a large table: there an index is worth it, and just the one.
        many = (
            Decision(subject=one, kid=one, reason=one, outcome="refused") for one in map(str, range(2000))
        )
        Decision.objects.bulk_create(many)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("ANALYZE oauth_jwt_grant_decision")
    plan = rows.all().explain()
    assert f"oauth_jwt_grant_{index}" in plan
    assert not re.search("Sort|B-TREE|filesort", plan)
