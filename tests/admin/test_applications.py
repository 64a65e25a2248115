"""The page of an application in django-oauth-toolkit's admin: whose assertions it may present."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from oauth2_provider.models import get_application_model

import oauth_jwt_grant
from oauth_jwt_grant.admin.application_trust import ApplicationTrustMixin, rules_for
from oauth_jwt_grant.admin.applications import JWTBearerApplicationAdmin
from oauth_jwt_grant.dot import ApplicationAdmin
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.rules import Client as RuleClient
from oauth_jwt_grant.rules.matching import admits
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in, said

TITLE = "Trusted issuers that this application may present assertions of"
META = get_application_model()._meta


def url_of(application, page="change"):
    name = f"admin:{META.app_label}_{META.model_name}_{page}"
    return reverse(name, args=[application.pk] if application else [])


def section(response):
    """The words of the section of a page, which has to be there."""
    _before, title, after = said(response).partition(TITLE)
    assert title
    return after


@pytest.fixture
def other(application):
    """An application that no rule lists."""
    return get_application_model().objects.create(
        name="Newcomer",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        registration_source="dcr",
    )


@pytest.fixture
def rules(issuer, application):
    """A rule of each kind."""
    made = {
        name: GrantRule.objects.create(issuer=issuer, name=f"{name} rule", position=position, **values)
        for position, (name, values) in enumerate(
            {
                "listing": {"client_policy": "listed", "subject_policy": "no_user", "scopes": "read"},
                "empty": {"client_policy": "listed"},
                "default": {"client_policy": "listed", "default_application": application},
                "anonymous": {"client_policy": "anonymous"},
                "stand-in": {"client_policy": "anonymous", "default_application": application},
            }.items()
        )
    }
    made["listing"].applications.add(application)
    return made


def test_page_names_the_rules_that_admit_the_application_and_why(page, application, rules):
    rules["listing"].conditions.create(claim="ref", operator="equals", values=["main"])
    words = section(page.get(url_of(application)))
    assert (
        "Example https://issuer.example listing rule lists this application when ref is 'main' trusted"
        in words
    )
    assert "anonymous rule anyone, with or without an application always" in words
    assert "stand-in rule anyone, with or without an application; this application stands in where" in words
    assert "empty rule" not in words
    # Nobody without an application is admitted there, so nobody is there to stand in for.
    assert "default rule" not in words


def test_application_that_no_rule_lists(page, other, rules):
    words = section(page.get(url_of(other)))
    assert "listing rule" not in words
    assert "anonymous rule" in words


@pytest.mark.parametrize("source", ["manual", "dcr"])
def test_rules_are_those_that_would_admit_it_at_the_token_endpoint(application, rules, source):
    get_application_model().objects.update(registration_source=source)
    application.refresh_from_db()

    class Loaded:
        def __init__(self, rule):
            self.conditions, self.client_policy, self.rule = (), rule.client_policy, rule

        def lists(self, client):
            return self.rule.applications.filter(pk=client.pk).exists()

    admitted = [rule for rule in GrantRule.objects.all() if admits(Loaded(rule), RuleClient(application.pk))]
    assert list(rules_for(application)) == admitted
    assert len(admitted) == 3


@pytest.mark.parametrize(
    ("issuer_state", "rule_state", "client_type", "words"),
    [
        ({}, {}, "public", "trusted"),
        ({"enabled": False}, {}, "public", "disabled"),
        ({"valid_until": "2020-01-01T00:00:00+00:00"}, {}, "public", "ended"),
        ({}, {"enabled": False}, "public", "rule disabled"),
        (
            {"profile": "id-jag"},
            {},
            "public",
            "refused: an ID-JAG of a public client needs a rule that lists it",
        ),
        ({"profile": "id-jag"}, {}, "confidential", "trusted"),
    ],
)
def test_state_of_issuer_and_rule_is_said(
    page, application, issuer, rule, issuer_state, rule_state, client_type, words
):
    TrustedIssuer.objects.update(**issuer_state)
    GrantRule.objects.update(**rule_state)
    get_application_model().objects.update(client_type=client_type)
    assert f"always, whatever the claims {words}" in section(page.get(url_of(application)))


def test_without_a_rule_it_says_so(page, application):
    assert "None: no rule of any trusted issuer admits it." in section(page.get(url_of(application)))


def test_issuer_and_rule_are_a_click_away(page, application, rules):
    content = page.get(url_of(application)).content.decode()
    for obj in (rules["listing"], rules["listing"].issuer):
        url = reverse(f"admin:oauth_jwt_grant_{obj._meta.model_name}_change", args=[obj.pk])
        assert f'<a href="{url}">' in content


def test_what_others_have_written_is_text(page, application, issuer, rule):
    TrustedIssuer.objects.update(name="<b>Name</b>")
    GrantRule.objects.update(name="<script>")
    content = page.get(url_of(application)).content.decode()
    assert "&lt;b&gt;Name&lt;/b&gt;" in content
    assert "<script>" not in content.partition("ojg-table")[2].partition("</table>")[0]


@pytest.mark.parametrize(
    ("permissions", "there"),
    [
        (["view_grantrule", "view_trustedissuer"], True),
        (["change_grantrule", "change_trustedissuer"], True),
        (["view_grantrule"], False),
        (["view_trustedissuer"], False),
        ([], False),
    ],
)
def test_section_is_for_those_who_may_see_issuers_and_rules(application, rule, permissions, there):
    viewer = make_user("viewer", is_staff=True)
    wanted = [*permissions, f"view_{META.model_name}", f"change_{META.model_name}"]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client = Client()
    client.force_login(viewer)
    response = client.get(url_of(application))
    assert (TITLE in said(response)) == there
    assert (rule.name in said(response)) == there


def test_section_is_not_on_the_page_that_adds(page, db):
    assert TITLE not in said(page.get(url_of(None, "add")))


def test_application_is_saved_as_before(page, application, rules):
    data = fill_in(page.get(url_of(application)), f"{META.model_name}_form", name="Renamed")
    assert page.post(url_of(application), data).status_code == 302
    application.refresh_from_db()
    assert application.name == "Renamed"
    assert list(application.jwt_bearer_rules.all()) == [rules["listing"]]


def test_many_rules_take_no_more_queries_than_one_and_are_cut(page, application, issuer, rule):
    def count(expected=None):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as statements:
            words = section(page.get(url_of(application)))
        return len(statements), words

    page.get(url_of(application))
    few, words = count()
    assert "There are more" not in words
    for number in range(101):
        made = GrantRule.objects.create(issuer=issuer, name=f"rule {number}", client_policy="anonymous")
        made.conditions.create(claim="ref", operator="equals", values=["main"])
    many, words = count()
    assert many == few
    assert words.count("when ref is 'main'") == 99
    assert "There are more: these are the first 100." in words


class Shortened(ApplicationTrustMixin, ApplicationAdmin):
    """A site's own class, with fieldsets and styles of its own."""

    fieldsets = ((None, {"fields": ("name", "client_type")}),)
    readonly_fields = ("client_type",)

    class Media:
        css = {"all": ["site.css"]}  # noqa: RUF012


def test_class_of_the_site_keeps_what_it_says(rf, operator, application):
    request = rf.get("/")
    request.user = operator
    own = Shortened(get_application_model(), admin.site)
    (first, (title, second)) = own.get_fieldsets(request, application)
    assert first == Shortened.fieldsets[0]
    assert (title, second) == (TITLE, {"fields": ["jwt_bearer_trust"]})
    assert own.get_readonly_fields(request, application) == ("client_type", "jwt_bearer_trust")
    assert "site.css" in str(own.media)
    assert "oauth_jwt_grant/admin/admin.css" in str(own.media)


def test_setting_names_the_class(db):
    assert type(admin.site._registry[get_application_model()]) is JWTBearerApplicationAdmin


SITE = """
SECRET_KEY = "only-for-this-test"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", {apps}
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
OAUTH2_PROVIDER = {{"APPLICATION_ADMIN_CLASS": "{name}"}}
"""
OWN_ADMIN = """
from oauth_jwt_grant.admin.application_trust import ApplicationTrustMixin
from django.contrib.admin import ModelAdmin

class Own(ApplicationTrustMixin, ModelAdmin):
    pass
"""
ASK = """
import django; django.setup()
from django.contrib import admin
from oauth2_provider.models import get_application_model
print(type(admin.site._registry[get_application_model()]).__name__)
"""


@pytest.mark.parametrize(
    ("apps", "name"),
    [
        (
            '"oauth2_provider", "oauth_jwt_grant"',
            "oauth_jwt_grant.admin.applications.JWTBearerApplicationAdmin",
        ),
        (
            '"oauth_jwt_grant", "oauth2_provider"',
            "oauth_jwt_grant.admin.applications.JWTBearerApplicationAdmin",
        ),
        ('"own", "oauth_jwt_grant", "oauth2_provider"', "own.admin.Own"),
        ('"oauth2_provider", "own", "oauth_jwt_grant"', "own.admin.Own"),
        ('"oauth_jwt_grant", "oauth2_provider"', f"{ApplicationAdmin.__module__}.ApplicationAdmin"),
    ],
)
def test_class_is_loaded_in_whatever_order_the_apps_are(tmp_path, apps, name):
    (tmp_path / "order_settings.py").write_text(SITE.format(apps=apps, name=name))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").touch()
    (tmp_path / "own" / "admin.py").write_text(OWN_ADMIN)
    package = Path(oauth_jwt_grant.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "order_settings",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{package}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, name.rpartition(".")[2]), done.stderr


def test_applications_are_searched_in_an_order(page, application, other):
    of_rules = {"app_label": "oauth_jwt_grant", "model_name": "grantrule", "field_name": "applications"}
    found = page.get(reverse("admin:autocomplete"), of_rules)
    assert [result["text"] for result in found.json()["results"]] == ["Newcomer", "Robot"]
