"""The list and the page of an issuer: health, counts, keys, advice and history."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from oauth_jwt_grant.admin import TrustedIssuerAdmin
from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.assertion.jose import import_jwk
from oauth_jwt_grant.database import readable
from oauth_jwt_grant.keys.notes import memory
from oauth_jwt_grant.models import Decision, GrantRule, IssuerKeys, TrustedIssuer
from oauth_jwt_grant.trust import key_source_of
from tests.admin.forms import fill_in
from tests.admin.many import fill
from tests.factories import ISSUER, ec_key, jwks, rsa_key
from tests.jwks_server import Answer, JwksServer, certificate_authority, json_answer

LIST = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
FORM = "trustedissuer_form"


def change_url(issuer):
    return reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])


def text_of(response):
    content = response.content.decode().partition('id="content-main"')[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


def cells(response):
    """The texts of the first row of the list by column."""
    row = (
        response.content.decode()
        .partition('id="result_list"')[2]
        .partition("<tbody>")[2]
        .partition("</tr>")[0]
    )
    found = re.findall(r'class="field-(\w+)[^"]*">(.*?)</t[dh]>', row, re.DOTALL)
    return {name: html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for name, cell in found}


@pytest.fixture
def server():
    with JwksServer() as server:
        server.answers["/jwks"] = json_answer(jwks(ec_key(), rsa_key()))
        yield server


@pytest.fixture
def remote(db, server):
    return TrustedIssuer.objects.create(
        name="Remote",
        issuer=ISSUER,
        key_source="jwks_url",
        jwks_url=server.url("/jwks"),
        ca_bundle=server.ca_pem,
        allow_private_network=True,
    )


def fetch(page, issuer):
    return page.post(
        reverse("admin:oauth_jwt_grant_trustedissuer_fetch", args=[issuer.pk]),
        fill_in(page.get(change_url(issuer)), "ojg-fetch-keys"),
        follow=True,
    )


def test_keys_are_fetched_by_a_button_and_shown(page, remote):
    assert "never fetched" in cells(page.get(LIST))["keys"]
    response = fetch(page, remote)
    assert "Fetched: 2 keys." in response.content.decode()
    said = text_of(response)
    assert f"{ec_key().kid} EC, P-256 - sig" in said
    assert f"{rsa_key().kid} RSA, 2048 bits - sig" in said
    assert "fresh, 2 keys" in cells(page.get(LIST))["keys"]


def test_failed_fetch_says_why_and_keeps_the_keys(page, remote, server):
    fetch(page, remote)
    server.answers["/jwks"] = Answer(status=500)
    response = fetch(page, remote)
    assert "Not fetched:" in response.content.decode()
    assert "500" in text_of(response)
    assert "EC, P-256" in text_of(response)
    assert "failing since" in cells(page.get(LIST))["keys"]


def test_a_failure_of_another_process_is_shown_though_nothing_was_ever_fetched(page, remote, server):
    """With a cache for each process, the database has it; and "never fetched" is said nowhere beside it."""
    server.answers["/jwks"] = Answer(status=500)
    with pytest.raises(KeysUnavailable):
        key_source_of(remote).refresh()
    cache.clear()
    memory.clear()
    assert "failing since" in cells(page.get(LIST))["keys"]
    shown = text_of(page.get(change_url(remote)))
    assert "failing since" in shown
    assert "the answer has the HTTP status 500" in shown
    assert "never fetched" not in shown


def test_after_a_flush_of_the_cache_the_list_shows_the_kept_keys(page, remote):
    fetch(page, remote)
    cache.clear()
    assert "fresh, 2 keys" in cells(page.get(LIST))["keys"]


def test_stale_keys_are_said_to_be_stale(page, remote):
    key_source_of(remote).refresh()
    cache.clear()
    IssuerKeys.objects.update(expires_at=1_700_000_000)
    assert "stale since" in cells(page.get(LIST))["keys"]


def test_key_that_is_left_out_says_why(page, issuer):
    TrustedIssuer.objects.update(jwks={"keys": [{"kid": "old", "kty": "oct", "k": ""}]})
    assert "old" in text_of(page.get(change_url(issuer)))
    assert "no usable key" in cells(page.get(LIST))["keys"]


def test_stored_keys_that_are_no_key_set_do_not_break_the_page(page, issuer):
    TrustedIssuer.objects.update(jwks={"keys": 1})
    assert "stored keys" in text_of(page.get(change_url(issuer)))
    assert "no usable key" in cells(page.get(LIST))["keys"]


def test_trust_anchors_are_shown_with_their_end(page, issuer):
    pem = certificate_authority().cert_pem.bytes().decode()
    TrustedIssuer.objects.update(
        key_source="certificates", trust_anchors=pem, certificate_bindings=["dns=acme.example"]
    )
    assert "trustme" in text_of(page.get(change_url(issuer)))
    assert "trust anchor until" in cells(page.get(LIST))["keys"]
    TrustedIssuer.objects.update(trust_anchors="-")
    assert "no valid trust anchor" in cells(page.get(LIST))["keys"]


def test_key_says_when_it_was_used(page, issuer):
    used = Decision.objects.create(outcome="accepted", issuer=issuer, iss=ISSUER, kid=ec_key().kid)
    row = (
        page.get(change_url(issuer))
        .content.decode()
        .partition('class="ojg-keys"')[2]
        .partition("</table>")[0]
    )
    assert readable(used.time) in row


def test_key_that_was_not_used_says_so_in_words(page, issuer):
    assert "not in the last 7 days" in text_of(page.get(change_url(issuer)))


def test_key_without_an_id_is_known_by_its_thumbprint(page, issuer):
    TrustedIssuer.objects.update(jwks=jwks_without_ids())
    assert "not in the last 7 days" in text_of(page.get(change_url(issuer)))
    thumbprint = import_jwk(jwks_without_ids()["keys"][0]).thumbprint
    Decision.objects.create(outcome="accepted", issuer=issuer, iss=ISSUER, kid=thumbprint)
    assert "not in the last 7 days" not in text_of(page.get(change_url(issuer)))


def jwks_without_ids():
    return {"keys": [{name: value for name, value in jwks(ec_key())["keys"][0].items() if name != "kid"}]}


def test_only_remote_keys_have_a_button_and_only_for_those_who_may(page, page_of, issuer):
    assert "Fetch now" not in text_of(page.get(change_url(issuer)))
    TrustedIssuer.objects.update(key_source="discovery")
    assert "Fetch now" in text_of(page.get(change_url(issuer)))
    viewer = page_of("view_trustedissuer")
    assert "Fetch now" not in text_of(viewer.get(change_url(issuer)))
    url = reverse("admin:oauth_jwt_grant_trustedissuer_fetch", args=[issuer.pk])
    assert viewer.post(url).status_code == 403
    assert page.get(url).status_code == 405
    gone = reverse("admin:oauth_jwt_grant_trustedissuer_fetch", args=[issuer.pk + 999])
    assert page.post(gone).status_code == 404


def test_list_counts_the_last_day_and_links_to_what_it_counted(page, issuer):
    now = timezone.now()
    for outcome, age in (
        ("accepted", 1),
        ("accepted", 2),
        ("accepted", 30),
        ("refused", 1),
        ("undecided", 1),
        ("refused", 30),
    ):
        Decision.objects.create(outcome=outcome, issuer=issuer, iss=ISSUER, time=now - timedelta(hours=age))
    response = page.get(LIST)
    found = cells(response)
    assert (found["accepted"], found["refused"]) == ("2", "2")
    assert found["last_use"] != "never"
    links = re.findall(r'href="([^"]*outcome__in[^"]*)"', response.content.decode())
    counted = [page.get(html.unescape(link)).context["cl"].result_count for link in links]
    assert counted == [2, 2]


def test_issuer_without_any_use_says_never(page, issuer):
    found = cells(page.get(LIST))
    assert (found["accepted"], found["refused"], found["last_use"]) == ("0", "0", "never")


def test_list_of_a_thousand_costs_one_query_for_each_column_and_none_for_a_row(page):
    TrustedIssuer.objects.bulk_create(
        TrustedIssuer(
            name=f"{number:04}",
            issuer=f"https://{number}.example",
            key_source="jwks_url",
            jwks_url="https://x.example",
        )
        for number in range(1000)
    )
    issuers = TrustedIssuer.objects.all()
    IssuerKeys.objects.bulk_create(
        IssuerKeys(issuer=issuer, document=jwks(ec_key()), fetched_at=1, expires_at=2) for issuer in issuers
    )
    GrantRule.objects.bulk_create(GrantRule(issuer=issuer, name="all", scopes="read") for issuer in issuers)
    Decision.objects.bulk_create(
        Decision(outcome="accepted", issuer=issuer, iss=issuer.issuer) for issuer in issuers
    )
    # Session, user, whether they are few, two counts, the page, counts, last use, rules, conditions, links;
    # with ATOMIC_REQUESTS a savepoint and its release.
    most = 13 if connection.settings_dict["ATOMIC_REQUESTS"] else 11
    for query in ("", "?p=10", "?q=example", "?enabled__exact=1"):
        with CaptureQueriesContext(connection) as queries:
            response = page.get(LIST + query)
        assert response.context["cl"].result_count == 1000
        assert len(response.context["cl"].result_list) == 50
        assert len(queries) <= most, query


def test_page_of_an_issuer_costs_the_same_with_many_decisions(page, issuer, rule):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert page.get(change_url(issuer)).status_code == 200
        return [query["sql"] for query in queries]

    page.get(change_url(issuer))
    before = cost()
    fill(10_000, issuer=issuer, rule=rule, kid=ec_key().kid)
    after = cost()
    assert len(after) == len(before)
    assert len([sql for sql in after if Decision._meta.db_table in sql]) == 1


def test_cache_that_is_down_does_not_break_the_list(page, remote, settings):
    settings.CACHES = {"default": {"BACKEND": "tests.admin.broken_cache.BrokenCache"}}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    assert "never fetched" in cells(page.get(LIST))["keys"]


@pytest.mark.parametrize("spelling", [f"{ISSUER}/", ISSUER.upper()])
def test_neighbour_that_is_nearly_the_same_is_pointed_out(page, issuer, rule, spelling):
    TrustedIssuer.objects.create(name="Neighbour", issuer=spelling, key_source="discovery")
    assert "Neighbour is trusted as" in text_of(page.get(change_url(issuer)))


def test_what_may_have_been_overlooked_is_said(page, issuer, rule, settings):
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ALGORITHMS": ["RS256"]}
    TrustedIssuer.objects.update(
        key_source="discovery",
        algorithms=["ES256"],
        valid_until=timezone.now() + timedelta(days=3),
        issued_after=timezone.now() + timedelta(days=1),
    )
    rule.resources, rule.client_policy = ["https://as.example.com"], "listed"
    rule.require_dpop = True
    rule.save()
    said = text_of(page.get(change_url(issuer)))
    assert "deploy has no condition" in said
    assert "deploy lists no application" in said
    assert "deploy requires bound tokens, which the setting DPOP does not allow" in said
    assert "no algorithm" in said
    assert "https://as.example.com is an audience of this server and a resource" in said
    assert "The trust ends: " in said
    assert "so all are refused until then" in said
    rule.delete()
    assert "No rule is enabled" in text_of(page.get(change_url(issuer)))


@pytest.mark.parametrize("bound", [False, True])
def test_nothing_to_say_is_not_said(page, issuer, rule, settings, bound):
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "DPOP": bound}
    rule.conditions.create(claim="ref", operator="equals", values=["main"])
    rule.require_dpop = bound
    rule.save()
    assert "Please note" not in text_of(page.get(change_url(issuer)))


def test_history_says_from_what_to_what(page, issuer, rule, application):
    data = fill_in(page.get(change_url(issuer)), FORM, algorithms=["ES256"], jwks=rsa_key().pem())
    page.post(change_url(issuer), data)
    history = page.get(reverse("admin:oauth_jwt_grant_trustedissuer_history", args=[issuer.pk]))
    assert 'Algorithms (- \u2192 ["ES256"])' in text_of(history)
    assert f'Keys (["{ec_key().kid}"] \u2192 ["RSA"])' in text_of(history)
    url = reverse("admin:oauth_jwt_grant_grantrule_change", args=[rule.pk])
    data = fill_in(
        page.get(url),
        "grantrule_form",
        applications=[application.pk],
        default_application=application.pk,
        **{"conditions-0-claim": "ref", "conditions-0-values": "main"},
    )
    assert page.post(url, data).status_code == 302
    said = text_of(page.get(reverse("admin:oauth_jwt_grant_grantrule_history", args=[rule.pk])))
    assert f"Applications (- \u2192 [{application.pk}])" in said
    assert "ref is 'main'" in said


def test_state_of_an_issuer_that_nobody_has_examined_is_not_made_up() -> None:
    """A site's own class may show the field on a page whose fieldsets are not ours."""
    assert TrustedIssuerAdmin(TrustedIssuer, site).state(TrustedIssuer()) == "-"
