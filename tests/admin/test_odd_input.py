"""Numbers and characters that databases do not take, in each form: an error beside the field."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests.admin.forms import fill_in
from tests.factories import ISSUER, ec_key, jwks

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
CASES = [(model, field) for model, fields in FIELDS.items() for field in fields]


@pytest.fixture
def rule(db: None) -> GrantRule:
    issuer = TrustedIssuer.objects.create(
        name="Issuer", issuer=ISSUER, key_source="inline", jwks=jwks(ec_key())
    )
    return GrantRule.objects.create(issuer=issuer, name="deploy", scopes="read", client_policy="anonymous")


@pytest.mark.parametrize(("model", "field"), CASES)
def test_what_no_database_takes_is_an_error_beside_its_field(
    page: Client, rule: GrantRule, model: str, field: str
) -> None:
    url = reverse(f"admin:oauth_jwt_grant_{model}_add")
    if model != "linkedsubject":
        pk = rule.pk if model == "grantrule" else rule.issuer_id
        url = reverse(f"admin:oauth_jwt_grant_{model}_change", args=[pk])
    form = page.get(url)
    for name, value in ODD.items():
        data = fill_in(form, f"{model}_form") | {field: value}
        with transaction.atomic():
            response = page.post(url, data)
            assert response.status_code in (200, 302), (field, name)
            if response.status_code == 302:
                # What was accepted can be read again.
                assert page.get(url).status_code == 200
            transaction.set_rollback(True)


@pytest.mark.parametrize("model", ["trustedissuer", "grantrule", "linkedsubject", "decision"])
def test_what_no_database_takes_in_the_url_of_a_list(page: Client, rule: GrantRule, model: str) -> None:
    url, many = reverse(f"admin:oauth_jwt_grant_{model}_changelist"), "9" * 5000
    for query in ("q=%00", "q=%ED%A0%80", f"p={many}", f"o={many}", f"q={many}", f"user={many}", "rule=x"):
        assert page.get(f"{url}?{query}").status_code in (200, 302), query[:20]
