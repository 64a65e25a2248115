"""Service accounts in the list of issuers: told from the others, counted, disabled, revoked, deleted."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.admin.shared import link_to
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account, find_service_account, is_service_account
from tests.admin.accounts.support import IDENTIFIER, ask, url_of
from tests.admin.forms import said
from tests.factories import jwks, rsa_key
from tests.support import assert_granted, assert_refused

LIST = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
USER = get_user_model()._meta.model_name
DELETE = ("view_trustedissuer", "delete_trustedissuer", "delete_grantrule", "delete_linkedsubject")


@pytest.fixture
def key_file(db):
    return create_service_account("bot", scopes="read").key_file


@pytest.fixture
def account(key_file):
    return find_service_account("bot")


def listed(page, query=""):
    return [issuer.name for issuer in page.get(LIST + query).context["cl"].result_list]


def act(page, action, *issuers, **more):
    data = {"action": action, "_selected_action": [issuer.pk for issuer in issuers], **more}
    return page.post(LIST, data, follow=True)


def test_list_marks_service_accounts_and_can_be_filtered_by_them(page, account, issuer):
    names = re.findall(r'class="field-marked_name">(.*?)</th>', page.get(LIST).content.decode())
    told = {re.sub(r"<[^>]*>", "", name) for name in names}
    assert told == {f"bot service account {account.issuer}", f"{issuer.name} {issuer.issuer}"}
    assert listed(page, "?kind=account") == ["bot"]
    assert listed(page, "?kind=other") == [issuer.name]
    assert sorted(listed(page)) == sorted(["bot", issuer.name])


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ({}, True),
        ({"issuer": "b@service-accounts.example"}, True),
        ({"issuer": "BOT@service-accounts.as.example.com"}, False),
        ({"issuer": "bot@SERVICE-ACCOUNTS.as.example.com"}, False),
        ({"issuer": "bot@service-accounts-as.example.com"}, False),
        ({"issuer": "robot.bot@service-accounts.as.example.com"}, False),
        ({"key_source": "discovery", "discovery_url": "https://as.example.com/x"}, False),
    ],
)
def test_database_and_python_tell_the_same_issuers(page, account, changes, is_one):
    TrustedIssuer.objects.update(**changes)
    assert is_service_account(TrustedIssuer.objects.get()) is is_one
    assert listed(page, "?kind=account") == ["bot"] * is_one
    assert listed(page, "?kind=other") == ["bot"] * (not is_one)


def test_list_of_a_thousand_accounts_costs_no_query_for_a_row(page):
    TrustedIssuer.objects.bulk_create(
        TrustedIssuer(
            name=f"{number:04}",
            issuer=f"bot{number}@service-accounts.as.example.com",
            key_source="inline",
            jwks=jwks(rsa_key()),
        )
        for number in range(1000)
    )
    issuers = TrustedIssuer.objects.all()
    GrantRule.objects.bulk_create(GrantRule(issuer=issuer, name="all", scopes="read") for issuer in issuers)
    Decision.objects.bulk_create(
        Decision(outcome="accepted", issuer=issuer, iss=issuer.issuer) for issuer in issuers
    )
    # Session, user, whether they are few, two counts, the page, counts, last use, rules, conditions, links;
    # with ATOMIC_REQUESTS a savepoint and its release.
    most = 13 if connection.settings_dict["ATOMIC_REQUESTS"] else 11
    for query in ("", "?p=10", "?q=service-accounts", "?kind=account"):
        with CaptureQueriesContext(connection) as queries:
            response = page.get(LIST + query)
        assert response.context["cl"].result_count == 1000
        assert response.content.decode().count("ojg-mark") == 50
        assert len(queries) <= most, query


def test_page_of_one_among_a_thousand_costs_the_same(page, account):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert page.get(url_of("change", account)).status_code == 200
        return len(queries)

    page.get(url_of("change", account))
    alone = cost()
    TrustedIssuer.objects.bulk_create(
        TrustedIssuer(issuer=f"bot{number}@service-accounts.x", key_source="inline") for number in range(1000)
    )
    assert cost() == alone


def test_account_is_disabled_and_its_tokens_are_revoked_as_any_issuer_s(page, account, key_file):
    assert_granted(ask(key_file))
    act(page, "disable_and_revoke", account, confirmed="yes")
    assert_refused(ask(key_file))
    assert not get_access_token_model().objects.exists()


def test_deleting_an_account_says_that_its_user_stays(page, account):
    user = account.linked_subjects.get().user
    url = url_of("delete", account)
    assert f"The user {IDENTIFIER} stays" in said(page.get(url))
    done = page.post(url, {"post": "yes"}, follow=True)
    # As a link, where the site has a page for users.
    assert f"The user {link_to(admin.site, user)} stays" in done.content.decode()
    assert not TrustedIssuer.objects.exists()
    assert get_user_model().objects.filter(pk=user.pk).exists()


def test_user_is_named_to_those_who_may_see_users(page_of, account):
    TrustedIssuer.objects.update(name="x")
    link = LinkedSubject.objects.get()
    link.user.email = "ann@example.com"
    setattr(link.user, get_user_model().USERNAME_FIELD, "ann@example.com")
    link.user.save()
    url = url_of("delete", account)
    assert "The user ann@example.com stays" in said(page_of(*DELETE, f"view_{USER}").get(url))
    blind = page_of(*DELETE)
    assert "The user of the service account stays" in said(blind.get(url))
    assert "ann@example.com" not in said(blind.get(url))


def test_deleting_many_says_how_many_users_stay(page, account, issuer):
    other = create_service_account("other", scopes="read").issuer
    done = act(page, "delete_selected", account, other, issuer, post="yes")
    assert "The users of the 2 service accounts stay" in done.content.decode()
    assert not TrustedIssuer.objects.exists()
    assert get_user_model().objects.count() == 3


def test_deleting_others_says_nothing_of_users(page, issuer, alice):
    LinkedSubject.objects.create(issuer=issuer, subject=issuer.issuer, user=alice)
    url = url_of("delete", issuer)
    assert "stays" not in said(page.get(url))
    assert "stays" not in said(page.post(url, {"post": "yes"}, follow=True))
    gone = page.get(url, follow=True)
    assert "doesn’t exist" in html.unescape(gone.content.decode())  # noqa: RUF001 - Django's own words


def test_page_of_an_account_shows_the_program_that_reads_the_key_file(page, account):
    content = said(page.get(url_of("change", account)))
    assert "from_service_account_file( 'bot.json', scopes=['read'] )" in content
    assert "curl" not in content


def test_account_that_ended_is_no_less_one(page, account):
    TrustedIssuer.objects.update(valid_until=timezone.now() - timedelta(days=1))
    assert listed(page, "?kind=account") == ["bot"]
