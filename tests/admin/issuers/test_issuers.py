"""Trusting an issuer in the admin: what can be saved, and what is refused with which words."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from oauth_jwt_grant.models import TrustedIssuer
from tests.admin.forms import fill_in
from tests.factories import AUDIENCE, ec_key, jwk, jwks, rsa_key
from tests.support import cases

ADD = reverse("admin:oauth_jwt_grant_trustedissuer_add") + "?enabled=1"
LIST = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
FORM = "trustedissuer_form"
GOOD = {"name": "Acme", "issuer": "https://acme.example", "key_source": "discovery"}


def change_url(issuer):
    return reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])


def add(page, **changes):
    return page.post(ADD, fill_in(page.get(ADD), FORM, **{**GOOD, **changes}))


def errors_of(response):
    return response.context["adminform"].form.errors


def test_issuer_is_trusted_by_name_and_identifier_alone(page):
    response = add(page)
    assert response.status_code == 302
    issuer = TrustedIssuer.objects.get()
    assert (issuer.issuer, issuer.key_source, issuer.enabled) == ("https://acme.example", "discovery", True)
    assert (issuer.algorithms, issuer.audiences, issuer.jwks) == ([], [], {})


def test_new_issuer_leads_to_its_page_which_wants_a_rule(page):
    assert "RULES" not in page.get(ADD).content.decode().upper().partition("TRUSTEDISSUER_FORM")[2]
    response = add(page)
    issuer = TrustedIssuer.objects.get()
    assert response.url == change_url(issuer)
    assert "Add a rule" in page.get(response.url).content.decode()


def test_who_may_not_look_at_issuers_is_not_led_to_one(page_of):
    response = add(page_of("add_trustedissuer"))
    assert TrustedIssuer.objects.count() == 1
    assert response.url == reverse("admin:index")


def test_lists_are_written_by_the_line(page):
    add(page, audiences="https://as.example.com\r\n\r\n  acme.example ", algorithms=["ES256", "RS256"])
    issuer = TrustedIssuer.objects.get()
    assert issuer.audiences == ["https://as.example.com", "acme.example"]
    assert set(issuer.algorithms) == {"ES256", "RS256"}


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(json.dumps(jwks(ec_key())), id="JWK Set"),
        pytest.param(json.dumps(jwk(ec_key())), id="JWK"),
        pytest.param(ec_key().pem(), id="PEM"),
    ],
)
def test_keys_are_taken_as_they_were_sent(page, pasted):
    assert add(page, key_source="inline", jwks=pasted).status_code == 302
    (stored,) = TrustedIssuer.objects.get().jwks["keys"]
    assert stored["x"] == jwk(ec_key())["x"]


@cases(
    ("changes", "field", "words"),
    [
        ({"key_source": "jwks_url", "jwks_url": "http://acme.example/jwks"}, "jwks_url", "https://"),
        ({"key_source": "jwks_url"}, "jwks_url", "Enter the URL"),
        ({"discovery_url": "http://acme.example/x"}, "discovery_url", "https://"),
        ({"issuer": "acme"}, "discovery_url", "not an https URL"),
        ({"issuer": AUDIENCE}, "issuer", "the server itself"),
        ({"algorithms": ["none"]}, "algorithms", "none is not one of"),
        ({"algorithms": ["HS256"]}, "algorithms", "HS256 is not one of"),
        ({"audiences": "[1]"}, "audiences", "list of texts"),
        ({"audiences": '["one"'}, "audiences", "Not a JSON list"),
        ({"audiences": "[NaN]"}, "audiences", "Not a JSON list"),
        ({"key_source": "inline"}, "jwks", "JWK"),
        ({"key_source": "inline", "jwks": '{"kty": "oct", "k": "c2VjcmV0"}'}, "jwks", "Key 1"),
        ({"key_source": "inline", "jwks": rsa_key().private_pem()}, "jwks", "private key"),
        ({"key_source": "inline", "jwks": "nonsense"}, "jwks", "Neither PEM nor"),
        ({"key_source": "certificates", "trust_anchors": "nonsense"}, "trust_anchors", ""),
        ({"profile": "id-jag", "replay_policy": "reusable"}, "replay_policy", "jti"),
    ],
)
def test_what_cannot_be_trusted_is_refused_at_its_field(page, changes, field, words):
    response = add(page, **changes)
    assert response.status_code == 200
    assert words in " ".join(errors_of(response)[field])
    assert not TrustedIssuer.objects.exists()


@pytest.mark.parametrize(
    "secret", [rsa_key().private_pem(), '{"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"}'], ids=["PEM", "JWK"]
)
def test_private_key_pasted_by_mistake_is_not_sent_back(page, secret):
    response = add(page, key_source="inline", jwks=secret)
    assert response.status_code == 200
    content = response.content.decode()
    assert "c2VjcmV0" not in content
    assert "BEGIN PRIVATE KEY" not in content


def test_mistyped_public_key_is_shown_again(page):
    response = add(page, key_source="inline", jwks='{"kty": "EC", "crv": "P-256"}')
    assert "P-256" in response.content.decode()


def test_saved_twice_nothing_changes(page, issuer):
    before = TrustedIssuer.objects.values().get()
    response = page.post(change_url(issuer), fill_in(page.get(change_url(issuer)), FORM))
    assert response.status_code == 302
    after = TrustedIssuer.objects.values().get()
    assert {**after, "updated": before["updated"]} == before
    history = page.get(reverse("admin:oauth_jwt_grant_trustedissuer_history", args=[issuer.pk]))
    assert "No fields changed" in history.content.decode()


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "grants nothing: No rule is enabled"),
        ({"enabled": False}, "disabled"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "ended"),
        ({"valid_from": "2099-01-01T00:00:00Z"}, "from"),
    ],
)
def test_list_says_why_an_issuer_is_not_trusted(page, issuer, changes, state):
    TrustedIssuer.objects.update(**changes)
    assert f">{state}" in page.get(LIST).content.decode()


def test_list_says_that_an_issuer_is_trusted(page, rule):
    assert ">trusted<" in page.get(LIST).content.decode()


def test_rules_are_shown_in_their_order_in_words_and_one_click_away(page, issuer, rule):
    rule.conditions.create(claim="ref", operator="in", values=["main", "stable"])
    rule.conditions.create(claim="environment", operator="exists", values=[])
    content = page.get(change_url(issuer)).content.decode()
    assert "when ref is one of &#x27;main&#x27;, &#x27;stable&#x27; and environment is present" in content
    assert reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk]) in content


def test_rule_is_switched_off_on_the_page_of_its_issuer(page, issuer, rule):
    data = fill_in(page.get(change_url(issuer)), FORM, **{"rules-0-enabled": None, "rules-0-position": "7"})
    assert page.post(change_url(issuer), data).status_code == 302
    rule.refresh_from_db()
    assert (rule.enabled, rule.position) == (False, 7)


def test_viewer_sees_everything_and_changes_nothing(page_of, issuer, rule):
    viewer = page_of("view_trustedissuer", "view_grantrule")
    assert viewer.get(LIST).status_code == 200
    response = viewer.get(change_url(issuer))
    assert response.status_code == 200
    assert 'name="_save"' not in response.content.decode()
    assert viewer.post(change_url(issuer), {"name": "x"}).status_code == 403
    assert viewer.get(ADD).status_code == 403


def test_stranger_sees_nothing(page_of, issuer):
    assert page_of().get(LIST).status_code == 403
