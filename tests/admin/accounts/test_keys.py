"""The keys of a service account on its page: seen, added, withdrawn."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.database import readable
from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account, find_service_account, key_uses
from tests.admin.accounts.support import IDENTIFIER, add_key, ask, key_file_in, url_of, withdraw
from tests.admin.forms import fill_in, said
from tests.admin.many import fill
from tests.factories import ec_key, jwks, rsa_key
from tests.support import assert_granted, assert_refused

CHANGE = ("view_trustedissuer", "change_trustedissuer")


@pytest.fixture
def first(db):
    """The first key file of the account ``bot``."""
    return create_service_account("bot", scopes="read").key_file


@pytest.fixture
def account(first):
    return find_service_account("bot")


@pytest.fixture
def second(page, account):
    """The key file of a further key, from its page."""
    return key_file_in(add_key(page, account))


def kids():
    return [use.kid for use in key_uses("bot")]


def panel(response):
    """The rows of the panel: what each cell says, and where each leads."""
    content = response.content.decode().partition('class="ojg-keys"')[2].partition("</table>")[0]
    rows = content.partition("<tbody>")[2].split("<tr>")[1:]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]


def message():
    """The latest line of the history."""
    return LogEntry.objects.order_by("-pk").first().change_message


def test_page_shows_when_each_key_was_made_and_used(page, account, first, second):
    long_ago = timezone.now() - timedelta(days=80)
    Decision.objects.create(
        outcome="accepted", issuer=account, iss=IDENTIFIER, kid=first["private_key_id"], time=long_ago
    )
    Decision.objects.create(outcome="refused", issuer=account, iss=IDENTIFIER, kid=second["private_key_id"])
    made = [readable(use.made) for use in key_uses("bot")]
    assert panel(page.get(url_of("change", account))) == [
        [first["private_key_id"], made[0], readable(long_ago), "Withdraw"],
        [second["private_key_id"], made[1], "never used", "Withdraw"],
    ]
    assert abs(key_uses("bot")[0].made.timestamp() - timezone.now().timestamp()) < 60


@pytest.mark.parametrize("made", [None, "yesterday", 10**30, -(10**30)])
def test_key_that_was_pasted_says_what_is_known_of_it(page, account, first, made):
    pasted = {**jwks(rsa_key())["keys"][0], "iat": made}
    nameless = {name: value for name, value in jwks(ec_key())["keys"][0].items() if name != "kid"}
    # Past save(), which refuses a member that is null.
    TrustedIssuer.objects.filter(pk=account.pk).update(jwks={"keys": [pasted, nameless]})
    assert panel(page.get(url_of("change", account))) == [
        [rsa_key().kid, "-", "not in the last 90 days", "Withdraw"],
        ["-", "-", "-", ""],
    ]
    assert page.get(url_of("withdraw_key", account, kid="")).status_code == 404
    withdraw(page, account, rsa_key().kid)
    assert kids() == [""]


@pytest.mark.parametrize("keys", [{}, {"keys": 1}, {"keys": [1]}, []])
def test_stored_keys_that_are_no_key_set_break_no_page_and_a_new_key_mends_them(page, account, keys):
    TrustedIssuer.objects.update(jwks=keys)
    assert page.get(url_of("change", account)).status_code == 200
    assert page.get(url_of("withdraw_key", account, kid="x")).status_code == 404
    assert_granted(ask(key_file_in(add_key(page, account))))


def test_further_key_is_shown_once_and_the_old_one_stays_good(page, account, first, second):
    assert kids() == [first["private_key_id"], second["private_key_id"]]
    assert second["token_uri"] == first["token_uri"]
    for key_file in (first, second):
        assert_granted(ask(key_file))
    assert message() == f"Added the key {second['private_key_id']}."
    assert "PRIVATE KEY" not in page.get(url_of("change", account)).content.decode()


def test_page_of_a_further_key_says_what_to_do_with_the_old_one(page, account, first):
    response = add_key(page, account)
    assert "no-store" in response["Cache-Control"]
    assert "has a further key" in said(response)
    assert "withdraw it" in said(response)


def test_looking_adds_no_key(page, account):
    response = page.get(url_of("add_key", account), {"seen": "x"})
    assert "The keys that are there stay good" in said(response)
    assert panel(response) == [[kids()[0], readable(key_uses("bot")[0].made), "never used"]]
    assert len(kids()) == 1


def test_same_wish_twice_is_one_key(page, account):
    url = url_of("add_key", account)
    form = fill_in(page.get(url), "add_key_form")
    assert key_file_in(page.post(url, form))
    again = page.post(url, form)
    assert "have been changed meanwhile" in said(again)
    assert key_file_in(again) is None
    assert len(kids()) == 2
    # The page knows the keys by now, so everybody who still wants one gets it.
    assert key_file_in(page.post(url, fill_in(again, "add_key_form")))
    assert page.post(url).status_code == 200
    assert len(kids()) == 3


def test_keys_beyond_those_that_are_read_are_not_made(page, account, settings):
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "MAX_KEYS": 2}
    assert key_file_in(add_key(page, account))
    assert "It has 2 keys already" in said(add_key(page, account))
    assert len(kids()) == 2


def test_row_that_cannot_be_saved_says_so(page, account):
    TrustedIssuer.objects.update(algorithms=["none"])
    assert "cannot be accepted" in said(add_key(page, account))
    assert len(kids()) == 1


@pytest.mark.parametrize(
    ("audiences", "token_uri"),
    [
        ([], "https://as.example.com/o/token/"),
        (["urn:as", "https://oauth2.googleapis.com/token"], "https://as.example.com/o/token/"),
        (["urn:as", "https://login.example/token"], "https://login.example/token"),
    ],
)
def test_token_endpoint_of_an_account_whose_audiences_were_changed(page, account, audiences, token_uri):
    account.audiences = audiences
    account.save()
    assert key_file_in(add_key(page, account))["token_uri"] == token_uri


def test_token_endpoint_that_nobody_tells_is_asked_for(page, account, settings):
    account.audiences = []
    account.save()
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": []}
    assert "do not contain the URL of the token endpoint" in said(add_key(page, account))
    assert page.get(url_of("change", account)).status_code == 200


def test_withdrawn_key_is_refused_at_once_and_the_other_is_good(page, account, first, second):
    assert_granted(ask(first))
    kid = first["private_key_id"]
    asked = page.get(url_of("withdraw_key", account, kid=kid))
    assert "1; not yet expired: 1" in said(asked)
    assert "Make sure that every program has its new key file" in said(asked)
    assert len(kids()) == 2
    response = withdraw(page, account, kid, follow=True)
    assert response.redirect_chain == [("../change/", 302)]
    assert f"The key {kid} is withdrawn." in response.content.decode()
    assert_refused(ask(first))
    assert_granted(ask(second))
    assert message() == f"Withdrew the key {kid}."
    assert get_access_token_model().objects.count() == 2


def test_key_that_was_never_used_is_withdrawn_without_a_warning(page, account, second):
    asked = page.get(url_of("withdraw_key", account, kid=second["private_key_id"]))
    assert "Make sure that every program" not in said(asked)


def test_key_is_withdrawn_and_its_tokens_are_revoked(page, account, first, second):
    assert_granted(ask(first))
    assert_granted(ask(second))
    kid = first["private_key_id"]
    response = withdraw(page, account, kid, "withdraw-and-revoke", follow=True)
    assert "Tokens revoked: 1." in response.content.decode()
    left = get_access_token_model().objects.get()
    assert Decision.objects.get(access_token=left).kid == second["private_key_id"]
    entries = list(LogEntry.objects.order_by("-pk").values_list("change_message", flat=True)[:2])
    assert entries == [f"Revoked tokens (key ID {kid}): 1.", f"Withdrew the key {kid}."]


def test_last_key_is_not_withdrawn_and_the_account_can_be_disabled_instead(page, account, first):
    kid = first["private_key_id"]
    asked = page.get(url_of("withdraw_key", account, kid=kid))
    assert "The last key cannot be withdrawn" in said(asked)
    assert re.findall(r'name="do" value="([\w-]+)"', asked.content.decode()) == ["disable"]
    for do in ("withdraw", "withdraw-and-revoke"):
        refused = withdraw(page, account, kid, do, follow=True)
        assert "Not withdrawn: it is the last key" in refused.content.decode()
    assert_granted(ask(first))
    done = withdraw(page, account, kid, "disable", follow=True)
    assert "The service account is disabled now." in done.content.decode()
    assert message() == "Disabled."
    assert_refused(ask(first))
    assert kids() == [kid]


@pytest.mark.parametrize("do", ["", "delete"])
def test_button_that_is_not_on_the_page_does_nothing(page, account, second, do):
    assert withdraw(page, account, second["private_key_id"], do).status_code == 200
    assert len(kids()) == 2


def test_key_that_is_gone_meanwhile_is_said_to_be(page, account, second):
    url = url_of("withdraw_key", account, kid=second["private_key_id"])
    form = {**fill_in(page.get(url), "withdraw_key_form"), "do": "withdraw"}
    page.post(url, form)
    assert "has no key" in html.unescape(page.post(url, form, follow=True).content.decode())
    assert page.get(url).status_code == 404


def test_pages_are_for_accounts_alone(page, issuer):
    for view in ("add_key", "withdraw_key"):
        for method in (page.get, page.post):
            assert method(url_of(view, issuer)).status_code == 404
    assert "Add key" not in said(page.get(url_of("change", issuer)))
    TrustedIssuer.objects.update(issuer="bot@service-accounts.example", key_source="discovery")
    assert page.get(url_of("add_key", issuer)).status_code == 404


def test_adding_and_withdrawing_take_the_permission_to_change(page_of, account, second):
    kid = second["private_key_id"]
    viewer = page_of("view_trustedissuer", "add_trustedissuer", "delete_trustedissuer", "revoke_tokens")
    content = viewer.get(url_of("change", account)).content.decode()
    assert kid in content
    for acting in ("add-key", "withdraw-key", "Withdraw"):
        assert acting not in content
    for url in (url_of("add_key", account), url_of("withdraw_key", account, kid=kid)):
        assert viewer.get(url).status_code == 403
        assert viewer.post(url, {"do": "withdraw", "kid": kid}).status_code == 403
    changer = page_of(*CHANGE)
    assert key_file_in(add_key(changer, account))
    withdraw(changer, account, kid)
    assert kid not in kids()


def test_revoking_takes_a_permission_of_its_own(page_of, account, first, second):
    assert_granted(ask(first))
    kid = first["private_key_id"]
    changer = page_of(*CHANGE)
    asked = changer.get(url_of("withdraw_key", account, kid=kid))
    assert "withdraw-and-revoke" not in asked.content.decode()
    assert withdraw(changer, account, kid, "withdraw-and-revoke").status_code == 403
    assert len(kids()) == 2
    withdraw(page_of(*CHANGE, "revoke_tokens"), account, kid, "withdraw-and-revoke")
    assert not get_access_token_model().objects.exists()


def test_posts_without_the_token_of_the_form_are_refused(operator, account, second):
    page = Client(enforce_csrf_checks=True)
    page.force_login(operator)
    for view in ("add_key", "withdraw_key"):
        data = {"do": "withdraw", "kid": second["private_key_id"]}
        assert page.post(url_of(view, account), data).status_code == 403
    assert len(kids()) == 2


def test_page_costs_the_same_with_many_decisions(page, account, first, second):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert page.get(url_of("change", account)).status_code == 200
        return [query["sql"] for query in queries]

    page.get(url_of("change", account))
    before = cost()
    fill(10_000, issuer=account, rule=account.rules.get(), kid=first["private_key_id"])
    after = cost()
    assert len(after) == len(before)
    assert len([sql for sql in after if Decision._meta.db_table in sql]) == 1
