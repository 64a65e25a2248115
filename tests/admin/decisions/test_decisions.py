"""The log of decisions and the links of subjects in the admin."""

from __future__ import annotations

import hashlib
import html
import itertools
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.admin.shared import link_to
from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.decision import REMEDIES
from oauth_jwt_grant.models import Decision, LinkedSubject, TrustedIssuer
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in, said
from tests.support import case, case_undone, cases

LIST = reverse("admin:oauth_jwt_grant_decision_changelist")
TEST = reverse("admin:oauth_jwt_grant_trustedissuer_test")


def change_url(decision):
    return reverse("admin:oauth_jwt_grant_decision_change", args=[decision.pk])


@pytest.fixture
def accepted(issuer, rule):
    token = get_access_token_model().objects.create(
        token="the-token-itself", expires=timezone.now() + timedelta(hours=1), scope="read"
    )
    return Decision.objects.create(
        outcome="accepted",
        issuer=issuer,
        iss=issuer.issuer,
        rule=rule,
        subject="alice",
        kid="key-1",
        jti_digest=hashlib.sha256(b"jti-1").hexdigest(),
        access_token=token,
        replay_key="a" * 64,
        replay_until=timezone.now() + timedelta(minutes=5),
    )


@pytest.fixture
def refused(issuer):
    return Decision.objects.create(
        outcome="refused", reason="expired", issuer=issuer, iss=issuer.issuer, subject="bob"
    )


def listed(page, query):
    return set(page.get(f"{LIST}?{query}").context["cl"].queryset)


def test_decision_is_read_and_never_written(page, accepted):
    response = page.get(change_url(accepted))
    assert response.status_code == 200
    assert 'name="_save"' not in response.content.decode()
    assert page.post(change_url(accepted), {"outcome": "refused"}).status_code == 403
    assert page.get(reverse("admin:oauth_jwt_grant_decision_add")).status_code == 403


def test_decision_links_to_what_it_rests_on_and_never_shows_the_token(page, accepted):
    content = page.get(change_url(accepted)).content.decode()
    assert reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[accepted.issuer.pk]) in content
    assert reverse("admin:oauth_jwt_grant_grantrule_change", args=[accepted.rule.pk]) in content
    assert f"/{accepted.access_token.pk}/change/" in content
    assert "the-token-itself" not in content


def test_what_has_no_page_is_named_without_a_link():
    session = Session(session_key="a-key")
    assert link_to(admin.site, session) == str(session)


def test_guard_of_single_use_cannot_be_deleted_until_it_has_done_its_work(page, accepted, refused):
    delete = reverse("admin:oauth_jwt_grant_decision_delete", args=[accepted.pk])
    assert page.post(delete, {"post": "yes"}).status_code == 403
    both = {"action": "delete_selected", "_selected_action": [accepted.pk, refused.pk], "post": "yes"}
    page.post(LIST, both)
    assert Decision.objects.count() == 2
    Decision.objects.update(replay_until=timezone.now())
    accepted.access_token.revoke()
    page.post(LIST, both)
    assert not Decision.objects.exists()


def test_decision_cannot_be_deleted_while_its_token_is_good(page, accepted, refused):
    Decision.objects.update(replay_until=None)
    delete = reverse("admin:oauth_jwt_grant_decision_delete", args=[accepted.pk])
    both = {"action": "delete_selected", "_selected_action": [accepted.pk, refused.pk]}
    asked = page.post(LIST, both)
    assert "Its access token has not expired. Revoke the token first." in said(asked)
    assert 'name="post"' not in asked.content.decode()
    page.post(LIST, {**both, "post": "yes"})
    assert page.post(delete, {"post": "yes"}).status_code == 403
    assert "Its access token has not expired. Revoke the token first." in said(page.get(change_url(accepted)))
    assert Decision.objects.count() == 2
    accepted.access_token.revoke()
    assert "cannot be deleted" not in said(page.get(change_url(accepted)))
    page.post(LIST, {**both, "post": "yes"})
    assert not Decision.objects.exists()


def test_why_a_decision_cannot_be_deleted_is_for_those_who_may_delete_it(page_of, accepted):
    assert "cannot be deleted" not in said(page_of("view_decision").get(change_url(accepted)))
    assert "It keeps its assertion from being used again." in said(
        page_of("view_decision", "delete_decision").get(change_url(accepted))
    )


def test_decision_that_comes_in_after_the_question_stays(accepted, refused):
    """All that match are deleted by a query that is asked once more."""
    admin.site._registry[Decision].delete_queryset(None, Decision.objects.all())
    assert list(Decision.objects.all()) == [accepted]


def test_question_costs_no_query_for_each_decision(page, issuer, refused):
    everything = {"action": "delete_selected", "select_across": "1", "_selected_action": [refused.pk]}

    def cost(number):
        for _ in range(number):
            token = get_access_token_model().objects.create(
                token=uuid4().hex, expires=timezone.now() + timedelta(hours=1), scope="read"
            )
            Decision.objects.create(outcome="accepted", issuer=issuer, iss=issuer.issuer, access_token=token)
        with CaptureQueriesContext(connection) as queries:
            assert page.post(LIST, everything).status_code == 200
        return len(queries)

    cost(1)  # Django remembers some rows from then on.
    assert cost(1) == cost(5)


def test_deleting_takes_a_permission(page_of, refused):
    delete = reverse("admin:oauth_jwt_grant_decision_delete", args=[refused.pk])
    assert page_of("view_decision").post(delete, {"post": "yes"}).status_code == 403
    assert page_of("view_decision", "delete_decision").post(delete, {"post": "yes"}).status_code == 302


@cases(
    ("query", "found"),
    [
        ("outcome__exact=accepted", {"accepted"}),
        ("outcome__exact=refused", {"refused"}),
        ("reason=expired", {"refused"}),
        ("reason=replayed", set()),
        ("q=alice", {"accepted"}),
        ("q=+alice+", {"accepted"}),
        ("q=Alice", set()),
        ("q=alic", set()),
        ("q=alic*", {"accepted"}),
        ("q=Alic*", set()),
        ("q=lic*", set()),
        ("q=b*&issuer=999999", set()),
        ("q=*", {"accepted", "refused"}),
        ("q=%25*", set()),
        ("q=KEY-1", set()),
        ("q=key*", set()),
        ("q=key", set()),
        ("q=%25", set()),
        ("q=_", set()),
        (f"q={hashlib.sha256(b'jti-1').hexdigest().upper()}", {"accepted"}),
        ("kid=key-1", {"accepted"}),
        ("subject=bob", {"refused"}),
        ("q=key-1", {"accepted"}),
        ("q=jti-1", {"accepted"}),
        ("q=nobody", set()),
        ("q=+", {"accepted", "refused"}),
        ("issuer=nonsense", set()),
        ("issuer=999999", set()),
        ("application=nonsense", set()),
        ("application=999999", set()),
        ("when=24h", {"accepted", "refused"}),
        ("when=7d&reason=expired", {"refused"}),
        ("when=2020-02-29", set()),
        ("when=nonsense", set()),
        ("when=", {"accepted", "refused"}),
    ],
)
def test_decisions_are_found(page, accepted, refused, query, found):
    rows = {"accepted": accepted, "refused": refused}
    assert listed(page, query) == {rows[name] for name in found}


def test_what_is_subject_and_key_id_at_once_is_found_by_both(page, accepted, refused):
    Decision.objects.filter(pk=refused.pk).update(kid="alice")
    assert listed(page, "q=alice") == {accepted, refused}


def test_decisions_of_one_issuer_and_of_a_day(page, issuer, accepted, refused):
    assert listed(page, f"issuer={issuer.pk}") == {accepted, refused}
    Decision.objects.filter(pk=refused.pk).update(time=timezone.now() - timedelta(days=10))
    since = (timezone.now() - timedelta(days=1)).isoformat().replace("+", "%2B")
    assert listed(page, f"time__gte={since}") == {accepted}


def test_filter_offers_an_issuer_beyond_the_first_page_once_it_is_chosen(page, issuer, refused):
    TrustedIssuer.objects.bulk_create(
        TrustedIssuer(name=f"A {number}", issuer=f"https://{number}.example") for number in range(60)
    )
    page_of_one = page.get(f"{LIST}?issuer={issuer.pk}").content.decode()
    assert f">{issuer.name}<" in page_of_one.partition('id="changelist-filter"')[2]


def test_decisions_of_one_application(page, issuer, application, accepted, refused):
    Decision.objects.filter(pk=refused.pk).update(application=application)
    assert listed(page, f"application={application.pk}") == {refused}
    assert listed(page, f"application={application.pk}&outcome__exact=accepted") == set()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_operators(page, accepted, settings, zone):
    settings.TIME_ZONE = zone
    today = timezone.localdate()
    assert listed(page, f"when={today}") == {accepted}
    assert listed(page, f"when={today - timedelta(days=1)}") == set()
    choices = page.get(LIST).content.decode().partition('id="changelist-filter"')[2]
    assert f'href="?when={today}"' in choices
    Decision.objects.update(time=timezone.now() - timedelta(days=1))
    assert listed(page, f"when={today - timedelta(days=1)}") == {accepted}


def test_newest_comes_first(page, issuer, accepted, refused):
    Decision.objects.filter(pk=accepted.pk).update(time=timezone.now() + timedelta(seconds=1))
    assert list(page.get(LIST).context["cl"].result_list) == [accepted, refused]


ODD = ["x%00y", "%ED%A0%80", "-1", "9" * 30, "[", "2026-13-45", "a,b,,"]
PARAMETERS = [
    "when",
    "reason",
    "issuer",
    "application",
    "outcome__exact",
    "outcome__in",
    "time__gt",
    "rule",
    "user",
    "subject",
    "kid",
    "iss",
    "jti_digest",
    "q",
    "p",
    "o",
    "all",
    "e",
    "_facets",
    "_popup",
    "_to_field",
    "claims__a__regex",
    "subject__regex",
    "access_token__token",
    "user__password__startswith",
    "client_address",
    "nonsense",
]


@pytest.mark.filterwarnings("ignore:DateTimeField .* received a naive datetime")
def test_no_parameter_breaks_the_page(page, accepted, refused):
    led_to = set()
    for parameter, odd in itertools.product(PARAMETERS, ODD):
        with case_undone(parameter, odd):
            response = page.get(f"{LIST}?{parameter}={odd}")
            assert response.status_code in (200, 302, 400)
            led_to |= {response["Location"]} if response.status_code == 302 else set()
    for url in led_to:
        with case(url):
            assert page.get(url, follow=True).status_code == 200


@cases(
    "query",
    ["subject__regex=.", "access_token__token__startswith=t", "user__password__startswith=p", "foo=1"],
)
def test_what_the_log_may_not_be_asked_leads_back_to_all_of_it(page, accepted, refused, query):
    response = page.get(f"{LIST}?{query}", follow=True)
    assert response.redirect_chain == [(f"{LIST}?e=1", 302)]
    assert set(response.context["cl"].queryset) == {accepted, refused}


def test_every_reason_is_explained_to_operators(page, refused):
    assert set(REMEDIES) == set(Reason)
    for reason in Reason:
        Decision.objects.update(reason=reason, detail="exp and more")
        content = html.unescape(page.get(change_url(refused)).content.decode())
        remedy, answer = REMEDIES[reason], ANSWERS[reason]
        assert str(remedy.meaning) in content
        assert str(remedy.remedy) in content
        text = answer.text.format(name="exp")
        assert f'<code>{answer.status} {answer.error}</code> <span lang="en">{text}</span>' in content


@pytest.mark.parametrize("reason", ["", "of_an_older_version"])
def test_what_cannot_be_explained_is_shown_as_it_is(page, refused, reason):
    Decision.objects.update(reason=reason)
    content = page.get(change_url(refused)).content.decode()
    assert "What this means" not in content
    assert reason in content


def test_accepted_decision_has_nothing_to_explain(page, accepted):
    assert "What this means" not in page.get(change_url(accepted)).content.decode()


def see_also(page, decision):
    content = page.get(change_url(decision)).content.decode().partition('class="ojg-explained"')[2]
    return [html.unescape(url) for url in re.findall(r'<p><a href="([^"]*)"', content.partition("</div>")[0])]


def test_refused_decision_leads_to_its_like_and_to_its_accepted_twin(page, issuer, accepted, refused):
    like, subject = see_also(page, refused)
    assert set(page.get(like).context["cl"].queryset) == {refused}
    assert set(page.get(subject).context["cl"].queryset) == {refused}
    Decision.objects.filter(pk=refused.pk).update(
        reason="replayed", subject=accepted.subject, jti_digest=accepted.jti_digest
    )
    twin = see_also(page, refused)[-1]
    assert set(page.get(twin).context["cl"].queryset) == {accepted}


def test_decision_that_belongs_to_nothing_any_more_is_shown(page, refused):
    Decision.objects.update(subject="")
    assert len(see_also(page, refused)) == 1
    TrustedIssuer.objects.all().delete()
    assert see_also(page, refused) == []


def test_refused_decision_hands_on_what_it_keeps(page, page_of, application, refused, accepted):
    Decision.objects.filter(pk=refused.pk).update(application=application, scope="read write")
    link = f"{TEST}?decision={refused.pk}"
    assert link in page.get(change_url(refused)).content.decode()
    assert link not in page_of("view_decision").get(change_url(refused)).content.decode()
    assert "?decision=" not in page.get(change_url(accepted)).content.decode()
    initial = page.get(link).context["form"].initial
    assert initial == {
        "client_id": application.client_id,
        "scope": "read write",
        "accepted_as": "authorization_grant",
    }


def test_list_costs_the_same_for_many(page, issuer, rule, application, django_assert_max_num_queries):
    user = make_user("alice")
    for _number in range(50):
        Decision.objects.create(
            outcome="refused", issuer=issuer, iss=issuer.issuer, application=application, user=user, rule=rule
        )
    # Session, user, reasons, issuers, applications, count, page, chart; with ATOMIC_REQUESTS a savepoint too.
    with django_assert_max_num_queries(10 if connection.settings_dict["ATOMIC_REQUESTS"] else 8):
        page.get(LIST)


def test_subject_is_linked_to_a_user_and_found_again(page, issuer):
    user = make_user("alice")
    add = reverse("admin:oauth_jwt_grant_linkedsubject_add")
    data = fill_in(
        page.get(f"{add}?issuer={issuer.pk}&user={user.pk}"), "linkedsubject_form", subject="subject-1"
    )
    assert page.post(add, data).status_code == 302
    link = LinkedSubject.objects.get()
    assert (link.issuer, link.subject, link.user) == (issuer, "subject-1", user)
    changelist = reverse("admin:oauth_jwt_grant_linkedsubject_changelist")
    for term in ("subject-1", "subj*", user.get_username(), issuer.issuer):
        assert list(page.get(changelist, {"q": term}).context["cl"].queryset) == [link]
    assert page.post(add, data).status_code == 200  # the same subject twice


def test_only_reasons_that_occur_are_offered(page, refused):
    content = page.get(LIST).content.decode()
    assert "?reason=expired" in content
    assert "?reason=audience" not in content
    assert "?reason=audience" in page.get(f"{LIST}?reason=audience").content.decode()
