"""What an operator sees and does, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from selenium.webdriver.common.keys import Keys

from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account
from tests.factories import ISSUER, ec_key, jwks, mint, rsa_key
from tests.jwks_server import JwksServer, json_answer

pytestmark = pytest.mark.django_db(transaction=True)
PREFIX = "admin:oauth_jwt_grant_trustedissuer_"
LIST = reverse(f"{PREFIX}changelist")


def change_url(issuer):
    return reverse(f"{PREFIX}change", args=[issuer.pk])


def populate(issuer, rule):
    """A day in the life of a few issuers."""
    now = timezone.now()
    github = TrustedIssuer.objects.create(
        name="GitHub Actions",
        issuer="https://token.actions.githubusercontent.com",
        key_source="discovery",
        algorithms=["RS256"],
    )
    deploy = github.rules.create(name="deploy", subject_policy="no_user", scopes="write")
    deploy.conditions.create(claim="repository_id", operator="equals", values=["770123456"])
    TrustedIssuer.objects.create(
        name="Old partner", issuer="https://old.example", key_source="discovery", enabled=False
    )
    TrustedIssuer.objects.create(name="Partner", issuer="https://partner.example", key_source="discovery")
    create_service_account("nightly", scopes="read")
    for number in range(12):
        Decision.objects.create(
            outcome="refused" if number % 4 == 0 else "accepted",
            reason="expired" if number % 4 == 0 else "",
            issuer=issuer,
            iss=issuer.issuer,
            rule=rule,
            subject=f"robot-{number}",
            kid=ec_key().kid,
            alg="ES256",
            scope="read",
            time=now - timedelta(minutes=7 * number),
        )


def test_list_shows_at_a_glance_how_the_issuers_are(browser, issuer, rule):
    populate(issuer, rule)
    browser.driver.set_window_size(1500, 1000)
    browser.visit(LIST)
    assert "grants nothing" in browser.text
    assert browser.find(".field-refused a").text == "3"
    browser.shoot("issuers", height=750)


def test_repository_is_trusted_with_the_keyboard_alone(browser, issuer):
    browser.visit(reverse(f"{PREFIX}add"))
    browser.shoot("presets")
    link = next(link for link in browser.find_all(".ojg-presets a") if link.text == "GitHub Actions")
    link.send_keys(Keys.ENTER)
    browser.wait(lambda: browser.find_all("#preset_form"))
    browser.find('[name="owner_id"]').send_keys("90210", Keys.TAB)
    browser.driver.switch_to.active_element.send_keys("770123456")
    browser.tick(rule_scopes="read")
    browser.shoot("preset-github")
    browser.find('[name="owner_id"]').send_keys(Keys.ENTER)
    browser.wait(lambda: "is trusted now" in browser.text)
    assert "repository_id is '770123456'" in browser.text


def test_only_the_fields_of_the_key_source_show(browser, issuer):
    browser.visit(f"{reverse(f'{PREFIX}add')}?enabled=on")
    assert browser.shows(".field-discovery_url")
    assert not browser.shows(".field-jwks")
    browser.choose("key_source", "inline")
    assert browser.shows(".field-jwks")
    assert not browser.shows(".field-discovery_url")
    browser.fill(name="Acme", issuer="https://acme.example", jwks="nonsense")
    browser.choose("key_source", "discovery")
    browser.submit('[name="_save"]')
    assert browser.shows(".field-jwks .errorlist")


def test_only_the_fields_of_the_policies_show(browser, issuer, rule):
    browser.visit(reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk]))
    assert not browser.shows(".field-applications")
    assert not browser.shows(".field-user")
    browser.choose("client_policy", "listed")
    browser.choose("subject_policy", "service_user")
    assert browser.shows(".field-applications")
    assert browser.shows(".field-user")
    assert not browser.shows(".field-user_field")
    browser.shoot("rule")


def test_keys_are_fetched_by_a_click(browser, issuer, rule):
    rule.conditions.create(claim="repository_id", operator="equals", values=["770123456"])
    rule.conditions.create(claim="ref", operator="in", values=["refs/heads/main", "refs/heads/stable"])
    with JwksServer() as server:
        server.answers["/jwks"] = json_answer(jwks(ec_key(), rsa_key()))
        TrustedIssuer.objects.update(
            key_source="jwks_url",
            jwks={},
            jwks_url=server.url("/jwks"),
            ca_bundle=server.ca_pem,
            allow_private_network=True,
        )
        browser.visit(change_url(issuer))
        assert "never fetched" in browser.text
        browser.submit(".ojg-keys button")
    assert "Fetched: 2 keys." in browser.text
    assert rsa_key().kid in browser.text
    browser.shoot("issuer")


def test_refused_assertion_is_explained(browser, issuer, rule):
    rule.conditions.create(claim="ref", operator="equals", values=["refs/heads/main"])
    browser.visit(reverse(f"{PREFIX}test"))
    browser.fill(assertion=mint(ec_key(), ref="refs/heads/main", aud="https://other.example"))
    browser.submit("#test_assertion_form [type=submit]")
    assert browser.find(".ojg-verdict").text == "Refused."
    assert "https://other.example" in browser.find(".ojg-row-off").text
    browser.shoot("test-assertion-refused")
    browser.fill(assertion=mint(ec_key(), ref="refs/heads/main"))
    browser.submit("#test_assertion_form [type=submit]")
    assert "Accepted" in browser.find(".ojg-verdict").text
    assert browser.find('[name="assertion"]').get_attribute("value") == ""
    browser.shoot("test-assertion-accepted")


def test_an_issuer_is_disabled_and_its_tokens_revoked(browser, issuer, rule):
    for number in range(3):
        token = get_access_token_model().objects.create(
            token=f"token-{number}", expires=timezone.now() + timedelta(hours=1), scope="read"
        )
        Decision.objects.create(outcome="accepted", issuer=issuer, iss=ISSUER, access_token=token)
    browser.visit(LIST)
    browser.find("#action-toggle").click()
    browser.choose("action", "disable_and_revoke")
    browser.submit('button[name="index"]')
    assert "3 tokens will be revoked" in browser.text
    browser.shoot("disable-and-revoke", height=520)
    browser.submit(".ojg-danger")
    assert "Tokens revoked: 3" in browser.text
    assert "disabled" in browser.find(".field-state").text
    assert not get_access_token_model().objects.exists()


def test_tokens_of_a_subject_are_revoked(browser, issuer, rule):
    browser.visit(reverse(f"{PREFIX}revoke", args=[issuer.pk]))
    browser.find('[name="which"][value="subject"]').click()
    browser.fill(value="alice")
    browser.submit("#revoke_tokens_form [type=submit]")
    assert "0 tokens will be revoked" in browser.text
    browser.submit(".ojg-danger")
    assert "Tokens revoked: 0" in browser.text


def test_dark_mode_darkens_our_pages_too(browser, issuer, rule):
    with browser.scheme("dark"):
        browser.visit(reverse(f"{PREFIX}test"))
        browser.fill(assertion=mint(ec_key(), aud="https://other.example"))
        browser.submit("#test_assertion_form [type=submit]")
        row = browser.find(".ojg-row-off td")
        colours = [row.value_of_css_property(name) for name in ("color", "background-color")]
        browser.shoot("dark")
    light, dark = (sum(map(int, colour.strip("rgba()").split(",")[:3])) for colour in colours)
    assert light - dark > 300
