"""DOT's page of an access token with the decision that it came of."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

import oauth_jwt_grant
from oauth_jwt_grant.admin import tokens
from oauth_jwt_grant.models import Decision
from tests.admin.conftest import make_user
from tests.factories import ISSUER

AccessToken = get_access_token_model()


def make_token(value="the-token-itself"):
    return AccessToken.objects.create(token=value, expires=timezone.now() + timedelta(hours=1), scope="read")


@pytest.fixture
def token(issuer):
    token = make_token()
    Decision.objects.create(
        outcome="accepted", issuer=issuer, iss=ISSUER, subject="alice", access_token=token
    )
    return token


def shown(token, user, admin_class=tokens.DecisionAccessTokenAdmin):
    """The page of ``token`` as ``admin_class`` shows it to ``user``."""
    url = reverse(
        f"admin:{AccessToken._meta.app_label}_{AccessToken._meta.model_name}_change", args=[token.pk]
    )
    request = RequestFactory().get(url)
    request.user = user
    response = admin_class(AccessToken, admin.site).change_view(request, str(token.pk))
    return response.render().content.decode()


def decision_url(token):
    return reverse("admin:oauth_jwt_grant_decision_change", args=[token.jwt_bearer_decision.pk])


def test_page_links_to_the_decision_and_does_not_show_the_token(operator, token):
    content = shown(token, operator)
    assert f'href="{decision_url(token)}"' in content
    assert "the-token-itself" not in content


def test_token_of_another_grant_has_none(operator, token):
    content = shown(make_token("another-token-altogether"), operator)
    assert "/oauth_jwt_grant/decision/" not in content.partition('id="content"')[2]
    assert "Decision:" in content


def test_whoever_may_not_see_decisions_sees_none(token):
    staff = make_user("staff", is_staff=True)
    codename = f"view_{AccessToken._meta.model_name}"
    staff.user_permissions.set(
        Permission.objects.filter(content_type__app_label=AccessToken._meta.app_label, codename=codename)
    )
    content = shown(token, staff)
    assert decision_url(token) not in content
    assert ISSUER not in content


def test_class_of_a_site_keeps_its_fields_and_gets_the_decision(operator, token):
    class Ours(tokens.AccessTokenDecisionMixin, admin.ModelAdmin):
        fieldsets = ((None, {"fields": ("scope",)}),)

    content = shown(token, operator, Ours)
    assert decision_url(token) in content
    assert "JWT authorization grant" in content

    class Placed(tokens.AccessTokenDecisionMixin, admin.ModelAdmin):
        fieldsets = ((None, {"fields": ("scope", "decision_link")}),)

    assert shown(token, operator, Placed).count(decision_url(token)) == 1


def test_a_token_costs_one_query_more(operator, token, django_assert_num_queries):
    instance = tokens.DecisionAccessTokenAdmin(AccessToken, admin.site)
    with django_assert_num_queries(1):
        assert ISSUER in instance.decision_link(token)


def test_module_has_nothing_else_up_its_sleeve():
    with pytest.raises(AttributeError):
        tokens.NoSuchAdmin  # noqa: B018


SITE = """
SECRET_KEY = "only-for-this-test-0123456789-0123456789-0123456789"
ROOT_URLCONF = "site_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = %s
OAUTH2_PROVIDER = {"ACCESS_TOKEN_ADMIN_CLASS": "%s"}
"""
DJANGO = [f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions")]
READY = "oauth_jwt_grant.admin.tokens.DecisionAccessTokenAdmin"
OWN = """
from oauth_jwt_grant.admin.tokens import {name}
class Ours({name}{other}):
    pass
"""
LOOK = """
import django; django.setup()
from django.contrib import admin
from oauth2_provider.models import get_access_token_model
print([base.__name__ for base in type(admin.site._registry[get_access_token_model()]).__mro__])
"""


@pytest.mark.parametrize("first", ["oauth2_provider", "oauth_jwt_grant", "site_app"])
@pytest.mark.parametrize("admin_class", [READY, "site_admin.Ours", "site_app.admin.Ours"])
def test_django_oauth_toolkit_finds_the_class_in_whatever_order_the_apps_are(tmp_path, first, admin_class):
    if first == "site_app" and admin_class == "site_admin.Ours":
        first = "django.contrib.admin"
    apps = ["oauth2_provider", "oauth_jwt_grant", "site_app"]
    ordered = sorted(apps, key=lambda app: app != first)
    (tmp_path / "site_settings.py").write_text(SITE % ([*DJANGO, *ordered], admin_class))
    (tmp_path / "site_urls.py").write_text("from django.contrib import admin\nurlpatterns = []\n")
    (tmp_path / "site_app").mkdir()
    (tmp_path / "site_app" / "__init__.py").touch()
    (tmp_path / "site_app" / "admin.py").write_text(
        "from django.contrib import admin\n"
        + OWN.format(name="AccessTokenDecisionMixin", other=", admin.ModelAdmin")
    )
    (tmp_path / "site_admin.py").write_text(OWN.format(name="DecisionAccessTokenAdmin", other=""))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "OJG_"))}
    package = Path(oauth_jwt_grant.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        env=kept
        | {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": f"{tmp_path}{os.pathsep}{package}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "AccessTokenDecisionMixin" in done.stdout
    assert ("AccessTokenAdmin" in done.stdout.split("'")) is (admin_class != "site_app.admin.Ours")
