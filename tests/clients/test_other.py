"""curl, and client libraries for Node.js, by the programs of the manual."""

from __future__ import annotations

import ast

import pytest

from oauth_jwt_grant.models import GrantRule, TrustedIssuer

from .test_debian import ACCOUNT
from .test_python import USUAL, assert_bound, assert_used_up, switch_dpop_on


def test_curl_and_openssl(site, needs):
    needs("$bash", "$curl", "$openssl")
    site.set_up(USUAL)
    assert site.answer("curl and openssl", "sh") == {"user": "bot", "client_id": "tool", "scope": "read"}
    assert_used_up(site)


@pytest.mark.parametrize("library", ["google-auth-library", "gtoken"])
def test_service_account(site, needs, library):
    needs("$node", f"npm:{library}")
    title = f"{library} (Node.js)"
    site.set_up(title)
    assert site.answer(title, "js") == ACCOUNT
    assert site.repeat()[0] == 200


@pytest.mark.parametrize(
    ("library", "package", "client_id"),
    [
        ("openid-client", "openid-client", "tool"),
        ("oauth4webapi", "oauth4webapi", "vault"),
        ("xssec", "@sap/xssec", "vault"),
        ("client-oauth2", "client-oauth2", "tool"),
    ],
)
def test_with_the_usual_issuer(site, needs, library, package, client_id):
    needs("$node", f"npm:{package}")
    site.set_up(USUAL)
    answer = site.answer(f"{library} (Node.js)", "js")
    assert answer == {"user": "bot", "client_id": client_id, "scope": "read"}
    assert_used_up(site)


@pytest.mark.parametrize(
    ("library", "package", "client_id"),
    [
        ("Box SDK", "box-node-sdk", "vault"),
        ("DocuSign SDK", "docusign-esign", None),
        ("salesforce-jwt-bearer-token-flow", "salesforce-jwt-bearer-token-flow", None),
    ],
)
def test_with_an_issuer_of_its_own(site, needs, library, package, client_id):
    needs("$node", f"npm:{package}")
    title = f"{library} (Node.js)"
    site.set_up(title)
    assert site.answer(title, "js") == {"user": "bot", "client_id": client_id, "scope": "read"}
    assert_used_up(site)


def test_mcp(site, needs, settings):
    needs("$node", "npm:@modelcontextprotocol/client")
    title = "MCP TypeScript SDK"
    _, _, written = site.program(title, "").partition("OAUTH2_PROVIDER = ")
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | ast.literal_eval(written)
    site.set_up(title)
    assert site.answer(title, "js") == {"user": "bot", "client_id": "vault", "scope": "read"}


@pytest.mark.parametrize(("library", "client_id"), [("openid-client", "tool"), ("oauth4webapi", "vault")])
def test_a_token_that_is_bound_to_a_key(site, needs, settings, library, client_id):
    needs("$node", f"npm:{library}")
    switch_dpop_on(settings)
    site.set_up(USUAL)
    answer = site.answer(f"{library} (Node.js)", "js", 1)
    assert answer == {"user": "bot", "client_id": client_id, "scope": "read"}
    assert_bound(site)
    assert_used_up(site)


@pytest.mark.parametrize("site", ["asgi"], indirect=True)
def test_a_chunked_body_under_asgi(site, needs):
    needs("$node", "npm:jsforce")
    site.set_up("jsforce (Node.js)")
    answer = site.answer("jsforce (Node.js)", "js")
    assert answer == {"user": "bot", "client_id": None, "scope": "read"}
    assert site.last.headers["Transfer-Encoding"] == "chunked"
    assert_used_up(site)


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
def test_a_chunked_body_is_empty_under_wsgi(site, needs):
    needs("$node", "npm:jsforce")
    site.set_up("jsforce (Node.js)")
    done = site.run_program("jsforce (Node.js)", "js")
    assert done.returncode != 0
    assert "unsupported_grant_type" in done.stderr + done.stdout
    assert site.last.headers["Transfer-Encoding"] == "chunked"


MSAL = "msal-node (Node.js)"
MSAL_SCOPES = "read openid profile offline_access"


@pytest.fixture
def msal_site(site, needs, settings):
    """A site with the three scopes that msal adds."""
    needs("$node", "npm:@azure/msal-node")
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {
        "SCOPES": dict.fromkeys(("write", *MSAL_SCOPES.split()), "A scope")
    }
    site.set_up(MSAL)
    return site


def test_msal_on_behalf_of(msal_site):
    answer = msal_site.answer(MSAL, "js")
    assert answer == {"user": "bot", "client_id": "vault", "scope": MSAL_SCOPES}
    sent = msal_site.posted()
    assert sent["scope"] == MSAL_SCOPES
    assert sent["requested_token_use"] == "on_behalf_of"
    assert msal_site.last.path == f"/o/token/?client-request-id={sent['client-request-id']}"
    assert_used_up(msal_site)


def test_msals_scopes_bring_neither_an_id_token_nor_a_refresh_token(msal_site):
    msal_site.answer(MSAL, "js")
    TrustedIssuer.objects.update(replay_policy="reusable")
    status, answer = msal_site.repeat()
    assert (status, answer.keys()) == (200, {"access_token", "expires_in", "token_type", "scope"})


def test_msals_scopes_are_refused_unless_the_rule_has_them(msal_site):
    GrantRule.objects.update(scopes="read")
    done = msal_site.run_program(MSAL, "js")
    assert done.returncode != 0
    assert "invalid_scope" in done.stderr
