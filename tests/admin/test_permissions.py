"""Who may open and post what: each page with users who have exactly one permission, or none."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from oauth_jwt_grant.models import Decision, TrustedIssuer
from tests.factories import ISSUER

MODELS = ("trustedissuer", "grantrule", "linkedsubject", "decision")
PERMISSIONS = (
    *(f"{verb}_{model}" for model in MODELS for verb in ("view", "add", "change", "delete")),
    "test_assertion",
    "revoke_tokens",
)
#: Method and page, and the permissions of which any one opens it alone.
OPENED_BY = {
    ("get", "trustedissuer_changelist"): {"view_trustedissuer", "change_trustedissuer"},
    ("get", "trustedissuer_change"): {"view_trustedissuer", "change_trustedissuer"},
    ("get", "trustedissuer_add"): {"add_trustedissuer"},
    ("get", "trustedissuer_preset"): set(),
    ("post", "trustedissuer_preset"): set(),
    ("get", "trustedissuer_test"): {"test_assertion"},
    ("post", "trustedissuer_test"): {"test_assertion"},
    ("post", "trustedissuer_fetch"): {"change_trustedissuer"},
    ("post", "trustedissuer_discover"): {"change_trustedissuer"},
    ("get", "trustedissuer_revoke"): {"revoke_tokens"},
    ("post", "trustedissuer_revoke"): {"revoke_tokens"},
    ("post", "trustedissuer_change"): {"change_trustedissuer"},
    ("post", "trustedissuer_delete"): {"delete_trustedissuer"},
    ("get", "grantrule_changelist"): {"view_grantrule", "change_grantrule"},
    ("get", "grantrule_change"): {"view_grantrule", "change_grantrule"},
    ("post", "grantrule_change"): {"change_grantrule"},
    ("get", "grantrule_add"): {"add_grantrule"},
    ("get", "decision_changelist"): {"view_decision", "change_decision"},
    ("get", "decision_change"): {"view_decision", "change_decision"},
    ("post", "decision_change"): set(),
    ("get", "decision_add"): set(),
}


@pytest.fixture
def rows(issuer, rule):
    TrustedIssuer.objects.update(key_source="discovery", discovery_url="https://127.0.0.1:1/")
    decision = Decision.objects.create(outcome="refused", issuer=issuer, iss=ISSUER)
    return {"trustedissuer": issuer.pk, "grantrule": rule.pk, "decision": decision.pk}


def url_of(page, rows):
    model, _, view = page.partition("_")
    args = {"changelist": [], "add": [], "test": [], "preset": ["github-actions"]}.get(view, [rows[model]])
    return reverse(f"admin:oauth_jwt_grant_{page}", args=args)


@pytest.mark.parametrize(("method", "page"), OPENED_BY)
def test_page_opens_for_just_those_with_its_permission(page_of, rows, method, page):
    url = url_of(page, rows)
    opened = {
        permission
        for permission in PERMISSIONS
        if getattr(page_of(permission), method)(url).status_code != 403
    }
    assert opened == OPENED_BY[method, page]
    assert getattr(page_of(), method)(url).status_code == 403


def test_viewer_sees_everything_and_nothing_to_act_with(page_of, rows):
    viewer = page_of(*(f"view_{model}" for model in MODELS))
    content = viewer.get(url_of("trustedissuer_change", rows)).content.decode()
    assert ISSUER in content
    assert 'class="ojg-keys"' in content
    assert "id_enabled" not in content
    for acting in ("fetch-keys", "formaction", "revoke-tokens", "test-assertion", "grantrule/add", "_save"):
        assert acting not in content
    listed = viewer.get(url_of("trustedissuer_changelist", rows)).content.decode()
    assert 'name="action"' not in listed
    assert "test-assertion" not in listed


def test_disabling_and_revoking_are_in_the_history(page, rows, operator):
    url = url_of("trustedissuer_changelist", rows)
    page.post(url, {"action": "disable", "_selected_action": [rows["trustedissuer"]]})
    page.post(url_of("trustedissuer_revoke", rows), {"which": "all", "confirmed": "yes"})
    entries = [entry.change_message for entry in LogEntry.objects.order_by("pk")]
    assert entries == ["Disabled.", "Revoked tokens (all tokens): 0."]
