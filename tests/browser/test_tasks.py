"""The tasks of the control room, done from the admin's index by somebody who has never seen it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import requests
from django.core.cache import cache
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.assertion.errors import KeysUnavailable
from oauth_jwt_grant.models import IssuerKeys, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.presets import get_preset
from oauth_jwt_grant.presets.registry import _presets
from oauth_jwt_grant.trust import key_source_of
from tests.admin.conftest import make_user
from tests.factories import GRANT_TYPE, ISSUER, ec_key, jwks, mint
from tests.jwks_server import Answer, JwksServer
from tests.support import make_application
from tests.vendors.forges import GITHUB
from tests.vendors.site import lead_to, serve

from .operator import Operator, documented

pytestmark = pytest.mark.django_db(transaction=True)
TRUST, GLANCE = "trust a repository on GitHub Actions", "see whether every issuer is healthy"
ACCOUNT = "make a service account and download its key file"
TRUST_JWT = "trust the issuer of a JWT that you have"
IMPORT = "import linked subjects"
EXPLAIN, REVOKE = "find out why an assertion is refused", "disable an issuer and revoke its tokens"


@pytest.fixture
def operate(browser):
    """Give an operator at the admin's index, with whatever there is by then."""
    return lambda: Operator(browser)


def post(browser, assertion, **client):
    """Post an assertion as a client does."""
    form = {"grant_type": GRANT_TYPE, "assertion": assertion, **client}
    return requests.post(f"{browser.base}/o/token/", form, timeout=30)


def ask_api(browser, token):
    return requests.get(f"{browser.base}/api/", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def row_of(browser, words):
    """The first row of a list with these words."""
    return next(row for row in browser.find_all("#result_list tbody tr") if words in row.text)


@pytest.fixture
def github(monkeypatch):
    """GitHub's host on the loopback interface, with GitHub's metadata and a key of ours."""
    with serve(GITHUB.hosts) as server:
        lead_to(server, GITHUB.hosts, monkeypatch)
        GITHUB.publish(server)
        yield server


def test_trust_github_actions(browser, operate, github):
    client = {"client_id": make_application("deploy-tool", client_type="public", secret="").client_id}
    assert post(browser, GITHUB.token(), **client).json()["error"] == "invalid_grant"
    operator = operate()
    operator.follow("Add", within=".model-trustedissuer")
    operator.follow("GitHub Actions")
    operator.type("Repository owner id", GITHUB.answers["owner_id"])
    operator.type("Repository id", GITHUB.answers["repository_id"])
    operator.tick(browser.find('[name="rule_scopes"][value="read"]'))
    operator.pick("rule_applications", "deploy-tool")
    operator.press("Trust this issuer")
    assert "GitHub Actions is trusted now." in browser.text
    # The one thing that is not so with the real host: it has a public address and a public certificate.
    TrustedIssuer.objects.update(allow_private_network=True, ca_bundle=github.ca_pem)
    answer = post(browser, GITHUB.token(), **client)
    assert answer.status_code == 200, answer.text
    assert ask_api(browser, answer.json()["access_token"]).json()["scope"] == "read"
    fork = GITHUB.token_of(GITHUB.neighbours["a fork"])
    assert post(browser, fork, **client).json()["error"] == "invalid_grant"
    operator.done(TRUST)


def test_trust_the_issuer_of_a_jwt(browser, operate, github, monkeypatch):
    client = {"client_id": make_application("deploy-tool", client_type="public", secret="").client_id}
    # The one thing that is not so with the real host: it has a public address and a public certificate.
    here = {"allow_private_network": "yes", "ca_bundle": github.ca_pem}
    monkeypatch.setitem(_presets, "github-actions", replace(get_preset("github-actions"), fields=here))
    operator = operate()
    operator.follow("Trusted issuers", within=".model-trustedissuer")
    operator.follow("Test an assertion")
    operator.type("Assertion", GITHUB.token())
    operator.press("Test")
    operator.press("Trust this issuer")
    assert github.requests == []
    operator.tick(browser.find('[name="rule_scopes"][value="read"]'))
    operator.pick("rule_applications", "deploy-tool")
    operator.press("Fetch the keys and verify the JWT")
    assert "has signed it" in browser.text
    operator.press("Trust this issuer")
    assert "GitHub Actions is trusted now." in browser.text
    assert post(browser, GITHUB.token(), **client).status_code == 200
    fork = GITHUB.token_of(GITHUB.neighbours["a fork"])
    assert post(browser, fork, **client).json()["error"] == "invalid_grant"
    operator.done(TRUST_JWT)


def test_make_a_service_account(browser, operate, downloads):
    operator = operate()
    operator.follow("Trusted issuers", within=".model-trustedissuer")
    operator.follow("Add service account")
    operator.type("Name", "nightly")
    operator.type("Scopes", "read")
    operator.press("Make service account")
    operator.tick(browser.find("#ojg-download"))
    (path,) = downloads()
    key_file = json.loads(path.read_text())
    credentials = service_account.Credentials.from_service_account_info(
        {**key_file, "token_uri": f"{browser.base}/o/token/"}
    )
    credentials.refresh(Request())
    assert ask_api(browser, credentials.token).json()["user"] == key_file["client_email"]
    operator.done(ACCOUNT)


def test_import_linked_subjects(browser, operate, issuer):
    issuer.rules.create(name="people", client_policy="anonymous", subject_policy="linked", scopes="read")
    users = [make_user(name).get_username() for name in ("alice", "bob")]
    assertion = {"sub": "project-12"}
    assert post(browser, mint(ec_key(), **assertion)).json()["error"] == "invalid_grant"
    operator = operate()
    operator.follow("Linked subjects", within=".model-linkedsubject")
    operator.follow("Import")
    lines = [f"{ISSUER},project-{number},{user}" for number, user in zip((12, 13), users, strict=True)]
    operator.type("Text", "\n".join(["issuer,subject,user", *lines]))
    operator.press("Preview")
    assert not LinkedSubject.objects.exists()
    operator.press("Import 2 links")
    assert "Imported. Added: 2" in browser.text
    token = post(browser, mint(ec_key(), **assertion)).json()["access_token"]
    assert ask_api(browser, token).json()["user"] == users[0]
    operator.done(IMPORT)


@pytest.fixture
def three():
    """An issuer whose keys are fresh, one whose keys are stale, and one that fails."""
    with JwksServer() as server:
        server.publish(jwks(ec_key())["keys"][0])
        made = {
            name: TrustedIssuer.objects.create(
                name=name,
                issuer=f"https://{name.lower()}.example",
                key_source="jwks_url",
                jwks_url=server.url(),
                ca_bundle=server.ca_pem,
                allow_private_network=True,
            )
            for name in ("Stale", "Failing", "Fine")
        }
        for issuer in made.values():
            issuer.rules.create(
                name="all", client_policy="anonymous", subject_policy="no_user", scopes="read"
            )
        key_source_of(made["Stale"]).refresh()
        cache.clear()
        IssuerKeys.objects.update(expires_at=1_700_000_000)
        key_source_of(made["Failing"]).refresh()
        key_source_of(made["Fine"]).refresh()
        server.answers["/jwks"] = Answer(status=500)
        with pytest.raises(KeysUnavailable):
            key_source_of(made["Failing"]).refresh()
        yield made


def test_see_at_a_glance_who_is_healthy(browser, operate, three):
    operator = operate()
    operator.follow("Trusted issuers", within=".model-trustedissuer")
    seen = {name: row_of(browser, name).find_element("css selector", ".field-keys") for name in three}
    assert "failing since" in seen["Failing"].text
    assert "stale since" in seen["Stale"].text
    assert seen["Fine"].text == "fresh, 1 key"
    # Without scrolling, and distinguished by colour as well.
    bottom = browser.driver.execute_script("return window.innerHeight")
    assert all(cell.rect["y"] + cell.rect["height"] < bottom for cell in seen.values())
    colour = "return getComputedStyle(arguments[0].querySelector('.ojg-state'), '::before').color"
    assert len({browser.driver.execute_script(colour, cell) for cell in seen.values()}) == 3
    browser.shoot("glance", height=900)
    operator.done(GLANCE)


def test_find_out_why_a_jwt_is_refused(browser, operate, issuer, rule):
    assert post(browser, mint(ec_key())).status_code == 200
    partners = mint(ec_key(), aud="https://as.example.org")
    assert post(browser, partners).status_code == 400
    assert post(browser, mint(ec_key())).status_code == 200
    operator = operate()
    operator.follow("Decisions", within=".model-decision")
    operator.leave_by(row_of(browser, "refused").find_element("css selector", ".field-exact_time a"))
    assert "aud names none of this server's identifiers" in browser.find(".ojg-explained").text
    assert "Have the client ask its issuer for the right audience" in browser.find(".ojg-advice").text
    operator.follow("Test the assertion")
    operator.type("Assertion", partners)
    operator.press("Test")
    wrong = browser.find(".ojg-row-off").text
    assert "https://as.example.org" in wrong
    assert "https://as.example.com" in wrong
    operator.done(EXPLAIN)


def test_disable_and_revoke(browser, operate, issuer, rule):
    token = post(browser, mint(ec_key())).json()["access_token"]
    assert ask_api(browser, token).status_code == 200
    operator = operate()
    operator.follow("Trusted issuers", within=".model-trustedissuer")
    operator.tick(row_of(browser, issuer.name).find_element("css selector", "input.action-select"))
    operator.choose(
        browser.find('[name="action"]'), "Disable selected trusted issuers and revoke all their tokens"
    )
    operator.leave_by(browser.find('button[name="index"]'))  # "Go", and in Django 6.1 "Run"
    assert "1 token will be revoked" in browser.text
    operator.press("Disable and revoke")
    # What django-oauth-toolkit's own view answers to a token that it does not know.
    assert ask_api(browser, token).status_code == 403
    assert post(browser, mint(ec_key())).json()["error"] == "invalid_grant"
    assert not get_access_token_model().objects.exists()
    operator.done(REVOKE)


def test_table_has_these_tasks():
    assert list(documented()) == [TRUST, TRUST_JWT, ACCOUNT, IMPORT, GLANCE, EXPLAIN, REVOKE]
