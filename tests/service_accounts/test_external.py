"""``createserviceaccount --external-account``: a credential file that can bring a token, or why not."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from oauth_jwt_grant.models import GrantRule
from tests.support import make_application, make_issuer, make_rule

from .test_service_accounts import run

pytestmark = pytest.mark.django_db

ISS = "https://ci.acme.example"
USUAL = {
    "type": "external_account",
    "audience": "https://as.example.com",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://as.example.com/o/token/",
    "credential_source": {"file": "/run/token"},
}


@pytest.fixture(autouse=True)
def rule(tmp_path, monkeypatch, settings) -> GrantRule:
    """A rule for token exchange by anybody."""
    monkeypatch.chdir(tmp_path)
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"ACCEPTED_AS": ["subject_token"]}
    return make_rule(
        make_issuer(issuer=ISS),
        accepted_as=["subject_token"],
        client_policy="anonymous",
        subject_policy="no_user",
    )


def write(source="/run/token", *arguments, name=ISS):
    result = run("createserviceaccount", name, "--external-account", source, *arguments)
    path = Path("external_account.json")
    return result, json.loads(path.read_text()) if path.exists() else None


def test_a_file_for_anybody():
    result, content = write()
    assert content == USUAL
    assert "client_secret" not in result.out
    assert stat.S_IMODE(Path("external_account.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["http://169.254.169.254/token", "HTTPS://platform.example/token?audience=x"])
def test_a_url_as_the_source(url):
    _, content = write(url)
    assert content == USUAL | {"credential_source": {"url": url}}


@pytest.mark.parametrize(
    ("fields", "members"),
    [
        ({}, {"client_id": "an-app", "client_secret": ""}),
        ({"client_type": "public"}, {"client_id": "an-app"}),
    ],
)
def test_the_first_listed_client_is_named(rule, fields, members):
    rule.client_policy = "listed"
    rule.save()
    rule.applications.set([make_application("b-app"), make_application("an-app", **fields)])
    result, content = write()
    assert content == USUAL | members
    assert ("Fill in client_secret, that of an-app." in result.out) == ("client_secret" in members)


def test_the_first_rule_that_is_for_it(rule):
    rule.pk, rule.position, rule.accepted_as, rule.name = None, 0, [], "grant"
    rule.client_policy = "listed"
    rule.save()
    assert write()[1] == USUAL


def test_a_service_account_by_its_name(settings):
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"ACCEPTED_AS": ["subject_token"]}
    assert run("createserviceaccount", "bot", "--scopes", "read").status == 0
    GrantRule.objects.filter(name="service account").update(accepted_as=["subject_token"])
    assert write(name="bot")[1] == USUAL


@pytest.mark.parametrize(
    "changes", [{"enabled": False}, {"accepted_as": []}, {"accepted_as": ["authorization_grant"]}]
)
def test_no_file_without_a_rule_for_it(rule, changes):
    GrantRule.objects.update(**changes)
    result, content = write()
    assert (result.status, content) == (1, None)
    assert result.err == f"no enabled rule of {ISS} accepts a subject_token: see --accepted-as"


@pytest.mark.parametrize(
    ("name", "source", "settings_of_ours", "words"),
    [
        (ISS, "/run/token", {"ACCEPTED_AS": ["authorization_grant"]}, "ACCEPTED_AS leaves out subject_token"),
        (ISS, "/run/token", {"AUDIENCES": ["https://as.example.com/o/token/"]}, "issuer identifier"),
        (ISS, "", {}, "not a file or URL"),
        (ISS, "token\n", {}, "not a file or URL"),
        (ISS.upper(), "/run/token", {}, "there is no service account"),
    ],
)
def test_no_file_that_could_bring_nothing(settings, name, source, settings_of_ours, words):
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | settings_of_ours
    result, content = write(source, name=name)
    assert (result.status, content) == (1, None)
    assert words in result.err


def test_no_file_for_a_rule_that_admits_no_client(rule):
    GrantRule.objects.update(client_policy="listed")
    result, content = write()
    assert (result.status, content) == (1, None)
    assert "lists no application" in result.err


def test_what_is_of_a_new_account_is_refused():
    result, content = write("/run/token", "--scopes", "read")
    assert (result.status, content) == (1, None)
    assert "only for a new service account" in result.err


def test_a_token_endpoint_without_tls_is_refused():
    result, content = write("/run/token", "--token-uri", "http://as.example.com/o/token/")
    assert (result.status, content) == (1, None)
