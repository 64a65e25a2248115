"""The commands and programs that the admin shows to those who write clients, run as they stand."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import shutil
import sys

import pytest
from django.core.management import call_command
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant.admin.clients import for_clients, google_example
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account
from tests.factories import ec_key, jwks, mint

GITHUB = "https://token.actions.githubusercontent.com"


def rule_for(site, client_policy="listed", door="authorization_grant"):
    """A rule of GitHub's for the client that is there, and an assertion that it matches."""
    issuer = TrustedIssuer.objects.create(name="CI", issuer=GITHUB, key_source="inline", jwks=jwks(ec_key()))
    vault = get_application_model().objects.get(client_id="vault")
    rule = GrantRule.objects.create(
        issuer=issuer,
        name="r",
        accepted_as=[door],
        client_policy=client_policy,
        subject_policy="no_user",
        scopes="read write",
        allow_any_tenant=True,  # another customer of the vendor is no matter here
        default_application=vault if door == "client_assertion" else None,
    )
    rule.applications.set([vault])
    return rule, mint(ec_key(), iss=GITHUB, aud=site.url)


def answer_of(site, *command, **environment):
    """What the token endpoint said to a program: the last line that it prints."""
    done = site.run(*command, **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("google_audience", [True, False])
def test_python_with_the_key_file(site, needs, google_audience):
    needs("google.auth")
    token_uri = f"{site.url}/o/token/"
    issued = create_service_account(
        "bot", scopes="read write", token_uri=token_uri, google_audience=google_audience
    )
    (site.folder / "bot.json").write_text(issued.text)
    path = site.folder / "program.py"
    program = google_example(issued.issuer, token_uri, "bot.json")
    path.write_text(program + '\nprint(\'{"access_token": "%s"}\' % access_token)\n')
    answer = answer_of(site, sys.executable, "-W", "ignore", str(path))
    checksum = hashlib.sha256(answer["access_token"].encode()).hexdigest()
    assert get_access_token_model().objects.get(token_checksum=checksum).scope == "read write"


GOOGLE = """
import google.auth, google.auth.transport.requests
credentials, _ = google.auth.load_credentials_from_file("external_account.json", scopes=["read"])
credentials.refresh(google.auth.transport.requests.Request())
print('{"access_token": "%s"}' % credentials.token)
"""


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
@pytest.mark.parametrize("client_policy", ["listed", "anonymous"])
def test_google_auth_reads_the_credential_file(site, needs, settings, client_policy):
    needs("google.auth")
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": ["subject_token"]}
    _, assertion = rule_for(site, client_policy=client_policy, door="subject_token")
    file = site.folder / "external_account.json"
    call_command("createserviceaccount", GITHUB, "--external-account", "token.jwt", stdout=io.StringIO())
    content = json.loads(file.read_text())
    if client_policy == "listed":
        assert (content["client_id"], content["client_secret"]) == ("vault", "")
        file.write_text(json.dumps(content | {"client_secret": "the-secret-of-vault"}))
    (site.folder / "token.jwt").write_text(assertion)
    (site.folder / "program.py").write_text(GOOGLE)
    answer = answer_of(site, sys.executable, "-W", "ignore", "program.py")
    checksum = hashlib.sha256(answer["access_token"].encode()).hexdigest()
    assert get_access_token_model().objects.get(token_checksum=checksum).scope == "read"


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="not on this cell: no curl")
@pytest.mark.parametrize(
    ("client_policy", "client_type", "door"),
    [
        ("listed", "confidential", "authorization_grant"),
        ("listed", "public", "authorization_grant"),
        ("anonymous", "confidential", "authorization_grant"),
        ("listed", "confidential", "subject_token"),
        ("listed", "confidential", "client_assertion"),
    ],
)
def test_curl(site, settings, client_policy, client_type, door):
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [door]}
    get_application_model().objects.filter(client_id="vault").update(client_type=client_type)
    rule, assertion = rule_for(site, client_policy=client_policy, door=door)
    shown = for_clients(rule.issuer, f"{site.url}/o/token/")
    command = html.unescape(re.search(r"<pre.*?>(.*?)</pre>", shown, re.S)[1])
    assert ("CLIENT_SECRET" in command) == (
        (client_policy, client_type) == ("listed", "confidential") and door != "client_assertion"
    )
    environment = {"ASSERTION": assertion, "CLIENT_SECRET": "the-secret-of-vault"}
    answer = answer_of(site, "bash", "-euo", "pipefail", "-c", command, **environment)
    assert answer["scope"] == "read write"
