"""The log of decisions and the links of subjects in the admin."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.admin.links import link_to
from oauth_jwt_grant.models import Decision, LinkedSubject, TrustedIssuer
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in

LIST = reverse("admin:oauth_jwt_grant_decision_changelist")


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
    page.post(LIST, both)
    assert not Decision.objects.exists()


def test_deleting_takes_a_permission(page_of, refused):
    delete = reverse("admin:oauth_jwt_grant_decision_delete", args=[refused.pk])
    assert page_of("view_decision").post(delete, {"post": "yes"}).status_code == 403
    assert page_of("view_decision", "delete_decision").post(delete, {"post": "yes"}).status_code == 302


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome__exact=accepted", {"accepted"}),
        ("outcome__exact=refused", {"refused"}),
        ("reason=expired", {"refused"}),
        ("reason=replayed", set()),
        ("q=alic", {"accepted"}),
        ("q=key-1", {"accepted"}),
        ("q=jti-1", {"accepted"}),
        ("q=nobody", set()),
        ("q=+", {"accepted", "refused"}),
        ("issuer=nonsense", set()),
        ("issuer=999999", set()),
    ],
)
def test_decisions_are_found(page, accepted, refused, query, found):
    rows = {"accepted": accepted, "refused": refused}
    assert listed(page, query) == {rows[name] for name in found}


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


def test_list_costs_the_same_for_many(page, issuer, rule, application, django_assert_max_num_queries):
    user = make_user("alice")
    for _number in range(50):
        Decision.objects.create(
            outcome="refused", issuer=issuer, iss=issuer.issuer, application=application, user=user, rule=rule
        )
    with django_assert_max_num_queries(7):
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
    for term in ("subject-1", "alice", issuer.issuer):
        assert list(page.get(changelist, {"q": term}).context["cl"].queryset) == [link]
    assert page.post(add, data).status_code == 200  # the same subject twice
