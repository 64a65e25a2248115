"""The page "Add service account", and the one page on which the key file is seen."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.signals import got_request_exception
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.service_accounts import GOOGLE_AUDIENCE
from tests.admin.accounts.support import ADD, IDENTIFIER, add_key, ask, key_file_in, make, url_of
from tests.admin.conftest import make_user
from tests.admin.forms import forms_of, said
from tests.support import assert_granted, cases

TOKEN_URI = "https://as.example.com/o/token/"
ADD_USER = f"add_{get_user_model()._meta.model_name}"
NEEDED = ("add_trustedissuer", "add_grantrule", "add_linkedsubject")
MODELS = (TrustedIssuer, GrantRule, LinkedSubject, get_user_model(), LogEntry)


def rows():
    return [model.objects.count() for model in MODELS]


def errors_of(response):
    return response.context["form"].errors


def test_name_and_scopes_make_an_account_whose_key_file_gets_a_token(page):
    response = make(page, scopes="read write")
    assert response.status_code == 200
    key_file = key_file_in(response)
    assert (key_file["client_email"], key_file["token_uri"]) == (IDENTIFIER, TOKEN_URI)
    assert_granted(ask(key_file))
    token = get_access_token_model().objects.get()
    assert (token.user.get_username(), token.scope) == (IDENTIFIER, "read write")
    assert not token.user.has_usable_password()


def test_page_of_the_key_says_what_to_do_and_is_in_no_cache(page):
    response = make(page)
    assert "no-store" in response["Cache-Control"]
    account = TrustedIssuer.objects.get()
    content = response.content.decode()
    assert url_of("change", account) in content
    assert "This is the only copy." in content
    key_file = key_file_in(response)
    file_name = f"bot-{key_file['private_key_id'][:8]}.json"
    assert f'data-name="{file_name}"' in content
    assert f"from_service_account_file( '{file_name}', scopes=['read'] )" in said(response)


def test_all_that_the_form_asks_for(page, application):
    ann = make_user("ann")
    response = make(
        page,
        user=ann.pk,
        default_application=application.pk,
        token_uri="https://login.example.com/token",
        google_audience=None,
    )
    key_file = key_file_in(response)
    assert key_file["token_uri"] == "https://login.example.com/token"
    assert key_file["client_id"] == application.client_id
    account = TrustedIssuer.objects.get()
    assert GOOGLE_AUDIENCE not in account.audiences
    assert "with_claims({'aud': 'https://login.example.com/token'})" in said(response)
    assert account.linked_subjects.get().user == ann
    assert account.rules.get().default_application == application
    assert_granted(ask(key_file))


def test_form_shows_the_token_endpoint_and_the_identifier_that_the_settings_tell(page, settings):
    form = forms_of(page.get(ADD))["account_form"]
    assert form["token_uri"] == [TOKEN_URI]
    assert form["google_audience"] == ["on"]
    assert "nightly@service-accounts.as.example.com" in said(page.get(ADD))
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": []}
    assert forms_of(page.get(ADD))["account_form"]["token_uri"] == [""]
    assert "nightly@" not in said(page.get(ADD))
    assert list(errors_of(make(page))) == ["token_uri"]
    response = make(page, token_uri=TOKEN_URI)
    assert key_file_in(response)["token_uri"] == TOKEN_URI


@cases(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Bot"}, "name"),
        ({"name": "b" * 64}, "name"),
        ({"name": "bot@service-accounts.as.example.com"}, "name"),
        ({"scopes": ""}, "scopes"),
        ({"scopes": 'rea"d'}, "scopes"),
        ({"token_uri": "http://as.example.com/o/token/"}, "token_uri"),
        ({"token_uri": "https://[as.example.com/"}, "token_uri"),
        ({"token_uri": "https://as.example.com/o/ token/"}, "token_uri"),
        ({"token_uri": "https://as.example.com/o/token/#x"}, "token_uri"),
        ({"token_uri": ""}, "token_uri"),
        ({"user": "999999"}, "user"),
        ({"default_application": "999999"}, "default_application"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_leaves_nothing_behind(page, changes, field):
    before = rows()
    response = make(page, **changes)
    assert list(errors_of(response)) == [field]
    assert key_file_in(response) is None
    assert rows() == before


def test_terms_that_the_issuer_cannot_have_are_said_above_the_form(page, settings):
    # The server itself, which is no issuer of grants.
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": ["https://as.example.com", IDENTIFIER]}
    response = make(page, token_uri=TOKEN_URI)
    assert "the server itself" in " ".join(errors_of(response)["__all__"])
    assert not TrustedIssuer.objects.exists()


def test_second_account_of_that_name_is_refused(page):
    make(page)
    before = rows()
    response = make(page)
    assert "already" in " ".join(errors_of(response)["name"])
    assert key_file_in(response) is None
    assert rows() == before


def test_of_two_at_the_same_moment_one_is_refused(page):
    """Between the look for an account of that name and the row there is a moment."""

    def be_quicker(sender, instance, **kwargs):
        if instance.issuer == IDENTIFIER:
            twin = TrustedIssuer(issuer=IDENTIFIER, key_source="inline", jwks=instance.jwks)
            TrustedIssuer.objects.bulk_create([twin])

    pre_save.connect(be_quicker, sender=TrustedIssuer)
    try:
        response = make(page)
    finally:
        pre_save.disconnect(be_quicker, sender=TrustedIssuer)
    assert "already" in " ".join(errors_of(response)["name"])


def test_user_who_is_there_is_not_taken_over_unless_chosen(page):
    user = get_user_model()(**{get_user_model().USERNAME_FIELD: IDENTIFIER})
    user.save()
    assert "already" in " ".join(errors_of(make(page))["user"])
    assert key_file_in(make(page, user=user.pk))


def test_user_whom_the_site_would_not_have_is_said_at_the_field(page, settings):
    # As long as an issuer can be, and no user name.
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [f"https://{'a.' * 113}examples"]}
    response = make(page, token_uri=TOKEN_URI)
    assert "A new user cannot be made, so name one" in " ".join(errors_of(response)["user"])
    assert not TrustedIssuer.objects.exists()


def test_history_has_all_of_it_and_no_key(page, operator):
    key_file = key_file_in(make(page))
    account = TrustedIssuer.objects.get()
    entries = LogEntry.objects.order_by("pk")
    assert [entry.get_edited_object() for entry in entries] == [
        account,
        account.rules.get(),
        account.linked_subjects.get(),
        account.linked_subjects.get().user,
    ]
    assert {(entry.user, entry.action_flag) for entry in entries} == {(operator, 1)}
    assert key_file["private_key_id"] in entries[0].change_message
    assert "PRIVATE KEY" not in repr([*entries.values()])


def test_history_of_a_user_who_was_there_has_nothing(page):
    make(page, user=make_user("ann").pk)
    assert LogEntry.objects.count() == 3


def test_key_is_kept_nowhere(page, caplog, monkeypatch):
    kept = []
    for write in ("set", "add", "set_many"):
        monkeypatch.setattr(cache, write, lambda *args, **kwargs: kept.append((args, kwargs)) or [])
    caplog.set_level(logging.DEBUG)
    responses = [make(page), add_key(page, TrustedIssuer.objects.get())]
    secret = [key_file_in(response)["private_key"].splitlines()[3] for response in responses]
    everything = [
        *(list(model.objects.values()) for model in (*MODELS, Decision)),
        [session.get_decoded() for session in Session.objects.all()],
        [dict(response.headers) | {"cookies": str(response.cookies)} for response in responses],
        kept,
        caplog.text,
    ]
    for part in (*secret, "PRIVATE KEY"):
        assert part not in json.dumps(everything, default=str)
    assert "PRIVATE KEY" not in page.get(url_of("change", TrustedIssuer.objects.get())).content.decode()
    assert key_file_in(page.get(ADD)) is None


def test_account_needs_all_the_permissions(page_of):
    assert key_file_in(make(page_of(*NEEDED, ADD_USER)))
    for missing in NEEDED:
        other = page_of(*{*NEEDED, ADD_USER} - {missing})
        assert other.get(ADD).status_code == 403
        assert other.post(ADD, {"name": "b", "scopes": "read"}).status_code == 403


def test_without_the_permission_to_add_users_one_has_to_be_chosen(page_of):
    page = page_of(*NEEDED)
    assert "You may not add users" in " ".join(errors_of(make(page))["user"])
    assert not TrustedIssuer.objects.exists()
    # A user who is there may be chosen by those who may change this user.
    page = page_of(*NEEDED, f"change_{get_user_model()._meta.model_name}")
    assert key_file_in(make(page, user=make_user("ann").pk))


def test_post_without_the_token_of_the_form_is_refused(operator):
    page = Client(enforce_csrf_checks=True)
    page.force_login(operator)
    assert page.post(ADD, {"name": "bot", "scopes": "read", "token_uri": TOKEN_URI}).status_code == 403
    assert not TrustedIssuer.objects.exists()


def test_looking_changes_nothing(page):
    before = rows()
    page.get(ADD, {"name": "bot", "scopes": "read", "token_uri": TOKEN_URI})
    assert rows() == before


def test_ways_to_the_page_are_for_those_who_may(page_of):
    places = [
        reverse("admin:oauth_jwt_grant_trustedissuer_changelist"),
        reverse("admin:oauth_jwt_grant_trustedissuer_add"),
    ]
    for place in places:
        assert ADD in page_of(*NEEDED, "view_trustedissuer").get(place).content.decode()
        assert ADD not in page_of(*NEEDED[:2], "view_trustedissuer").get(place).content.decode()


@pytest.fixture
def broken_page(settings, tmp_path):
    """A site whose own template of the page fails, at the moment at which the key is at hand."""
    place = tmp_path / "admin" / "oauth_jwt_grant" / "trustedissuer"
    place.mkdir(parents=True)
    (place / "key_file.html").write_text("{{ issued.text|upper|slice:':3'|divisibleby:issued.text }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]


@pytest.mark.usefixtures("broken_page")
def test_account_whose_key_cannot_be_shown_is_not_made(page):
    page.raise_request_exception = False
    before = rows()
    assert make(page).status_code == 500
    assert rows() == before


@pytest.mark.usefixtures("broken_page")
def test_error_report_that_is_mailed_does_not_show_the_key(page):
    reports = []

    def report(request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info(), is_email=True)
        reports.extend((reporter.get_traceback_html(), reporter.get_traceback_text()))

    page.raise_request_exception = False
    got_request_exception.connect(report)
    try:
        assert make(page).status_code == 500
    finally:
        got_request_exception.disconnect(report)
    assert len(reports) == 2
    assert all("ValueError" in text for text in reports)
    assert not any("PRIVATE KEY" in text for text in reports)


def test_error_page_of_a_developer_does_not_show_the_key(page, settings):
    """With ``DEBUG`` Django shows every local variable: there is none with the key in it."""

    def fail(sender, **kwargs):
        raise RuntimeError("a bug of the site")

    settings.DEBUG = True
    page.raise_request_exception = False
    pre_save.connect(fail, sender=LogEntry)
    try:
        response = page.post(ADD, {"name": "bot", "scopes": "read", "token_uri": TOKEN_URI})
    finally:
        pre_save.disconnect(fail, sender=LogEntry)
    text = response.content.decode()
    assert response.status_code == 500
    assert "IssuedKey(issuer=" in text  # the variables are shown
    assert "-----BEGIN" not in text
