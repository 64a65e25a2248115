"""The line above the list of issuers, the filter that it leads to, and "Enable"."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from oauth_jwt_grant.admin.issuers import states
from oauth_jwt_grant.models import TrustedIssuer
from tests.admin.forms import said
from tests.factories import ec_key, jwks

LIST = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")


@pytest.fixture
def each(rule, issuer):
    """One issuer in each state, and a second one that is disabled."""

    def make(name, *, rules=True, **fields):
        made = TrustedIssuer.objects.create(
            name=name,
            issuer=f"https://{name}.example",
            **{"key_source": "inline", "jwks": jwks(ec_key()), **fields},
        )
        if rules:
            made.rules.create(name="all", client_policy="anonymous", subject_policy="no_user", scopes="read")

    make("failing")
    TrustedIssuer.objects.filter(name="failing").update(jwks={"keys": []})
    make("empty", rules=False)
    make("ended", valid_until="2020-01-01T00:00:00Z")
    make("off", enabled=False)
    make("off-too", enabled=False)


def names(response):
    return {issuer.name for issuer in response.context["cl"].result_list}


def test_line_counts_each_state_and_leads_to_its_issuers(page, each):
    response = page.get(LIST)
    line = "1 fine , 1 failing , 1 grants nothing , 1 outside its dates , 2 disabled"
    assert line in said(response)
    links = re.findall(r'href="(\?state=[a-z]+)">[0-9]', response.content.decode())
    found = [names(page.get(LIST + link)) for link in links]
    assert found == [{"Example"}, {"failing"}, {"empty"}, {"ended"}, {"off", "off-too"}]


def test_what_is_disabled_on_purpose_is_not_red(page, each):
    content = page.get(f"{LIST}?state=disabled").content.decode()
    assert '<span class="ojg-state ojg-not-reached">disabled</span>' in content


def test_only_states_that_occur_are_offered(page, rule):
    content = page.get(LIST).content.decode()
    assert "1 fine" in content
    assert "?state=disabled" not in content
    assert names(page.get(f"{LIST}?state=disabled")) == set()
    assert names(page.get(f"{LIST}?state=nonsense")) == set()


def test_very_many_are_not_looked_at(page, each, monkeypatch):
    monkeypatch.setattr(states, "MOST", 5)
    response = page.get(LIST)
    assert "ojg-states" not in response.content.decode()
    assert len(names(response)) == 6


def enable(page, *pks, query="?state=disabled"):
    data = {"action": "enable", "_selected_action": pks}
    return page.post(f"{LIST}{query}", data, follow=True)


@pytest.mark.parametrize(
    "query", ["", "?state=disabled"], ids=["of the whole list", "of those that are disabled"]
)
def test_enabled_again(page, each, query):
    chosen = TrustedIssuer.objects.exclude(name="failing").values_list("pk", flat=True)
    response = enable(page, *chosen, query=query)
    assert "2 trusted issuers are enabled now." in said(response)
    assert not TrustedIssuer.objects.filter(enabled=False).exists()
    history = reverse(
        "admin:oauth_jwt_grant_trustedissuer_history", args=[TrustedIssuer.objects.get(name="off").pk]
    )
    assert "Enabled." in said(page.get(history))


def test_what_could_not_be_saved_stays_disabled(page, issuer):
    TrustedIssuer.objects.update(enabled=False, jwks={"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})
    assert "Example is not enabled" in said(enable(page, issuer.pk))
    assert not TrustedIssuer.objects.get().enabled


def test_enabling_takes_the_permission_to_change(page_of, each):
    assert "is enabled now" not in said(
        enable(page_of("view_trustedissuer"), *TrustedIssuer.objects.values_list("pk", flat=True))
    )
    assert TrustedIssuer.objects.filter(enabled=False).count() == 2
