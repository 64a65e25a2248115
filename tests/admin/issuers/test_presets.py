"""Trusting a well-known issuer: choose, answer, done."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.urls import reverse

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import all_presets
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in
from tests.factories import rsa_key
from tests.presets.test_presets import answers_for, application_for
from tests.support import cases

ADD = reverse("admin:oauth_jwt_grant_trustedissuer_add")
FORM = "preset_form"
GITHUB = {"owner_id": "90210", "repository_id": "770123456", "rule_scopes": "read"}


def url_of(key):
    return reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=[key])


def answer(page, key, follow=False, **answers):
    return page.post(url_of(key), fill_in(page.get(url_of(key)), FORM, **answers), follow=follow)


def text_of(response):
    content = response.content.decode().partition('id="content-main"')[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


def test_presets_come_first_and_the_whole_form_is_a_click_away(page):
    content = page.get(ADD).content.decode()
    for preset in all_presets():
        assert f'href="{url_of(preset.key)}"' in content
    assert f"{ADD}?enabled=on" in content
    assert 'id="trustedissuer_form"' in page.get(f"{ADD}?enabled=on").content.decode()


def test_two_numbers_and_a_scope_trust_a_repository(page, operator):
    response = answer(page, "github-actions", follow=True, **GITHUB)
    issuer = TrustedIssuer.objects.get()
    change = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    assert response.redirect_chain == [(change, 302)]
    assert "GitHub Actions is trusted now." in response.content.decode()
    rule = issuer.rules.get()
    assert (rule.scopes, rule.client_policy, rule.subject_policy) == ("read", "listed", "no_user")
    history = LogEntry.objects.order_by("pk").values_list("user", "change_message")
    assert [user for user, _message in history] == [operator.pk, operator.pk]
    assert "repository_id is '770123456'" in history[1][1]


@cases("preset", [pytest.param(preset, id=preset.key) for preset in all_presets()])
def test_every_preset_can_be_answered(page, preset):
    program = application_for(preset)
    answers = {**answers_for(preset), "issuer_name": "Mine", "rule_scopes": "read"}
    answers["rule_default_application"] = program.pk if program else ""
    assert answer(page, preset.key, **answers).status_code == 302
    assert TrustedIssuer.objects.get().name == "Mine"


@pytest.mark.parametrize("missing", ["owner_id", "repository_id"])
def test_without_the_claim_that_pins_nothing_is_saved(page, missing):
    response = answer(page, "github-actions", **{**GITHUB, missing: ""})
    assert missing in response.context["form"].errors
    assert not TrustedIssuer.objects.exists()


@cases(
    ("changes", "field"),
    [
        ({"owner_id": "acme"}, "owner_id"),
        ({"rule_scopes": ""}, "rule_scopes"),
        ({"rule_subject_policy": "service_user"}, "rule_user"),
        ({"issuer": "http://ghe.example"}, "issuer"),
        ({"issuer": "https://as.example.com"}, "issuer"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(page, changes, field):
    response = answer(page, "github-actions", **{**GITHUB, **changes})
    assert list(response.context["form"].errors) == [field]
    assert not TrustedIssuer.objects.exists()


def test_second_repository_is_one_rule_more(page):
    answer(page, "github-actions", **GITHUB)
    response = answer(page, "github-actions", follow=True, **{**GITHUB, "repository_id": "2"})
    assert "was trusted already and has one rule more now" in html.unescape(response.content.decode())
    assert TrustedIssuer.objects.get().rules.count() == 2
    # The very same one again has the same name.
    response = answer(page, "github-actions", **GITHUB)
    assert response.context["form"].non_field_errors()


def test_application_and_user_are_chosen_on_the_way(page, application):
    robot = make_user("robot")
    url = url_of("github-actions")
    data = fill_in(page.get(url), FORM, **GITHUB, rule_subject_policy="service_user", rule_user=robot.pk)
    page.post(url, {**data, "rule_applications": [application.pk]})
    rule = GrantRule.objects.get()
    assert (rule.user, list(rule.applications.all())) == (robot, [application])


@pytest.mark.parametrize("host", ["as.example.com", "invalid"])
def test_robot_user_is_made_with_the_rule(page, settings, host):
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [f"https://{host}/o/token/"] if host != "invalid" else ["us"]}
    response = answer(page, "github-actions", follow=True, **GITHUB, rule_name="Nightly", rule_robot="on")
    rule = GrantRule.objects.get()
    robot = get_user_model().objects.exclude(is_staff=True).get()
    assert (rule.user, rule.subject_policy) == (robot, "service_user")
    assert robot.get_username() == f"nightly@robots.{host}"
    assert robot.is_authenticated
    assert robot.is_active
    assert not robot.is_superuser
    assert not robot.has_usable_password()
    assert f"The user of its tokens is new: nightly@robots.{host}." in response.content.decode()
    assert LogEntry.objects.filter(object_id=robot.pk, change_message="Added with the rule Nightly.").exists()


@pytest.mark.parametrize(
    ("changes", "audience", "words"),
    [
        ({}, "us", "There is a user nightly@robots.invalid already"),
        ({}, f"https://{'a.' * 120}example", "A new user cannot be made"),
        ({"rule_subject_policy": "linked"}, "us", "another user's"),
    ],
)
def test_robot_user_that_cannot_be_is_told_and_nothing_is_saved(page, settings, changes, audience, words):
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [audience]}
    get_user_model().objects.create_user("nightly@robots.invalid")
    before = get_user_model().objects.count()
    asked = {**GITHUB, "rule_name": "Nightly", "rule_robot": "on", **changes}
    errors = answer(page, "github-actions", **asked).context["form"].errors
    assert words in errors["rule_robot"][0]
    assert not TrustedIssuer.objects.exists()
    assert get_user_model().objects.count() == before


def test_user_is_chosen_or_made_and_not_both(page):
    asked = {"rule_subject_policy": "service_user", "rule_user": make_user("bot").pk, "rule_robot": "on"}
    assert "rule_robot" in answer(page, "github-actions", **GITHUB, **asked).context["form"].errors


def test_user_is_not_left_over_where_the_rule_fails(page):
    answer(page, "github-actions", **GITHUB)
    before = get_user_model().objects.count()
    # The very same rule again: its name is taken.
    response = answer(page, "github-actions", **GITHUB, rule_robot="on")
    assert response.context["form"].non_field_errors()
    assert get_user_model().objects.count() == before


def test_robot_user_takes_the_permission_to_add_users(page_of):
    page = page_of("add_trustedissuer", "view_trustedissuer", "add_grantrule")
    url = url_of("github-actions")
    form = page.get(url)
    data = fill_in(form, FORM, **GITHUB)
    assert "rule_robot" not in data
    page.post(url, {**data, "rule_robot": "on"})
    assert (GrantRule.objects.get().subject_policy, GrantRule.objects.get().user) == ("no_user", None)


def test_id_jag_links_subjects(page):
    assert "rule_robot" not in fill_in(page.get(url_of("id-jag")), FORM)
    assert fill_in(page.get(url_of("id-jag")), FORM)["rule_subject_policy"] == ["linked"]


def test_private_key_pasted_by_mistake_is_not_sent_back(page):
    answers = {"issuer": "robot", "jwks": rsa_key().private_pem(), "rule_scopes": "read"}
    response = answer(page, "service-account", **answers)
    assert "private key" in " ".join(response.context["form"].errors["jwks"])
    assert "PRIVATE KEY" not in response.content.decode()
    assert response.wsgi_request.sensitive_post_parameters == "__ALL__"


def test_unknown_preset_is_not_found(page):
    assert page.get(url_of("nobody")).status_code == 404


def test_presets_take_both_permissions(page_of):
    half = page_of("add_trustedissuer", "view_trustedissuer")
    assert half.get(url_of("github-actions")).status_code == 403
    assert 'id="trustedissuer_form"' in half.get(ADD).content.decode()
    both = page_of("add_trustedissuer", "add_grantrule")
    assert url_of("github-actions") in both.get(ADD).content.decode()


def test_rule_that_pins_no_customer_of_a_shared_issuer_is_pointed_out(page):
    answer(page, "github-actions", **GITHUB)
    issuer = TrustedIssuer.objects.get()
    change = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    assert "customers of the shared issuer" not in text_of(page.get(change))
    issuer.rules.get().conditions.filter(claim__startswith="repository").delete()
    assert "must name customers of the shared issuer by repository_id, repository_owner_id" in text_of(
        page.get(change)
    )


def test_doors_are_chosen_on_the_way(page):
    answer(page, "github-actions", **GITHUB, rule_accepted_as=["subject_token"])
    assert GrantRule.objects.get().accepted_as == ["subject_token"]


def test_rule_is_called_as_the_operator_likes_or_by_what_pins_it(page):
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    for name in ("deploy of the website", ""):
        page.post(url, fill_in(page.get(url), "preset_form", **GITHUB, rule_name=name))
    assert set(GrantRule.objects.values_list("name", flat=True)) == {
        "deploy of the website",
        "90210 770123456",
    }


def test_scopes_of_the_site_are_offered(page, settings):
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "SCOPES": {"read": "Read all", "write": ""}}
    content = page.get(url).content.decode()
    assert re.search(r'type="checkbox" name="rule_scopes" value="read"[^>]*>\s*read: Read all', content)
    assert re.search(r'type="checkbox" name="rule_scopes" value="write"[^>]*>\s*write<', content)
    page.post(url, fill_in(page.get(url), "preset_form", **GITHUB | {"rule_scopes": ["read", "write"]}))
    assert GrantRule.objects.get().scopes == "read write"


@pytest.mark.parametrize("scopes", [{f"s{number}": "" for number in range(41)}, {}], ids=["many", "none"])
def test_scopes_that_cannot_be_listed_are_typed(page, settings, scopes):
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "SCOPES": scopes}
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    assert '<textarea name="rule_scopes"' in page.get(url).content.decode()


class NeedsARequest:
    """A site's own backend that lists nothing without a request."""

    def get_all_scopes(self):
        raise RuntimeError("no request")


def test_scopes_are_typed_where_the_backend_fails(page, settings):
    backend = f"{__name__}.{NeedsARequest.__name__}"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "SCOPES_BACKEND_CLASS": backend}
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    assert '<textarea name="rule_scopes"' in page.get(url).content.decode()


def test_application_can_be_added_on_the_way(page, page_of):
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["github-actions"])
    content = page.get(url).content.decode()
    assert "client_type=public&amp;authorization_grant_type=client-credentials" in content
    assert 'id="add_id_rule_applications"' in content
    # A user can be added where the site has its users in the admin.
    assert ('id="add_id_rule_user"' in content) == admin.site.is_registered(get_user_model())
    mere = page_of("add_trustedissuer", "add_grantrule").get(url).content.decode()
    assert 'id="add_id_rule_applications"' not in mere
