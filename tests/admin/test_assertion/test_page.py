"""The page "Test an assertion": it tells everything, and leaves nothing behind."""

from __future__ import annotations

import html
import io
import json
import logging
import re
import time

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.urls import reverse
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.assertion import OPTIONAL_STEPS, Reason, Step
from oauth_jwt_grant.decision import REMEDIES
from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in
from tests.factories import AUDIENCE, DROP, GRANT_TYPE, ISSUER, ec_key, mint, mint_raw, rsa_key
from tests.support import cases, post

URL = reverse("admin:oauth_jwt_grant_trustedissuer_test")
FORM = "test_assertion_form"


def text_of(response):
    """What a person reads on the page."""
    content = response.content.decode().partition('id="content-main"')[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


def try_assertion(page, assertion=None, **changes):
    assertion = mint(ec_key()) if assertion is None else assertion
    return page.post(URL, fill_in(page.get(URL), FORM, assertion=assertion, **changes))


def steps(response):
    return {row.label: row for row in response.context["report"]["steps"]}


def test_accepted_assertion_tells_rule_user_scopes_and_answer(page, rule):
    robot = make_user("robot")
    rule.subject_policy, rule.user, rule.access_token_lifetime = "service_user", robot, 600
    rule.save()
    response = try_assertion(page, scope="read")
    said = text_of(response)
    assert "Accepted: a client would get a token." in said
    assert f"User {robot}" in said
    assert "Rule deploy" in said
    assert "Scopes read" in said
    assert "Token lives 600 seconds" in said
    assert '"expires_in": 600' in said
    assert {row.level for row in steps(response).values()} == {"ok"}
    assert reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk]) in response.content.decode()


@pytest.mark.parametrize(
    ("ending", "accepted"),
    [("\n", True), ("\r\n", True), ("\n\n", False), (" ", False), ("\u00a0", False), ("\u200b", False)],
    ids=ascii,
)
def test_what_follows_an_assertion_means_the_same_at_each_way_in(page, rule, monkeypatch, ending, accepted):
    rule.client_policy, rule.subject_policy = "anonymous", "no_user"
    rule.default_scopes = "read"
    rule.save()
    text = mint(ec_key()) + ending
    answer = post([("grant_type", GRANT_TYPE), ("assertion", text)])
    by_page = "Accepted: a client would" in text_of(try_assertion(page, mint(ec_key()) + ending))
    monkeypatch.setattr("sys.stdin", io.StringIO(mint(ec_key()) + ending))
    try:
        by_command = call_command("explainassertion", stdout=io.StringIO()) is None
    except SystemExit:
        by_command = False
    assert (answer.status_code == 200, by_page, by_command) == (accepted,) * 3


def test_every_step_has_a_name(page, rule):
    assert len(steps(try_assertion(page))) == len(Step) - len(OPTIONAL_STEPS)
    jag = mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, client_id="unknown")
    TrustedIssuer.objects.update(profile="id-jag", audiences=[AUDIENCE])
    of_id_jags = {Step.TENANT, Step.DETAILS, Step.CLIENT}
    assert len(steps(try_assertion(page, jag))) == len(Step) - len(OPTIONAL_STEPS - of_id_jags)


def test_as_if_a_dpop_proof_had_come_along(page, rule, settings):
    assert "proof_key" not in page.get(URL).content.decode()
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    GrantRule.objects.update(require_dpop=True)
    assert "Proof required" in text_of(try_assertion(page))
    response = try_assertion(page, proof_key="the-thumbprint")
    assert '"token_type": "DPoP"' in text_of(response)
    assert steps(response)["DPoP proof"].actual == "the-thumbprint"
    # It stays for the next try.
    assert 'value="the-thumbprint"' in response.content.decode()


def test_refused_assertion_tells_the_step_what_was_wanted_and_what_was_found(page, rule):
    response = try_assertion(page, mint(ec_key(), aud="https://other.example"))
    found = steps(response)["Audience (aud)"]
    assert (found.level, found.actual) == ("off", "https://other.example")
    assert "https://as.example.com/o/token/" in found.expected
    assert steps(response)["Signature"].level == "ok"
    assert steps(response)["Rule"].status == "Passed"
    said = text_of(response)
    assert "Refused." in said
    assert "HTTP 400" in said
    assert "RFC 7523 section 3, item 3" in said


def test_all_that_is_wrong_is_shown_with_its_remedy(page, rule):
    rule.conditions.create(claim="ref", operator="equals", values=["main"])
    wrong = mint(ec_key(), aud="https://other.example", exp=1, ref="Main")
    response = try_assertion(page, wrong, scope="admin")
    said = text_of(response)
    reasons = (Reason.AUDIENCE, Reason.EXPIRED, Reason.NO_RULE, Reason.SCOPE)
    for reason in reasons:
        assert str(REMEDIES[reason].remedy) in said
    assert 'ref must equal "main"; the JWT has "Main" (they differ in case alone)' in said
    assert "As if it matched: rule" in said
    assert json.loads(response.context["report"]["answer"])["error"] == "invalid_grant"
    failed = [name for name, step in steps(response).items() if step.level == "off"]
    assert failed == ["Audience (aud)", "Expires (exp)", "Rule", "Scope"]


def test_times_are_told_in_words(page, rule):
    now = time.time()
    response = try_assertion(page, mint(ec_key(), exp=int(now) + 290, iat=int(now) - 45))
    assert "(in 4 minutes)" in steps(response)["Expires (exp)"].actual.replace("\xa0", " ")
    assert re.search(r"\(4[5-9] seconds ago\)", steps(response)["Issued (iat)"].actual)
    said = text_of(try_assertion(page, mint(ec_key(), exp=int(now) - 7200)))
    assert "Expired" in said
    assert "2 hours ago" in said.replace("\xa0", " ")


@cases("odd", [True, "1900000000", 1e300, -1e17, [1], None, {}, 253402300799])
@cases("claim", ["exp", "iat", "nbf"])
def test_odd_times_are_shown_as_they_are(page, rule, claim, odd):
    assert try_assertion(page, mint(ec_key(), **{claim: odd})).status_code == 200


def test_rules_that_were_passed_over_say_why(page, issuer, rule):
    rule.conditions.create(claim="ref", operator="equals", values=["main"])
    issuer.rules.create(
        name="next", position=9, client_policy="anonymous", subject_policy="no_user", scopes="read"
    )
    said = text_of(try_assertion(page))
    assert 'Passed over deploy: ref must equal "main"; the JWT does not have it' in said
    assert "Rule next" in said


def test_client_and_its_absence(page, rule, application):
    rule.client_policy = "listed"
    rule.save()
    assert "must have a client among the rule's applications; it has none" in text_of(try_assertion(page))
    other = text_of(try_assertion(page, client_id=application.client_id))
    assert f'must be among the rule\'s applications; it is "{application.client_id}"' in other
    rule.applications.add(application)
    response = try_assertion(page, client_id=application.client_id)
    assert "Application Robot" in text_of(response)
    assert f'value="{application.client_id}"' in response.content.decode()


def test_unknown_client_is_named_at_its_field(page, rule):
    assert "There is no application with this client_id." in text_of(try_assertion(page, client_id="nobody"))


def test_user_who_would_be_made_is_announced(page, rule):
    rule.subject_policy = "provision"
    rule.save()
    assert "User made with the first token" in text_of(try_assertion(page))


def test_resources_are_told(page, rule):
    rule.resources = ["https://api.example"]
    rule.save()
    assert "Resources https://api.example" in text_of(try_assertion(page, resources="https://api.example"))


def test_no_resource_is_said_in_words(page, rule):
    text = text_of(try_assertion(page))
    assert "none: a request that names one is refused" in text
    assert "none requested" in text
    assert "Resources none: the token is bound to no resource" in text


def test_assertion_that_was_used_is_told(page, rule):
    assertion = mint(ec_key())
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    assert post(list(grant.items())).status_code == 200
    assert steps(try_assertion(page, assertion))["Single use"].actual == "used before"


@pytest.mark.parametrize("spelling", [f"{ISSUER}/", ISSUER.upper(), ISSUER.replace("https", "http")])
def test_issuer_that_is_nearly_trusted_is_pointed_out(page, rule, spelling):
    said = text_of(try_assertion(page, mint(ec_key(), iss=spelling)))
    assert f"Trusted is {ISSUER}, which is nearly the same" in said


def test_keys_that_cannot_be_had_are_no_fault_of_the_assertion(page, rule):
    TrustedIssuer.objects.update(key_source="jwks_url", jwks_url="https://127.0.0.1:1/jwks")
    said = text_of(try_assertion(page))
    assert "Could not decide" in said
    assert "HTTP 503" in said


@cases(
    "assertion",
    [
        "nonsense",
        "a.b.c",
        mint_raw(ec_key(), b'{"alg":"ES256"}', b"[]"),
        mint(rsa_key()),
        mint(ec_key(), iss=DROP),
        "\u20ac.\u20ac.\u20ac",
        "x" * 20000,
    ],
)
def test_nothing_that_is_pasted_breaks_the_page(page, rule, assertion):
    response = try_assertion(page, assertion)
    assert response.status_code == 200
    assert "Refused." in text_of(response)


def test_nothing_is_issued_stored_spent_logged_or_shown_again(page, rule, caplog):
    caplog.set_level(logging.DEBUG)
    assertion = mint(ec_key())
    signature = assertion.rpartition(".")[2]
    for _time in range(2):
        response = try_assertion(page, assertion)
        assert "Accepted" in text_of(response)
        assert signature not in response.content.decode()
        assert "no-store" in response["Cache-Control"]
    assert not Decision.objects.exists()
    assert not get_access_token_model().objects.exists()
    assert not LogEntry.objects.exists()
    assert signature not in caplog.text
    assert all(signature not in str(session.get_decoded()) for session in Session.objects.all())
    assert response.wsgi_request.sensitive_post_parameters == ("assertion",)


def test_assertion_in_the_address_is_ignored(page, rule):
    response = page.get(URL, {"assertion": mint(ec_key())})
    assert "report" not in response.context


def test_page_takes_its_own_permission(page_of, issuer):
    assert page_of("view_trustedissuer", "change_trustedissuer").get(URL).status_code == 403
    tester = page_of("test_assertion", "view_trustedissuer")
    assert tester.get(URL).status_code == 200
    changelist = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
    assert URL in tester.get(changelist).content.decode()
    assert URL not in page_of("view_trustedissuer").get(changelist).content.decode()


def test_stranger_is_sent_to_the_login(client, db):
    assert client.post(URL, {"assertion": "x"}).status_code == 302


def test_audience_is_derived_from_the_token_endpoint_where_none_is_set(page, rule, settings):
    settings.OAUTH_JWT_GRANT = {}
    assert "Accepted" in text_of(try_assertion(page, mint(ec_key(), aud="http://testserver/o/token/")))


def test_site_without_a_token_endpoint_can_still_look(page, rule, settings):
    settings.ROOT_URLCONF = "tests.admin.urls"
    assert "Accepted" in text_of(try_assertion(page))


def test_refused_decision_links_here_with_what_it_keeps(page, issuer, rule, application):
    refused = Decision.objects.create(
        outcome="refused", issuer=issuer, iss=issuer.issuer, application=application, scope="read"
    )
    url = reverse("admin:oauth_jwt_grant_decision_change", args=[refused.pk])
    link = f"{URL}?decision={refused.pk}"
    assert link in page.get(url).content.decode()
    filled = fill_in(page.get(link), FORM)
    assert (filled["client_id"], filled["scope"]) == ([application.client_id], ["read"])
    Decision.objects.update(outcome="accepted", application=None)
    assert link not in page.get(url).content.decode()
    assert fill_in(page.get(link), FORM)["client_id"] == [""]


@pytest.mark.parametrize("pk", ["nonsense", "999999", "9" * 30])
def test_link_of_a_decision_that_is_gone_gives_an_empty_form(page, issuer, pk):
    assert fill_in(page.get(f"{URL}?decision={pk}"), FORM)["scope"] == [""]


def test_kept_values_are_for_those_who_may_see_decisions(page_of, issuer, application):
    refused = Decision.objects.create(outcome="refused", issuer=issuer, iss=issuer.issuer, scope="read")
    filled = fill_in(page_of("test_assertion").get(f"{URL}?decision={refused.pk}"), FORM)
    assert filled["scope"] == [""]


def test_at_another_door(page, rule, application):
    rule.accepted_as, rule.subject_policy, rule.client_policy = ["subject_token"], "no_user", "anonymous"
    rule.save()
    said = text_of(try_assertion(page))
    assert "it must be accepted as authorization_grant; it is accepted as subject_token" in said
    response = try_assertion(page, accepted_as="subject_token")
    assert "issued_token_type" in response.context["report"]["answer"]
    assert fill_in(response, FORM)["accepted_as"] == ["subject_token"]
