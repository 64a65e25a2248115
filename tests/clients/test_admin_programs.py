"""The programs that an issuer's page shows, run as they stand."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
from urllib.parse import quote

import pytest
from django.core.management import call_command
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant.admin.clients import client_examples
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account
from tests.factories import ec_key, jwks, mint
from tests.jwks_server import JwksServer, json_answer

GITHUB = "https://token.actions.githubusercontent.com"


def programs_of(site, iss=GITHUB, client_policy="listed", door="authorization_grant"):
    issuer = TrustedIssuer.objects.create(name="CI", issuer=iss, key_source="inline", jwks=jwks(ec_key()))
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
    environment = {"ASSERTION": mint(ec_key(), iss=iss, aud=site.url)}
    if client_policy != "anonymous" and door != "client_assertion":
        environment |= {"CLIENT_ID": "vault", "CLIENT_SECRET": "the-secret-of-vault"}
    return dict(client_examples(issuer, f"{site.url}/o/token/")), environment


def answer_of(site, *command, **environment):
    """What the token endpoint said to a program: the last line that it prints."""
    done = site.run(*command, **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("client_policy", ["listed", "anonymous"])
def test_python(site, needs, client_policy):
    needs("requests")
    programs, environment = programs_of(site, client_policy=client_policy)
    path = site.folder / "program.py"
    path.write_text(programs["Python"] + "\nprint(answer.text)\n")
    answer = answer_of(site, sys.executable, "-W", "ignore", str(path), **environment)
    assert answer["scope"] == "read write"
    again = site.run(sys.executable, "-W", "ignore", str(path), **environment)
    assert "invalid_grant" in again.stderr


@pytest.mark.parametrize("google_audience", [True, False])
def test_python_with_the_key_file(site, needs, google_audience):
    needs("google.auth")
    token_uri = f"{site.url}/o/token/"
    issued = create_service_account(
        "bot", scopes="read write", token_uri=token_uri, google_audience=google_audience
    )
    (site.folder / "bot.json").write_text(issued.text)
    program = dict(client_examples(issued.issuer, token_uri))["Python, with the key file"]
    path = site.folder / "program.py"
    path.write_text(program + '\nprint(\'{"access_token": "%s"}\' % access_token)\n')
    answer = answer_of(site, sys.executable, "-W", "ignore", str(path))
    checksum = hashlib.sha256(answer["access_token"].encode()).hexdigest()
    assert get_access_token_model().objects.get(token_checksum=checksum).scope == "read write"


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
@pytest.mark.parametrize("door", ["subject_token", "client_assertion"])
def test_python_at_the_other_doors(site, needs, settings, door):
    needs("requests")
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [door]}
    programs, environment = programs_of(site, door=door)
    path = site.folder / "program.py"
    path.write_text(programs["Python"] + "\nprint(answer.text)\n")
    answer = answer_of(site, sys.executable, "-W", "ignore", str(path), **environment)
    assert answer["scope"] == "read write"


GOOGLE = """
import google.auth, google.auth.transport.requests
credentials, _ = google.auth.load_credentials_from_file("external_account.json", scopes=["read"])
credentials.refresh(google.auth.transport.requests.Request())
print('{"access_token": "%s"}' % credentials.token)
"""


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
@pytest.mark.parametrize("client_policy", ["listed", "anonymous"])
@pytest.mark.parametrize("by", ["command", "page"])
def test_google_auth_reads_the_credential_file(site, needs, settings, client_policy, by):
    needs("google.auth")
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": ["subject_token"]}
    programs, environment = programs_of(site, client_policy=client_policy, door="subject_token")
    file = site.folder / "external_account.json"
    if by == "page":
        file.write_text(programs["Credential file for Google's libraries (external_account)"])
    else:
        call_command("createserviceaccount", GITHUB, "--external-account", "token.jwt", stdout=io.StringIO())
    content = json.loads(file.read_text())
    if client_policy == "listed":
        assert (content["client_id"], content["client_secret"]) == ("vault", "")
        file.write_text(json.dumps(content | {"client_secret": "the-secret-of-vault"}))
    (site.folder / "token.jwt").write_text(environment["ASSERTION"])
    (site.folder / "program.py").write_text(GOOGLE)
    answer = answer_of(site, sys.executable, "-W", "ignore", "program.py")
    checksum = hashlib.sha256(answer["access_token"].encode()).hexdigest()
    assert get_access_token_model().objects.get(token_checksum=checksum).scope == "read"


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl"))), reason="not on this cell: no curl")
@pytest.mark.parametrize("client_policy", ["listed", "anonymous"])
def test_curl(site, client_policy):
    programs, environment = programs_of(site, client_policy=client_policy)
    answer = answer_of(site, "bash", "-euo", "pipefail", "-c", programs["curl"], **environment)
    assert answer["scope"] == "read write"


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="not on this cell: no curl or jq"
)
def test_steps_of_the_pipelines(site, needs):
    needs("yaml")
    import yaml

    programs, environment = programs_of(site)
    job = yaml.safe_load(programs["GitHub Actions"])["jobs"]["call-api"]["steps"][0]
    kept = site.folder / "github.env"
    with JwksServer() as server:
        # curl has written its escapes in either case.
        for escaped in (
            quote(site.url, safe=""),
            quote(site.url, safe="").replace("%3A", "%3a").replace("%2F", "%2f"),
        ):
            server.answers[f"/?v=2&audience={escaped}"] = json_answer({"value": environment["ASSERTION"]})
        environment |= {
            **{name: value for name, value in job["env"].items() if "${{" not in value},
            "ACTIONS_ID_TOKEN_REQUEST_URL": server.url("/?v=2"),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
            "GITHUB_ENV": str(kept),
        }
        environment["AUDIENCE"] = site.url
        done = site.run("bash", "-eo", "pipefail", "-c", job["run"], **environment)
    assert done.returncode == 0, done.stderr
    assert kept.read_text().startswith("ACCESS_TOKEN=")
    assert "::add-mask::" in done.stdout
    assert json.dumps(environment["ASSERTION"]) not in done.stdout
