"""The chart and the list of decisions in a real browser: under a strict policy, dark, narrow, by keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from oauth_jwt_grant.models import Decision
from tests.factories import ec_key

pytestmark = pytest.mark.django_db(transaction=True)
LIST = reverse("admin:oauth_jwt_grant_decision_changelist")
#: Reasons and how many of each there are; the last three share one colour.
REASONS = {
    "expired": 41,
    "audience": 19,
    "no_rule": 11,
    "keys_unavailable": 7,
    "replayed": 5,
    "bad_signature": 3,
    "scope": 2,
    "unknown_subject": 1,
}


@pytest.fixture
def day(issuer, rule, application):
    """A day of decisions, more of them in the daytime."""
    now = timezone.now()

    def at(number):
        return now - timedelta(minutes=(number * 37 + (number * number) % 211) % 1430)

    shared = {
        "issuer": issuer,
        "iss": issuer.issuer,
        "rule": rule,
        "application": application,
        "kid": ec_key().kid,
        "alg": "ES256",
    }
    accepted = [
        Decision(outcome="accepted", subject=f"robot-{number % 7}", scope="read", time=at(number), **shared)
        for number in range(640)
    ]
    refused = [
        Decision(
            outcome="undecided" if reason == "keys_unavailable" else "refused",
            reason=reason,
            subject=f"robot-{number % 7}",
            time=at(number * len(reason)),
            **shared,
        )
        for reason, many in REASONS.items()
        for number in range(many)
    ]
    Decision.objects.bulk_create(accepted + refused)


def dark(browser, on):
    features = [{"name": "prefers-color-scheme", "value": "dark"}] if on else []
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_day_is_seen_and_read(browser, day):
    browser.driver.set_window_size(1500, 1000)
    browser.visit(LIST)
    heights = [float(bar.get_attribute("height")) for bar in browser.find_all(".ojg-bars .ojg-accepted")]
    assert len(heights) > 12
    assert max(heights) <= 72
    assert "640" in browser.find(".ojg-legend").text
    browser.shoot("decisions", height=1000)
    browser.find(".ojg-hours summary").click()
    assert browser.shows(".ojg-hours tbody td")
    browser.shoot("decisions-by-the-hour")


def test_reason_leads_to_its_decisions(browser, day):
    browser.visit(LIST)
    link = next(link for link in browser.find_all(".ojg-legend a") if link.text == "audience")
    browser.driver.execute_script("arguments[0].focus()", link)
    link.send_keys("\n")
    browser.wait(lambda: "when=24h" in browser.driver.current_url)
    assert {cell.text for cell in browser.find_all("#result_list .field-reason_shown")} == {"audience"}
    assert len(browser.find_all("#result_list .field-reason_shown")) == REASONS["audience"]


def test_day_is_chosen(browser, day, issuer):
    browser.visit(f"{LIST}?issuer={issuer.pk}")
    yesterday = timezone.localdate() - timedelta(days=1)
    browser.driver.execute_script(
        "arguments[0].value = arguments[1]", browser.find("#ojg-when"), yesterday.isoformat()
    )
    browser.submit('.ojg-day [type="submit"]')
    assert f"when={yesterday}" in browser.driver.current_url
    assert f"issuer={issuer.pk}" in browser.driver.current_url
    assert browser.find("#ojg-when").get_attribute("value") == yesterday.isoformat()


def test_refusal_is_explained(browser, day):
    refusal = Decision.objects.filter(reason="audience").first()
    browser.visit(reverse("admin:oauth_jwt_grant_decision_change", args=[refusal.pk]))
    assert "meant for another server" in browser.find(".ojg-explained").text
    browser.shoot("decision")
    browser.find('.object-tools a[href*="?decision="]').click()
    browser.wait(lambda: browser.find_all("#test_assertion_form"))
    client_id = browser.find('[name="client_id"]').get_attribute("value")
    assert client_id == refusal.application.client_id


def test_chart_in_the_dark(browser, day):
    browser.driver.set_window_size(1500, 1000)
    dark(browser, True)
    try:
        browser.visit(LIST)
        text = browser.find(".ojg-bars .ojg-tick").value_of_css_property("fill")
        browser.shoot("decisions-dark", height=1000)
        refusal = Decision.objects.filter(reason="replayed").first()
        browser.visit(reverse("admin:oauth_jwt_grant_decision_change", args=[refusal.pk]))
        browser.shoot("decision-dark")
    finally:
        dark(browser, False)
    assert text == "rgb(208, 208, 208)"


def test_chart_on_a_narrow_screen(browser, day):
    browser.driver.set_window_size(400, 900)
    browser.visit(LIST)
    browser.find(".ojg-hours summary").click()
    wide, seen = browser.driver.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    browser.shoot("decisions-narrow")
    assert wide <= seen
    bars = browser.find_all(".ojg-bars .ojg-accepted")
    assert all(bar.rect["x"] + bar.rect["width"] <= seen for bar in bars)
