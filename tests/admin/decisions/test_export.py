"""The export of decisions: what the list is filtered by, safe in a spreadsheet, for those who may."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.admin.decisions import export
from oauth_jwt_grant.models import Decision
from tests.admin.conftest import make_user
from tests.factories import ISSUER
from tests.spreadsheets import FORMULAS, dangers
from tests.support import case_undone

LIST = reverse("admin:oauth_jwt_grant_decision_changelist")
EXPORT = reverse("admin:oauth_jwt_grant_decision_export")
MAY = ("view_decision", "export_decision")


def decide(issuer, **values):
    return Decision.objects.create(**{"issuer": issuer, "iss": ISSUER, "outcome": "refused", **values})


def text_of(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def rows_of(response):
    return list(csv.DictReader(io.StringIO(text_of(response))))


@pytest.fixture
def decision(issuer, rule, application):
    """With everything that a decision can have."""
    token = get_access_token_model().objects.create(
        token="the-token-itself", expires=timezone.now() + timedelta(hours=1), scope="read"
    )
    return decide(
        issuer,
        outcome="accepted",
        time=datetime(2026, 11, 24, 3, 4, 5, 678900, tzinfo=UTC),
        rule=rule,
        application=application,
        user=make_user("robot"),
        subject="alice",
        kid="key-1",
        alg="ES256",
        jti_digest="a" * 64,
        scope="read write",
        client_address="192.0.2.7",
        claims={"repository": "acme/website", "n": -1, "odd": "x;=1+1"},
        access_token=token,
        replay_key="b" * 64,
    )


def test_row_has_all_that_is_kept_and_never_the_token(page, decision):
    response = page.post(EXPORT)
    assert response["Content-Type"].startswith("text/csv")
    assert re.search(r'attachment; filename="decisions-\d{8}T\d{6}Z\.csv"', response["Content-Disposition"])
    text = text_of(response)
    assert "the-token-itself" not in text
    assert decision.replay_key not in text
    (row,) = csv.DictReader(io.StringIO(text))
    claims = json.loads(row.pop("claims"))
    assert claims == decision.claims
    assert row == {
        "id": str(decision.pk),
        "time": "2026-11-24T03:04:05.678Z",
        "outcome": "accepted",
        "reason": "",
        "accepted_as": "authorization_grant",
        "detail": "",
        "issuer": ISSUER,
        "rule": "deploy",
        "client_id": decision.application.client_id,
        "user": decision.user.get_username(),
        "subject": "alice",
        "kid": "key-1",
        "alg": "ES256",
        "jti_sha256": "a" * 64,
        "scope": "read write",
        "client_address": "192.0.2.7",
        "token_id": str(decision.access_token.pk),
        "single_use_until": "",
    }


def test_times_are_utc_wherever_the_operator_is(page, decision, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    (row,) = rows_of(page.post(EXPORT))
    assert row["time"] == "2026-11-24T03:04:05.678Z"


def test_times_are_utc_on_a_site_without_time_zones(settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Berlin"
    assert export._text(datetime(2026, 7, 1, 12)) == "2026-07-01T10:00:00.000Z"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"a", "b", "c"}),
        ("outcome__exact=accepted", {"a"}),
        ("reason=expired", {"b"}),
        ("q=subject-c", {"c"}),
        ("q=subject*", {"a", "b", "c"}),
        ("when=2026-11-20", {"b"}),
        ("p=2&o=1", {"a", "b", "c"}),
        ("issuer=nonsense", set()),
    ],
)
def test_what_the_list_shows_is_exported(page, issuer, query, found):
    decide(issuer, subject="subject-a", outcome="accepted")
    decide(issuer, subject="subject-b", reason="expired", time=datetime(2026, 11, 20, 12, tzinfo=UTC))
    decide(issuer, subject="subject-c", reason="audience")
    rows = rows_of(page.post(f"{EXPORT}?{query}"))
    assert {row["subject"][-1] for row in rows} == found


def test_button_of_the_list_carries_its_filters(page, issuer):
    decide(issuer, reason="expired")
    content = page.get(f"{LIST}?reason=expired&issuer={issuer.pk}").content.decode()
    action = re.search(r'id="ojg-export" action="([^"]*)"', content)[1].replace("&amp;", "&")
    assert len(rows_of(page.post(action))) == 1
    assert "reason=expired" in action
    assert f"issuer={issuer.pk}" in action


@pytest.mark.parametrize("query", ["nonsense=1", "time__gt=never", "rule=x", "subject=%00"])
def test_filter_that_is_not_understood_exports_nothing(page, decision, query):
    response = page.post(f"{EXPORT}?{query}")
    assert response.status_code == 302
    assert not LogEntry.objects.exists()
    assert page.get(response["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ((), 403),
        (("view_decision",), 403),
        (("export_decision",), 403),
        (("view_decision", "delete_decision", "view_trustedissuer", "revoke_tokens"), 403),
        (MAY, 200),
    ],
)
def test_to_see_is_not_to_export(page_of, decision, permissions, status):
    client = page_of(*permissions)
    assert client.post(EXPORT).status_code == status
    if "view_decision" in permissions:
        assert ('id="ojg-export"' in client.get(LIST).content.decode()) is (status == 200)
    assert LogEntry.objects.count() == (status == 200)


def test_stranger_and_forger_get_nothing(page, operator, decision):
    assert Client().post(EXPORT).status_code == 302
    assert page.get(EXPORT).status_code == 405
    forger = Client(enforce_csrf_checks=True)
    forger.force_login(operator)
    assert forger.post(EXPORT).status_code == 403
    assert not LogEntry.objects.exists()


def test_log_says_who_exported_what_and_how_many(page, operator, issuer):
    decide(issuer, reason="expired")
    decide(issuer, reason="audience")
    long = "x" * 300
    page.post(f"{EXPORT}?reason=expired&issuer={issuer.pk}")
    page.post(EXPORT)
    page.post(f"{EXPORT}?q={long}")
    searched, everything, filtered = LogEntry.objects.order_by("-pk")
    assert filtered.user == operator
    assert filtered.change_message == f"Exported 1 decisions (reason=expired, issuer={issuer.pk})."
    assert everything.change_message == "Exported 2 decisions (all)."
    assert long not in searched.change_message
    assert page.get(reverse("admin:index")).status_code == 200  # where the latest actions are shown


def test_nothing_is_a_formula_to_a_spreadsheet(page, issuer):
    """Anybody who can reach the endpoint chooses a key ID: nothing is verified when it is written."""
    for formula in FORMULAS:
        decide(
            issuer,
            alg=formula[:16],
            **dict.fromkeys(("subject", "kid", "detail", "scope", "reason"), formula[:40]),
        )
    text = text_of(page.post(EXPORT))
    assert dangers(text) == []
    # Nothing is lost: without the apostrophes the values are the same.
    kept = {row["subject"].replace("'", "") for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert kept == {formula[:40].replace("'", "") for formula in FORMULAS}


def test_claims_stay_json_that_says_the_same(page, issuer):
    for formula in FORMULAS:
        claims = {
            "claim": formula,
            formula: [formula, -1, {"deep": f"{formula},{formula}"}],
            "last": f" {formula}",
        }
        with case_undone(formula):
            decide(issuer, claims=claims)
            text = text_of(page.post(EXPORT))
            (row,) = csv.DictReader(io.StringIO(text, newline=""))
            assert json.loads(row["claims"]) == claims
            assert dangers(text) == []


@pytest.mark.parametrize("harmless", ["a-b", "a=b", "x@example.com", "1+1", 'say "hello", Bob', "a;b", "été"])
def test_harmless_text_is_left_as_it_is(page, issuer, harmless):
    decide(issuer, subject=harmless)
    assert [row["subject"] for row in rows_of(page.post(EXPORT))] == [harmless]


def test_each_decision_comes_once_in_whatever_batches(page, issuer, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 3)
    made = [decide(issuer, subject=f"s{number}").pk for number in range(10)]
    assert [int(row["id"]) for row in rows_of(page.post(EXPORT))] == made[::-1]


def test_file_is_read_a_batch_at_a_time(page, issuer, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(export, "BATCH", 3)
    for number in range(7):
        decide(issuer, subject=f"s{number}")
    content = page.post(EXPORT).streaming_content
    with django_assert_num_queries(0):
        assert next(content).startswith(b'"id","time"')
    with django_assert_num_queries(1):
        assert next(content).count(b"\r\n") == 3
    decide(issuer, subject="too late")
    Decision.objects.filter(subject="s0").delete()
    with django_assert_num_queries(2):
        assert next(content).count(b"\r\n") == 3
        assert list(content) == []


def test_limit_is_kept_and_said(page, issuer, monkeypatch):
    monkeypatch.setattr(export, "LIMIT", 5)
    monkeypatch.setattr(export, "BATCH", 2)
    made = [decide(issuer).pk for _number in range(6)]
    response = page.post(EXPORT)
    assert "-newest-5.csv" in response["Content-Disposition"]
    assert [int(row["id"]) for row in rows_of(response)] == made[:0:-1]
    assert LogEntry.objects.get().change_message == "Exported the newest 5 decisions (all)."
    Decision.objects.filter(pk=made[0]).delete()
    response = page.post(EXPORT)
    assert "newest" not in response["Content-Disposition"]
    assert len(rows_of(response)) == 5


def test_nothing_to_export_is_a_file_with_a_head(page):
    assert text_of(page.post(EXPORT)).count("\r\n") == 1


def test_under_asgi_it_is_streamed_too(operator, issuer, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 2)
    for number in range(5):
        decide(issuer, subject=f"s{number}")
    client = AsyncClient()
    client.force_login(operator)

    @async_to_sync
    async def fetch():
        response = await client.post(EXPORT)
        assert response.is_async
        return [chunk async for chunk in response.streaming_content]

    chunks = fetch()
    assert [chunk.count(b"\r\n") for chunk in chunks] == [1, 2, 2, 1]


def test_export_costs_no_more_queries_for_joined_rows(page, issuer, rule, application):
    for number in range(30):
        decide(issuer, rule=rule, application=application, user=make_user(f"robot{number}"))
    with CaptureQueriesContext(connection) as queries:
        rows_of(page.post(EXPORT))
    about_decisions = [query for query in queries if "oauth_jwt_grant_decision" in query["sql"]]
    # The reasons to filter by, the list's count, the newest, how many match, and two looks for rows.
    assert len(about_decisions) <= 6
