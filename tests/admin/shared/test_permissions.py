"""Who may open and post what: each page with users who have exactly one permission, or none."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.urls import reverse
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import Decision, LinkedSubject, TrustedIssuer
from tests.factories import ISSUER
from tests.support import case, case_undone

MODELS = ("trustedissuer", "grantrule", "linkedsubject", "decision")
PERMISSIONS = (
    *(f"{verb}_{model}" for model in MODELS for verb in ("view", "add", "change", "delete")),
    "test_assertion",
    "revoke_tokens",
    "export_decision",
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
    ("get", "trustedissuer_revoke"): {"revoke_tokens"},
    ("post", "trustedissuer_revoke"): {"revoke_tokens"},
    ("get", "trustedissuer_add_account"): set(),
    ("post", "trustedissuer_add_account"): set(),
    ("get", "trustedissuer_add_key"): {"change_trustedissuer"},
    ("post", "trustedissuer_add_key"): {"change_trustedissuer"},
    ("get", "trustedissuer_withdraw_key"): {"change_trustedissuer"},
    ("post", "trustedissuer_withdraw_key"): {"change_trustedissuer"},
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
    ("post", "decision_export"): set(),
    ("get", "linkedsubject_changelist"): {"view_linkedsubject", "change_linkedsubject"},
    ("get", "linkedsubject_change"): {"view_linkedsubject", "change_linkedsubject"},
    ("post", "linkedsubject_change"): {"change_linkedsubject"},
    ("get", "linkedsubject_add"): {"add_linkedsubject"},
    ("post", "linkedsubject_delete"): {"delete_linkedsubject"},
    ("get", "linkedsubject_import"): set(),
    ("post", "linkedsubject_import"): set(),
    ("get", "linkedsubject_export"): set(),
}
#: Pages that several permissions open together, and none of which may be missing.
VIEW_USER = f"view_{get_user_model()._meta.model_name}"
OPENED_BY_ALL_OF = {
    ("get", "trustedissuer_preset"): {"add_trustedissuer", "add_grantrule"},
    ("post", "trustedissuer_preset"): {"add_trustedissuer", "add_grantrule"},
    ("get", "trustedissuer_add_account"): {"add_trustedissuer", "add_grantrule", "add_linkedsubject"},
    ("post", "trustedissuer_add_account"): {"add_trustedissuer", "add_grantrule", "add_linkedsubject"},
    ("post", "decision_export"): {"view_decision", "export_decision"},
    ("get", "linkedsubject_import"): {"add_linkedsubject", "view_linkedsubject", VIEW_USER},
    ("post", "linkedsubject_import"): {"add_linkedsubject", "view_linkedsubject", VIEW_USER},
    ("get", "linkedsubject_export"): {"view_linkedsubject", VIEW_USER},
}


@pytest.fixture
def rows(issuer, rule, alice):
    TrustedIssuer.objects.update(key_source="discovery", discovery_url="https://127.0.0.1:1/")
    decision = Decision.objects.create(outcome="refused", issuer=issuer, iss=ISSUER)
    link = LinkedSubject.objects.create(issuer=issuer, subject="alice", user=alice)
    return {
        "trustedissuer": issuer.pk,
        "grantrule": rule.pk,
        "decision": decision.pk,
        "linkedsubject": link.pk,
    }


def url_of(page, rows):
    model, _, view = page.partition("_")
    of_no_row = {name: [] for name in ("changelist", "add", "add_account", "test", "import", "export")}
    args = {**of_no_row, "preset": ["github-actions"]}.get(view, [rows[model]])
    return reverse(f"admin:oauth_jwt_grant_{page}", args=args)


def test_page_opens_for_just_those_with_its_permission(page_of, rows):
    """Each page with each person: making those costs more than all pages."""
    people = {permission: page_of(permission) for permission in PERMISSIONS}
    nobody = page_of()
    for (method, page), wanted in OPENED_BY.items():
        url, opened = url_of(page, rows), set()
        for permission, browser in people.items():
            with case_undone(method, page, permission):
                if getattr(browser, method)(url).status_code != 403:
                    opened.add(permission)
        with case(method, page):
            assert opened == wanted
            assert getattr(nobody, method)(url).status_code == 403


@pytest.mark.parametrize(("method", "page"), OPENED_BY_ALL_OF)
def test_page_opens_for_those_with_all_of_its_permissions(page_of, rows, method, page):
    url, needed = url_of(page, rows), OPENED_BY_ALL_OF[method, page]
    assert getattr(page_of(*needed), method)(url).status_code == 200
    # All the other permissions together are not enough.
    for missing in needed:
        # Who may change may see, too.
        implying = {missing, missing.replace("view_", "change_")}
        others = {*PERMISSIONS, VIEW_USER} - implying
        assert getattr(page_of(*others), method)(url).status_code == 403, missing


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


def test_application_shows_its_issuers_to_those_who_may_see_issuers_and_rules(page_of, rule, application):
    meta = get_application_model()._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[application.pk])
    needed = {f"view_{meta.model_name}", "view_trustedissuer", "view_grantrule"}
    assert "field-jwt_bearer_trust" in page_of(*needed).get(url).content.decode()
    for missing in needed:
        assert "field-jwt_bearer_trust" not in page_of(*needed - {missing}).get(url).content.decode()
    assert page_of(*needed - {f"view_{meta.model_name}"}).get(url).status_code == 403


def test_disabling_and_revoking_are_in_the_history(page, rows, operator):
    url = url_of("trustedissuer_changelist", rows)
    page.post(url, {"action": "disable", "_selected_action": [rows["trustedissuer"]]})
    page.post(url_of("trustedissuer_revoke", rows), {"which": "all", "confirmed": "yes"})
    entries = [entry.change_message for entry in LogEntry.objects.order_by("pk")]
    assert entries == ["Disabled.", "Revoked tokens (all tokens): 0."]
