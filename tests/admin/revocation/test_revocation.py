"""Disabling issuers, revoking their tokens, and the history that says who did it."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import StringIO
from threading import Event
from time import sleep

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from oauth_jwt_grant.admin.issuers.admin import TrustedIssuerAdmin
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.trust import withdrawal
from tests.admin.forms import fill_in, said
from tests.support import beside

LIST = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
#: What goes with an issuer, or loses it.
DELETED = ("trustedissuer", "grantrule", "claimcondition", "linkedsubject", "issuerkeys")


def page_url(issuer):
    return reverse("admin:oauth_jwt_grant_trustedissuer_revoke", args=[issuer.pk])


def token_of(issuer, *, number, kid="key-1", subject="alice", hours=1):
    token = get_access_token_model().objects.create(
        token=f"token-{number}", expires=timezone.now() + timedelta(hours=hours), scope="read"
    )
    Decision.objects.create(
        outcome="accepted", issuer=issuer, iss=issuer.issuer, access_token=token, kid=kid, subject=subject
    )
    return token


@pytest.fixture
def other(db):
    return TrustedIssuer.objects.create(name="Other", issuer="https://other.example", key_source="discovery")


def tokens():
    return set(get_access_token_model().objects.values_list("token", flat=True))


def act(page, action, *issuers, url=LIST, **more):
    return page.post(url, {"action": action, "_selected_action": [i.pk for i in issuers], **more})


def test_issuers_are_disabled_at_once_and_the_history_says_who_did_it(page, operator, issuer, other):
    assert act(page, "disable", issuer, other).status_code == 302
    assert not TrustedIssuer.objects.filter(enabled=True).exists()
    entries = LogEntry.objects.values_list("user", "object_id", "change_message")
    assert set(entries) == {
        (operator.pk, str(issuer.pk), "Disabled."),
        (operator.pk, str(other.pk), "Disabled."),
    }


def test_disable_and_revoke_shows_what_it_will_do_and_then_does_it(page, issuer, other):
    for number in range(3):
        token_of(issuer, number=number, hours=1 if number else -1)
    token_of(other, number=9)
    confirmation = act(page, "disable_and_revoke", issuer)
    assert confirmation.status_code == 200
    assert (confirmation.context["tokens"], confirmation.context["valid"]) == (3, 2)
    assert TrustedIssuer.objects.filter(enabled=True).count() == 2
    assert len(tokens()) == 4
    done = page.post(LIST, fill_in(confirmation, "disable_and_revoke_form"), follow=True)
    assert "Disabled. Tokens revoked: 3." in done.content.decode()
    assert tokens() == {"token-9"}
    issuer.refresh_from_db()
    assert not issuer.enabled
    assert LogEntry.objects.filter(change_message="Revoked all tokens: 3.").exists()
    # The decisions stay: they are the record, and the guard of single use.
    assert Decision.objects.filter(issuer=issuer).count() == 3


RULES = reverse("admin:oauth_jwt_grant_grantrule_changelist")


@pytest.fixture
def second(issuer):
    return issuer.rules.create(
        name="second", client_policy="anonymous", subject_policy="no_user", scopes="read"
    )


def test_rule_is_disabled_and_its_tokens_alone_are_revoked(page, operator, issuer, rule, second):
    for number, of in enumerate((rule, rule, second)):
        Decision.objects.filter(access_token=token_of(issuer, number=number)).update(rule=of)
    asked = act(page, "disable_and_revoke", rule, url=RULES)
    assert (asked.context["tokens"], asked.context["valid"]) == (2, 2)
    assert "tried with the rules after them" in said(asked)
    assert GrantRule.objects.filter(enabled=True).count() == 2
    done = page.post(RULES, fill_in(asked, "disable_and_revoke_form"), follow=True)
    assert "Disabled. Tokens revoked: 2." in said(done)
    assert tokens() == {"token-2"}
    assert list(GrantRule.objects.filter(enabled=True)) == [second]
    assert TrustedIssuer.objects.get().enabled
    entries = LogEntry.objects.filter(object_id=str(rule.pk), user=operator)
    assert {entry.change_message for entry in entries} == {"Disabled.", "Revoked all tokens: 2."}


def test_rules_are_disabled_by_the_list(page, issuer, rule, second):
    token_of(issuer, number=1)
    done = act(page, "disable", rule, second, url=RULES)
    assert "2 grant rules are disabled now." in said(page.get(done.url))
    assert not GrantRule.objects.filter(enabled=True).exists()
    assert tokens() == {"token-1"}


def test_who_may_change_no_issuers_disables_no_rule_that_is_reserved(page_of, issuer, rule, second):
    GrantRule.objects.filter(pk=rule.pk).update(allow_privileged_users=True)
    staff = page_of("view_grantrule", "change_grantrule", "revoke_tokens")
    for action in ("disable", "disable_and_revoke"):
        refused = act(staff, action, rule, second, url=RULES, confirmed="yes")
        assert refused.status_code == 403
    assert GrantRule.objects.filter(enabled=True).count() == 2
    assert act(staff, "disable_and_revoke", second, url=RULES, confirmed="yes").status_code == 302
    assert list(GrantRule.objects.filter(enabled=True)) == [rule]


def test_who_may_change_rules_alone_revokes_nothing_with_them(page_of, issuer, rule):
    staff = page_of("view_grantrule", "change_grantrule")
    assert "disable_and_revoke" not in staff.get(RULES).content.decode()
    act(staff, "disable_and_revoke", rule, url=RULES, confirmed="yes")
    assert GrantRule.objects.get().enabled


def test_nothing_is_disabled_where_nothing_is_left_of_what_was_chosen(page, issuer, other):
    asked = act(page, "disable_and_revoke", other)
    other.delete()
    done = page.post(LIST, fill_in(asked, "disable_and_revoke_form"), follow=True)
    assert done.status_code == 200
    assert TrustedIssuer.objects.get().enabled


FILTERED = f"{LIST}?enabled__exact=1"


def test_a_list_that_is_filtered_by_what_changes_is_disabled_and_revoked_too(page, issuer, other):
    token_of(issuer, number=1)
    token_of(other, number=9)
    asked = act(page, "disable_and_revoke", issuer, url=FILTERED)
    done = page.post(FILTERED, fill_in(asked, "disable_and_revoke_form"), follow=True)
    assert "Disabled. Tokens revoked: 1." in done.content.decode()
    assert tokens() == {"token-9"}
    assert list(TrustedIssuer.objects.filter(enabled=True)) == [other]


def test_all_of_a_filtered_list_are_disabled_and_revoked(page, issuer, other):
    token_of(issuer, number=1)
    token_of(other, number=9)
    asked = act(page, "disable_and_revoke", issuer, url=FILTERED, select_across="1")
    page.post(FILTERED, fill_in(asked, "disable_and_revoke_form"))
    assert tokens() == set()
    assert not TrustedIssuer.objects.filter(enabled=True).exists()


def test_an_issuer_that_left_the_list_after_the_question_is_revoked_too(page, issuer, other):
    token_of(issuer, number=1)
    asked = act(page, "disable_and_revoke", issuer, url=FILTERED)
    TrustedIssuer.objects.filter(pk=issuer.pk).update(enabled=False)
    page.post(FILTERED, fill_in(asked, "disable_and_revoke_form"))
    assert tokens() == set()
    # Somebody else has disabled it, and the history says so there.
    assert not LogEntry.objects.filter(change_message="Disabled.").exists()
    assert LogEntry.objects.filter(change_message="Revoked all tokens: 1.").exists()


@pytest.mark.parametrize("action", ["disable", "disable_and_revoke"])
def test_a_request_that_does_not_end_is_told(page, issuer, monkeypatch, action):
    @contextmanager
    def give_up(model, *, durable=False):
        if model is TrustedIssuer and not durable:
            raise OperationalError("canceling statement due to lock timeout")
        yield

    token_of(issuer, number=1)
    monkeypatch.setattr(withdrawal, "writing", give_up)
    done = page.post(LIST, {"action": action, "_selected_action": issuer.pk, "confirmed": "yes"}, follow=True)
    assert "Revoke the tokens once more in a minute." in done.content.decode()
    assert not TrustedIssuer.objects.filter(enabled=True).exists()
    assert tokens() == ({"token-1"} if action == "disable" else set())
    url = page_url(issuer)
    done = page.post(url, {"which": "all", "confirmed": "yes"}, follow=True)
    assert "Revoke the tokens once more in a minute." in done.content.decode()
    assert tokens() == set()


@pytest.fixture
def atomic_requests(transactional_db):
    database = connection.settings_dict
    before, database["ATOMIC_REQUESTS"] = database["ATOMIC_REQUESTS"], True
    yield
    database["ATOMIC_REQUESTS"] = before


def test_what_is_disabled_is_committed_before_anything_is_revoked(atomic_requests, page, issuer):
    def go_away(execute, sql, params, many, context):
        if not sql.startswith("SELECT") and get_access_token_model()._meta.db_table in sql:
            raise OperationalError("gone away")
        return execute(sql, params, many, context)

    token_of(issuer, number=1)
    with (
        connection.execute_wrapper(go_away),
        pytest.raises(OperationalError, match="gone away"),
    ):
        act(page, "disable_and_revoke", issuer, confirmed="yes")
    assert not TrustedIssuer.objects.get().enabled
    assert LogEntry.objects.get().change_message == "Disabled."


def save_page(page, name, row, **changes):
    url = reverse(f"admin:oauth_jwt_grant_{name}_change", args=[row.pk])
    assert page.post(url, fill_in(page.get(url), f"{name}_form", **changes)).status_code == 302


DISABLING = {
    "issuer": lambda page, issuer, rule: save_page(page, "trustedissuer", issuer, enabled=None),
    "rule": lambda page, issuer, rule: save_page(page, "grantrule", rule, enabled=None),
    "rule on the issuer's page": lambda page, issuer, rule: save_page(
        page, "trustedissuer", issuer, **{"rules-0-enabled": None}
    ),
    "command": lambda page, issuer, rule: call_command(
        "trustissuer", issuer=issuer.issuer, enabled=False, stdout=StringIO()
    ),
}


@pytest.mark.parametrize("what", DISABLING)
def test_what_is_disabled_in_other_ways_waits_for_requests_too(
    atomic_requests, page, issuer, rule, monkeypatch, what
):
    """After COMMIT: before, nobody would be refused."""

    def wait(issuers):
        waited.append((list(issuers), connection.in_atomic_block))

    waited = []
    monkeypatch.setattr(withdrawal, "wait_for_requests", wait)
    DISABLING[what](page, issuer, rule)
    assert waited == [([issuer.pk], False)]
    issuer.refresh_from_db()
    rule.refresh_from_db()
    assert (issuer.enabled, rule.enabled) == (("rule" in what), ("rule" not in what))


@pytest.mark.parametrize("atomic", [False, True])
def test_other_actions_of_the_list_are_in_transactions_as_elsewhere(
    atomic_requests, page, issuer, monkeypatch, atomic
):
    def rename(model_admin, request, queryset):
        queryset.update(name="renamed")
        raise OperationalError("gone away")

    connection.settings_dict["ATOMIC_REQUESTS"] = atomic
    monkeypatch.setattr(TrustedIssuerAdmin, "actions", (*TrustedIssuerAdmin.actions, rename))
    assert "rename" in page.get(LIST).content.decode()
    with pytest.raises(OperationalError, match="gone away"):
        act(page, "rename", issuer)
    assert (TrustedIssuer.objects.get().name == "renamed") is not atomic


@pytest.mark.parametrize(("good", "words"), [(1, "One token of this"), (2, "2 tokens of this"), (0, None)])
def test_issuer_with_good_tokens_is_not_deleted(page, issuer, other, good, words):
    token_of(issuer, number="expired", hours=-1)
    token_of(other, number="other's")
    for number in range(good):
        token_of(issuer, number=number)
    url = reverse("admin:oauth_jwt_grant_trustedissuer_delete", args=[issuer.pk])
    asked = page.get(url)
    assert ("have not expired" in asked.content.decode() or "has not expired" in asked.content.decode()) is (
        words is not None
    )
    assert (words or "") in asked.content.decode()
    assert ('href="../revoke-tokens/"' in asked.content.decode()) is (words is not None)
    selected = act(page, "delete_selected", issuer, other)
    assert "Other: 1 access token" in said(selected)
    assert (f"Example: {good} access token" in said(selected)) is (words is not None)
    act(page, "delete_selected", issuer, other, post="yes")
    assert TrustedIssuer.objects.count() == 2
    assert page.post(url, {"post": "yes"}).status_code == (200 if good else 302)
    assert TrustedIssuer.objects.filter(pk=issuer.pk).exists() is bool(good)
    assert len(tokens()) == good + 2


def test_once_its_tokens_are_revoked_the_issuer_can_be_deleted(page, issuer):
    token_of(issuer, number=1)
    page.post(LIST, fill_in(act(page, "disable_and_revoke", issuer), "disable_and_revoke_form"))
    act(page, "delete_selected", issuer, post="yes")
    assert not TrustedIssuer.objects.exists()
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("delete", ["delete_model", "delete_queryset"])
def test_token_that_comes_in_after_the_question_keeps_the_issuer(issuer, delete):
    token_of(issuer, number=1)
    what = issuer if delete == "delete_model" else TrustedIssuer.objects.all()
    with pytest.raises(PermissionDenied):
        getattr(admin.site._registry[TrustedIssuer], delete)(None, what)
    assert TrustedIssuer.objects.exists()


def test_deleting_a_rule_says_which_tokens_stay_good(page, issuer, rule):
    url = reverse("admin:oauth_jwt_grant_grantrule_delete", args=[rule.pk])
    rules = reverse("admin:oauth_jwt_grant_grantrule_changelist")
    action = {"action": "delete_selected", "_selected_action": [rule.pk]}
    token_of(issuer, number="without a rule")
    assert "have not expired" not in said(page.get(url)) + said(page.post(rules, action))
    for number in range(2):
        token_of(issuer, number=number)
    Decision.objects.filter(access_token__token__in=["token-0", "token-1"]).update(rule=rule)
    for asked in (page.get(url), page.post(rules, action)):
        assert "Access tokens of the rule deploy that have not expired: 2." in said(asked)
        assert page_url(issuer) in asked.content.decode()
    assert page.post(url, {"post": "yes"}).status_code == 302
    assert len(tokens()) == 3


def test_deleting_a_link_says_which_tokens_stay_good(page, issuer, other, alice, bob):
    """Those of its user by its subject: not of a user to whom it was linked before, nor of another issuer."""
    link = LinkedSubject.objects.create(issuer=issuer, subject="a&b", user=alice)
    LinkedSubject.objects.create(issuer=other, subject="a&b", user=bob)
    for number, (of, user, hours) in enumerate(
        [(issuer, alice, 1), (issuer, alice, 1), (issuer, alice, -1), (issuer, bob, 1), (other, alice, 1)]
    ):
        token = token_of(of, number=number, subject="a&b", hours=hours)
        Decision.objects.filter(access_token=token).update(user=user)
    url = reverse("admin:oauth_jwt_grant_linkedsubject_delete", args=[link.pk])
    links = reverse("admin:oauth_jwt_grant_linkedsubject_changelist")
    both = list(LinkedSubject.objects.values_list("pk", flat=True))
    action = {"action": "delete_selected", "_selected_action": both}
    for asked in (page.get(url), page.post(links, action)):
        assert said(asked).count("have not expired") == 1
        assert "Access tokens of the subject a&b that have not expired: 2." in said(asked)
        assert f"{page_url(issuer)}?which=subject&amp;value=a%26b" in asked.content.decode()
    revoking = page.get(f"{page_url(issuer)}?which=subject&value=a%26b")
    filled = fill_in(revoking, "revoke_tokens_form")
    assert (filled["which"], filled["value"]) == (["subject"], ["a&b"])
    assert page.post(url, {"post": "yes"}).status_code == 302
    assert len(tokens()) == 5


def test_the_way_to_revoke_them_is_for_those_who_may(page_of, issuer):
    token_of(issuer, number=1)
    deleting = [f"{verb}_{model}" for verb in ("view", "delete") for model in DELETED]
    asked = page_of(*deleting).get(reverse("admin:oauth_jwt_grant_trustedissuer_delete", args=[issuer.pk]))
    assert "One token of this" in asked.content.decode()
    assert "revoke-tokens" not in asked.content.decode()


def test_issuer_whose_row_could_not_be_saved_any_more_is_disabled_too(page, issuer):
    TrustedIssuer.objects.update(jwks={"keys": [{"kty": "oct", "k": ""}]})
    act(page, "disable", issuer)
    assert not TrustedIssuer.objects.get().enabled


@pytest.mark.parametrize(
    ("which", "value", "left"),
    [
        ("all", "", {"token-9"}),
        ("kid", "key-2", {"token-1", "token-3", "token-9"}),
        ("subject", "bob", {"token-1", "token-2", "token-9"}),
        ("subject", "bo", {"token-1", "token-2", "token-3", "token-9"}),
    ],
)
def test_tokens_of_a_key_id_or_a_subject_are_revoked(page, issuer, other, which, value, left):
    token_of(issuer, number=1)
    token_of(issuer, number=2, kid="key-2")
    token_of(issuer, number=3, subject="bob")
    token_of(other, number=9, kid="key-2", subject="bob")
    url = page_url(issuer)
    counted = page.post(url, fill_in(page.get(url), "revoke_tokens_form", which=which, value=value))
    assert counted.context["tokens"] == 4 - len(left)
    assert len(tokens()) == 4
    page.post(url, fill_in(counted, "revoke_tokens_form"))
    assert tokens() == left
    assert LogEntry.objects.get().change_message.endswith(f"{4 - len(left)}.")
    issuer.refresh_from_db()
    assert issuer.enabled


def limit_url(issuer):
    return reverse("admin:oauth_jwt_grant_trustedissuer_from_now_on", args=[issuer.pk])


def test_what_an_issuer_has_issued_until_now_is_refused(page, issuer, other):
    """Now plus the leeway, up to a whole second; once more, it moves on, and is never moved back."""
    token_of(issuer, number=1)
    TrustedIssuer.objects.filter(pk=issuer.pk).update(leeway=90)
    asked = page.get(limit_url(issuer))
    assert "<strong>1</strong> access token of the issuer stays good" in asked.content.decode()
    assert "does not help against a stolen key" in asked.content.decode()
    issuer.refresh_from_db()
    assert issuer.issued_after is None

    before = timezone.now()
    done = page.post(limit_url(issuer), fill_in(asked, "from_now_on_form"), follow=True)
    assert "Only assertions issued from" in said(done)
    issuer.refresh_from_db()
    assert 90 <= (issuer.issued_after - before).total_seconds() <= 120
    assert issuer.issued_after.microsecond == 0
    entry = LogEntry.objects.get()
    assert entry.change_message == f"Issued after (- \u2192 {issuer.issued_after.isoformat()})."
    other.refresh_from_db()
    assert (other.issued_after, tokens()) == (None, {"token-1"})

    later = timezone.now() + timedelta(days=1)
    TrustedIssuer.objects.filter(pk=issuer.pk).update(issued_after=later)
    page.post(limit_url(issuer))
    issuer.refresh_from_db()
    assert issuer.issued_after == later
    assert LogEntry.objects.count() == 1


def test_who_may_not_change_issuers_sets_no_limit(page_of, page, issuer):
    may_view = page_of("view_trustedissuer", "revoke_tokens")
    assert may_view.get(limit_url(issuer)).status_code == 403
    assert may_view.post(limit_url(issuer)).status_code == 403
    assert TrustedIssuer.objects.get(pk=issuer.pk).issued_after is None
    change = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    assert limit_url(issuer) not in may_view.get(change).content.decode()
    assert limit_url(issuer) in page.get(change).content.decode()
    gone = limit_url(TrustedIssuer(pk=999))
    assert page.post(gone).status_code == 404


def test_which_key_id_has_to_be_said(page, issuer):
    token_of(issuer, number=1)
    url = page_url(issuer)
    response = page.post(url, fill_in(page.get(url), "revoke_tokens_form", which="kid"))
    assert "Say which." in response.content.decode()
    assert "tokens" not in response.context


def test_choice_that_nobody_offered_revokes_nothing(page, issuer):
    token_of(issuer, number=1)
    page.post(page_url(issuer), {"which": "rule", "value": "1", "confirmed": "yes"})
    assert len(tokens()) == 1


def test_refresh_token_goes_with_its_token(operator, application, issuer):
    token = token_of(issuer, number=1)
    model = get_refresh_token_model()
    refresh = model.objects.create(
        user=operator, token="refresh", application=application, access_token=token
    )
    token_of(issuer, number=2)
    assert withdrawal.revoke(Decision.objects.filter(issuer=issuer)) == 2
    assert tokens() == set()
    refresh.refresh_from_db()
    assert refresh.revoked is not None


def test_work_is_done_in_batches(issuer, monkeypatch):
    monkeypatch.setattr(withdrawal, "BATCH", 2)
    for number in range(5):
        token_of(issuer, number=number)
    assert withdrawal.revoke(Decision.objects.filter(issuer=issuer)) == 5
    assert not tokens()


def test_viewing_changing_and_revoking_are_separate(page_of, issuer):
    token_of(issuer, number=1)
    changer = page_of("view_trustedissuer", "change_trustedissuer")
    assert changer.get(page_url(issuer)).status_code == 403
    revoker = page_of("view_trustedissuer", "revoke_tokens")
    assert revoker.get(page_url(issuer)).status_code == 200
    for staff in (changer, revoker):
        assert "disable_and_revoke" not in staff.get(LIST).content.decode()
        act(staff, "disable_and_revoke", issuer, confirmed="yes")
    act(revoker, "disable", issuer)
    act(page_of("view_trustedissuer"), "disable", issuer)
    issuer.refresh_from_db()
    assert issuer.enabled
    assert len(tokens()) == 1
    assert (
        page_url(issuer)
        in revoker.get(
            reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
        ).content.decode()
    )


def test_issuer_that_is_gone_is_not_found(page, issuer):
    url = page_url(issuer)
    issuer.delete()
    assert page.get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="not on sqlite: it has no locks of rows")
def test_no_token_of_a_request_in_flight_outlives_its_issuer(issuer):
    in_flight = Event()

    def request():
        # PostgreSQL looks at references when the transaction ends, and refuses the token then.
        with suppress(IntegrityError), transaction.atomic():
            token_of(issuer, number=1)
            in_flight.set()
            sleep(0.5)

    with beside(request):
        assert in_flight.wait(10)
        # MariaDB lets the deletion wait for the request, and then there is a token.
        with suppress(PermissionDenied):
            admin.site._registry[TrustedIssuer].delete_model(HttpRequest(), TrustedIssuer.objects.get())
    found = set(Decision.objects.filter(issuer__isnull=False).values_list("access_token__token", flat=True))
    assert found == tokens()
    assert TrustedIssuer.objects.exists() is bool(found)


def test_keys_and_subjects_of_the_latest_decisions_are_offered(page, issuer, other):
    Decision.objects.create(
        outcome="accepted", issuer=issuer, iss=issuer.issuer, kid="key <1>", subject="bob"
    )
    Decision.objects.create(outcome="accepted", issuer=other, iss=other.issuer, kid="foreign", subject="eve")
    response = page.get(reverse("admin:oauth_jwt_grant_trustedissuer_revoke", args=[issuer.pk]))
    content = response.content.decode()
    assert re.findall(r'<option value="([^"]*)">([^<]*)', content) == [
        ("key &lt;1&gt;", "key ID"),
        ("bob", "subject"),
    ]
    assert f"<title>{issuer} | Revoke tokens |" in " ".join(content.split())


def test_who_may_not_see_decisions_revokes_without_being_told_names(page_of, issuer):
    token_of(issuer, number=1, subject="bob")
    revoker = page_of("revoke_tokens")
    asked = revoker.get(page_url(issuer))
    assert "<option" not in asked.content.decode()
    assert "are offered" not in said(asked)
    counted = revoker.post(
        page_url(issuer), fill_in(asked, "revoke_tokens_form", which="subject", value="bob")
    )
    assert "Those of a subject: bob 1 token will be revoked." in said(counted)
    done = revoker.post(page_url(issuer), fill_in(counted, "revoke_tokens_form"), follow=True)
    # Nor is the page of the issuer theirs to see.
    assert (done.status_code, tokens()) == (200, set())
    assert "Tokens revoked: 1." in said(done)
