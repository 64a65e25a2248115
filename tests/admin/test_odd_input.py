"""Numbers and characters that databases do not take, in each form: an error beside the field."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import LogEntry
from django.db import DataError, OperationalError
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests.admin.forms import fill_in
from tests.factories import ISSUER, ec_key, jwks
from tests.support import case_undone, cases

ODD = {
    "half a surrogate pair": r'["\ud800"]',
    "NUL": r'["\u0000"]',
    "infinite": "[1e400]",
    "5000 digits": f"[{'9' * 5000}]",
    "deeper": "[" * 5_000,
    "number of 5000 digits": "9" * 5000,
    "beyond 64 bits": "9" * 30,
    "zero-width": "https://as.example.com\u200b",
    "object": r'{"a": "\ud800"}',
}
FIELDS = {
    "trustedissuer": [
        *(
            "audiences",
            "certificate_bindings",
            "jwks",
            "trust_anchors",
            "ca_bundle",
            "max_lifetime",
            "leeway",
        ),
        *("issuer", "jwks_url", "valid_from_0"),
    ],
    "grantrule": [
        *("resources", "recorded_claims", "access_token_lifetime", "position", "scopes", "subject_claim"),
        *("conditions-0-values", "conditions-0-claim", "user", "applications"),
    ],
    "linkedsubject": ["issuer", "user", "subject"],
}


@pytest.fixture
def rule(db: None) -> GrantRule:
    issuer = TrustedIssuer.objects.create(
        name="Issuer", issuer=ISSUER, key_source="inline", jwks=jwks(ec_key())
    )
    return GrantRule.objects.create(issuer=issuer, name="deploy", scopes="read", client_policy="anonymous")


@pytest.mark.parametrize("model", FIELDS)
def test_what_no_database_takes_is_an_error_beside_its_field(
    page: Client, rule: GrantRule, model: str
) -> None:
    """Of all fields at once, and then of each that had no error."""
    url = reverse(f"admin:oauth_jwt_grant_{model}_add")
    if model != "linkedsubject":
        pk = rule.pk if model == "grantrule" else rule.issuer_id
        url = reverse(f"admin:oauth_jwt_grant_{model}_change", args=[pk])
    form = fill_in(page.get(url), f"{model}_form")
    for name, value in ODD.items():
        response = page.post(url, form | dict.fromkeys(FIELDS[model], value))
        errors = response.context["adminform"].form.errors
        for field in FIELDS[model]:
            if field.removesuffix("_0") in errors:
                continue
            with case_undone(field, name):
                response = page.post(url, form | {field: value})
                assert response.status_code in (200, 302)
                if response.status_code == 302:
                    # What was accepted can be read again.
                    assert page.get(url).status_code == 200


@cases("model", ["trustedissuer", "grantrule", "linkedsubject", "decision"])
def test_what_no_database_takes_in_the_url_of_a_list(page: Client, rule: GrantRule, model: str) -> None:
    url, many = reverse(f"admin:oauth_jwt_grant_{model}_changelist"), "9" * 5000
    for query in ("q=%00", "q=%ED%A0%80", f"p={many}", f"o={many}", f"q={many}", f"user={many}", "rule=x"):
        assert page.get(f"{url}?{query}").status_code in (200, 302), query[:20]


@pytest.mark.parametrize("field", ["valid_from", "valid_until", "issued_after"])
@pytest.mark.parametrize(
    ("zone", "date", "time"),
    [("America/New_York", "9999-12-31", "23:59:59"), ("Asia/Tokyo", "0001-01-01", "00:00:00")],
)
def test_a_time_that_utc_does_not_have_is_an_error_beside_its_field(
    page: Client, rule: GrantRule, settings: Any, field: str, zone: str, date: str, time: str
) -> None:
    """PostgreSQL would store it, and no row could be read again."""
    settings.TIME_ZONE = zone
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[rule.issuer_id])
    changes = {f"{field}_0": date, f"{field}_1": time}
    response = page.post(url, fill_in(page.get(url), "trustedissuer_form") | changes)
    assert response.context["adminform"].form.errors.keys() == {field}


#: Lookups that Django lets a URL name for any field, each of which is a server error somewhere.
LOOKUPS = [
    *("id__regex=(", "id__range=1", "id__in=" + "9" * 30, "created__year=" + "9" * 30, "enabled__range=1"),
    *("fetched_keys=" + "9" * 19, "conditions=" + "9" * 19, "jwks__contains=x", "accepted_as__contains=x"),
    *("valid_from=0001-01-01T00:00:00%2B14:00", "created__gte=9999-12-31T23:59:59-12:00", "user=" + "9" * 30),
    *("time__gte=0001-01-01T00:00:00%2B14:00", "time__lt=9999-12-31T23:59:59-12:00"),
    "issuer__name__regex=(",
]


@cases("model", ["trustedissuer", "grantrule", "linkedsubject", "decision"])
def test_a_list_is_filtered_by_what_it_offers_alone(page: Client, rule: GrantRule, model: str) -> None:
    url = reverse(f"admin:oauth_jwt_grant_{model}_changelist")
    for query in LOOKUPS:
        response = page.get(f"{url}?{query}")
        assert (response.status_code, response["Location"]) == (302, f"{url}?e=1"), query


@pytest.mark.parametrize("model", ["linkedsubject", "decision"])
def test_an_export_is_filtered_by_what_the_list_offers_alone(
    page: Client, rule: GrantRule, model: str
) -> None:
    url = reverse(f"admin:oauth_jwt_grant_{model}_export")
    send = page.post if model == "decision" else page.get
    for query in LOOKUPS:
        assert send(f"{url}?{query}").status_code == 302, query


@pytest.mark.parametrize("value", ["%00", "x%00*"])
def test_an_export_is_logged_whatever_the_search(page: Client, rule: GrantRule, value: str) -> None:
    url = reverse("admin:oauth_jwt_grant_decision_export")
    assert page.post(f"{url}?q={value}").status_code == 200
    assert "\0" not in LogEntry.objects.get().change_message


def refuse(error: Exception) -> Any:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fail


def test_a_character_that_the_database_does_not_have_is_named_and_nothing_is_saved(
    page: Client, rule: GrantRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[rule.issuer_id])
    data = fill_in(page.get(url), "trustedissuer_form", name="\U0001f600")
    monkeypatch.setattr(TrustedIssuer, "save", refuse(DataError("no equivalent in encoding LATIN1")))
    assert "Nothing was saved" in page.post(url, data, follow=True).content.decode()
    assert TrustedIssuer.objects.get().name == "Issuer"
    monkeypatch.setattr(TrustedIssuer, "save", refuse(OperationalError("the database is locked")))
    with pytest.raises(OperationalError):
        page.post(url, data)


@pytest.mark.parametrize("model", ["trustedissuer", "grantrule", "linkedsubject", "decision"])
def test_a_search_for_such_a_character_finds_nothing(
    page: Client, rule: GrantRule, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = reverse(f"admin:oauth_jwt_grant_{model}_changelist")
    monkeypatch.setattr(ModelAdmin, "changelist_view", refuse(DataError("no equivalent in encoding LATIN1")))
    response = page.get(f"{url}?q=x")
    assert (response.status_code, response["Location"]) == (302, url)
