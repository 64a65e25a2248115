"""A person who may change rules, but not issuers: what all attempts to get further come to."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.urls import reverse

from oauth_jwt_grant.admin.shared import changeable
from oauth_jwt_grant.dot import get_application_model
from oauth_jwt_grant.models import GrantRule, LinkedSubject, TrustedIssuer
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in
from tests.admin.rules.test_rules import ADD, FORM, add, change_url, condition
from tests.factories import ec_key, jwks
from tests.support import make_application

WRITER = (
    *("view_trustedissuer", "view_grantrule", "add_grantrule", "change_grantrule", "delete_grantrule"),
    *("view_claimcondition", "add_claimcondition", "change_claimcondition", "delete_claimcondition"),
)
CHANGE_USER = f"change_{get_user_model()._meta.model_name}"
CHANGE_APPLICATION = f"change_{get_application_model()._meta.model_name}"
RESERVED = {
    "allow_any_tenant": True,
    "allow_privileged_users": True,
    "subject_policy": "provision",
    "accepted_as": ["client_assertion"],
}


@pytest.fixture
def writer(page_of):
    return page_of(*WRITER)


@pytest.fixture
def other(db):
    return TrustedIssuer.objects.create(
        name="Other", issuer="https://other.example", key_source="inline", jwks=jwks(ec_key())
    )


def test_what_is_reserved_is_not_on_the_form_and_counts_for_nothing_if_posted(writer, issuer):
    url = f"{ADD}?issuer={issuer.pk}"
    offered = fill_in(writer.get(url), FORM)
    assert not offered.keys() & {"allow_any_tenant", "allow_privileged_users", "accepted_as"}
    extra = {"allow_any_tenant": "on", "allow_privileged_users": "on", "accepted_as": "client_assertion"}
    posted = {**offered, **extra, "name": "deploy", "scopes": "read", "client_policy": "anonymous"}
    assert writer.post(url, {**posted, "subject_policy": "no_user"}).status_code == 302
    rule = GrantRule.objects.get()
    assert (rule.allow_any_tenant, rule.allow_privileged_users, rule.accepted_as) == (False, False, [])


def test_no_rule_is_made_to_create_users(writer, issuer, rule):
    for url in (f"{ADD}?issuer={issuer.pk}", change_url(rule)):
        data = fill_in(writer.get(url), FORM)
        response = writer.post(url, {**data, "name": "x", "scopes": "read", "subject_policy": "provision"})
        assert "subject_policy" in response.context["adminform"].form.errors
    assert not GrantRule.objects.filter(subject_policy="provision").exists()


@pytest.mark.parametrize("field", RESERVED)
def test_rule_that_does_what_is_reserved_is_only_to_be_seen(writer, page, rule, field):
    GrantRule.objects.update(**{field: RESERVED[field]})
    response = writer.get(change_url(rule))
    assert response.status_code == 200
    assert not response.context["has_change_permission"]
    assert writer.post(change_url(rule), {"scopes": "admin"}).status_code == 403
    assert page.get(change_url(rule)).context["has_change_permission"]


def test_rule_stays_with_its_issuer_and_its_conditions(writer, issuer, rule, other):
    conditions = [{"claim": "tenant", "operator": "equals", "values": ["acme"]}]
    TrustedIssuer.objects.filter(pk=issuer.pk).update(conditions=conditions)
    data = fill_in(writer.get(change_url(rule)), FORM)
    assert "issuer" not in data
    assert writer.post(change_url(rule), {**data, "issuer": other.pk}).status_code == 302
    rule.refresh_from_db()
    assert rule.issuer == issuer


def test_issuer_is_not_changed_by_any_page(writer, issuer, rule):
    for page in ("change", "fetch", "withdraw_key", "add_key", "revoke", "delete"):
        url = reverse(f"admin:oauth_jwt_grant_trustedissuer_{page}", args=[issuer.pk])
        assert writer.post(url, {"conditions": "[]", "rules-0-enabled": ""}).status_code in (403, 404)
    listing = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
    writer.post(listing, {"action": "disable", "_selected_action": [issuer.pk]})
    assert writer.get(reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["oidc"])).status_code == 403
    issuer.refresh_from_db()
    assert issuer.enabled
    assert not LogEntry.objects.exists()


def test_preset_offers_only_what_the_person_may_let_a_rule_do(page_of, page):
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    adder = page_of("add_trustedissuer", "view_trustedissuer", "add_grantrule")
    answers = {"owner_id": "90210", "repository_id": "770123456", "rule_scopes": "read"}
    data = fill_in(adder.get(url), "preset_form", **answers)
    assert "rule_accepted_as" not in data
    assert "provision" not in adder.get(url).content.decode()
    assert "provision" in page.get(url).content.decode()
    assert adder.post(url, {**data, "rule_subject_policy": "provision"}).status_code == 200
    assert adder.post(url, {**data, "rule_accepted_as": "client_assertion"}).status_code == 302
    assert GrantRule.objects.get().accepted_as == []


class TestRowsOfOthers:
    """Users and applications that the person may not change."""

    def test_user_of_a_rule(self, page_of, issuer, rule):
        boss = make_user("boss")
        refused = add(page_of(*WRITER), issuer, name="second", user=boss.pk)
        assert "You may not change this" in str(refused.context["adminform"].form.errors["user"])
        GrantRule.objects.filter(pk=rule.pk).update(user=boss, subject_policy="service_user")
        writer = page_of(*WRITER)
        # What stands there already may stay.
        data = fill_in(writer.get(change_url(rule)), FORM, scopes="read write")
        assert writer.post(change_url(rule), data).status_code == 302
        assert add(page_of(*WRITER, CHANGE_USER), issuer, name="second", user=boss.pk).status_code == 302

    @pytest.mark.parametrize("field", ["default_application", "applications"])
    def test_application_of_a_rule(self, page_of, issuer, field):
        application = make_application("theirs")
        refused = add(page_of(*WRITER), issuer, **{field: application.pk})
        assert "theirs" in str(refused.context["adminform"].form.errors[field])
        assert not GrantRule.objects.exists()
        allowed = page_of(*WRITER, CHANGE_APPLICATION)
        assert add(allowed, issuer, **{field: application.pk}).status_code == 302

    def test_applications_that_are_listed_already_may_stay(self, page_of, rule):
        rule.applications.add(make_application("theirs"))
        more = make_application("more")
        writer = page_of(*WRITER)
        data = fill_in(writer.get(change_url(rule)), FORM, scopes="read write")
        assert writer.post(change_url(rule), data).status_code == 302
        refused = writer.post(change_url(rule), {**data, "applications": [more.pk]})
        errors = str(refused.context["adminform"].form.errors["applications"])
        assert "more" in errors
        assert "theirs" not in errors

    def test_in_a_preset(self, page_of):
        url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
        answers = {"owner_id": "90210", "repository_id": "770123456", "rule_scopes": "read"}
        user = {"rule_subject_policy": "service_user", "rule_user": make_user("boss").pk}
        adder = page_of("add_trustedissuer", "view_trustedissuer", "add_grantrule")
        response = adder.post(url, fill_in(adder.get(url), "preset_form", **answers, **user))
        assert "rule_user" in response.context["form"].errors
        assert not TrustedIssuer.objects.exists()

    def test_in_a_service_account(self, page_of):
        url = reverse("admin:oauth_jwt_grant_trustedissuer_add_account")
        adder = page_of("add_trustedissuer", "view_trustedissuer", "add_grantrule", "add_linkedsubject")
        data = {"name": "robot", "scopes": "read", "user": make_user("boss").pk}
        response = adder.post(url, {**data, "token_uri": "https://as.example.com/o/token/"})
        assert "user" in response.context["form"].errors
        assert not TrustedIssuer.objects.exists()

    def test_in_a_link(self, page_of, issuer):
        url = reverse("admin:oauth_jwt_grant_linkedsubject_add")
        boss = make_user("boss")
        data = {"issuer": issuer.pk, "subject": "s", "user": boss.pk}
        linker = page_of("add_linkedsubject", "view_linkedsubject")
        assert "user" in linker.post(url, data).context["adminform"].form.errors
        assert not LinkedSubject.objects.exists()
        assert page_of("add_linkedsubject", CHANGE_USER).post(url, data).status_code == 302

    def test_in_an_import(self, page_of, issuer):
        url = reverse("admin:oauth_jwt_grant_linkedsubject_import")
        boss = make_user("boss")
        text = f"issuer,subject,user\n{issuer.issuer},s,{boss.get_username()}\n"
        view_user = CHANGE_USER.replace("change", "view")
        linker = page_of("add_linkedsubject", "view_linkedsubject", view_user)
        response = linker.post(url, {"text": text})
        assert "You may not change the user" in response.content.decode()
        assert response.context["confirm"] is None
        allowed = page_of("add_linkedsubject", "view_linkedsubject", CHANGE_USER)
        assert allowed.post(url, {"text": text}).context["confirm"] is not None

    def test_as_the_admin_class_of_the_site_decides(self, operator, rf):
        boss, robot = make_user("boss"), make_user("robot")

        class Robots(admin.ModelAdmin):
            def get_queryset(self, request):
                return super().get_queryset(request).exclude(pk=boss.pk)

        site = admin.AdminSite()
        site.register(get_user_model(), Robots)
        request = rf.get("/")
        request.user = operator
        both = [boss.pk, robot.pk]
        assert changeable(request, site, get_user_model(), both) == {robot.pk}
        assert changeable(request, admin.AdminSite(), get_user_model(), both) == set(both)


@pytest.mark.skipif(
    get_user_model() not in admin.site._registry, reason="not on a site that has its users not in the admin"
)
def test_what_a_search_finds_is_no_leave_to_name_it(page_of, issuer):
    boss = make_user("boss")
    writer = page_of(*WRITER, CHANGE_USER.replace("change", "view"))
    query = {"app_label": "oauth_jwt_grant", "model_name": "grantrule", "field_name": "user", "term": "boss"}
    assert "boss" in writer.get(reverse("admin:autocomplete"), query).content.decode()
    refused = add(writer, issuer, subject_policy="service_user", user=boss.pk)
    assert "user" in refused.context["adminform"].form.errors


def test_conditions_are_the_writers_own_matter(writer, rule):
    data = fill_in(writer.get(change_url(rule)), FORM, **condition("ref", "equals", "refs/heads/main"))
    assert writer.post(change_url(rule), data).status_code == 302
    assert rule.conditions.get().claim == "ref"
