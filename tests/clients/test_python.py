"""Client libraries for Python, by the programs of the manual."""

from __future__ import annotations

import json
import time

import pytest

from oauth_jwt_grant.models import Decision, GrantRule
from tests.factories import unb64

from . import sso
from .sent import parts

USUAL = "The usual issuer"

#: What is odd about the claims of some.
ODD = {
    "msal": lambda claims: isinstance(claims["exp"], float),
    "Box SDK": lambda claims: (
        claims["aud"] == "https://api.box.com/oauth2/token" and claims["exp"] <= time.time() + 30
    ),
    "DocuSign SDK": lambda claims: "/" not in claims["aud"],
}


def test_google_auth(site, needs):
    needs("google.auth")
    site.set_up("google-auth")
    identifier = "nightly@service-accounts.localhost"
    assert site.python("google-auth") == {"user": identifier, "client_id": None, "scope": "read"}
    assert parts(site.last)[1]["aud"] == "https://oauth2.googleapis.com/token"
    # No jti, and a library that signs the same bytes again within a second.
    assert site.repeat()[0] == 200
    assert site.python("google-auth", 1)["user"] == "alice"


def test_gcloud_aio_auth(site, needs):
    needs("gcloud.aio.auth")
    site.set_up("gcloud-aio-auth")
    identifier = "nightly@service-accounts.localhost"
    assert site.python("gcloud-aio-auth") == {"user": identifier, "client_id": None, "scope": "read"}
    assert site.repeat()[0] == 200


@pytest.mark.parametrize(
    ("title", "module", "client_id"),
    [
        ("Authlib with requests", "requests", "tool"),
        ("Authlib with httpx", "httpx", "tool"),
        ("oauthlib with requests-oauthlib", "requests_oauthlib", "tool"),
        ("msal", "msal", "tool"),
        ("requests_oauth2client", "requests_oauth2client", "vault"),
    ],
)
def test_with_the_usual_issuer(site, needs, title, module, client_id):
    needs(module)
    site.set_up(USUAL)
    assert site.python(title) == {"user": "bot", "client_id": client_id, "scope": "read"}
    assert title not in ODD or ODD[title](parts(site.last)[1])
    assert_used_up(site)


@pytest.mark.parametrize(
    ("title", "module", "client_id"),
    [
        ("Box SDK", "box_sdk_gen", "vault"),
        ("DocuSign SDK", "docusign_esign", None),
        ("MCP Python SDK", "mcp", "vault"),
    ],
)
def test_with_an_issuer_of_its_own(site, needs, title, module, client_id):
    needs(module)
    site.set_up(title)
    assert site.python(title) == {"user": "bot", "client_id": client_id, "scope": "read"}
    assert title not in ODD or ODD[title](parts(site.last)[1])
    assert_used_up(site)


@pytest.mark.usefixtures("oidc")
def test_okta(site, needs):
    needs("okta_client")
    title = "Okta Client SDK"
    site.set_up(title)
    answer = site.answer(title, "python", typed=sso.ID_TOKEN)
    assert answer == {"user": "bot", "client_id": "vault", "scope": "read"}
    assert_used_up(site)


@pytest.mark.usefixtures("oidc")
def test_msal_on_behalf_of(site, needs):
    needs("msal")
    site.set_up("msal")
    answer = site.python("msal", 1)
    assert (answer["user"], answer["client_id"]) == ("bot", "vault")
    assert sorted(answer["scope"].split()) == ["openid", "read"]
    assert site.posted()["requested_token_use"] == "on_behalf_of"
    assert_used_up(site)


@pytest.mark.usefixtures("oidc")
def test_azure_identity(site, needs, settings):
    needs("azure.identity")
    scopes = settings.OAUTH2_PROVIDER["SCOPES"] | dict.fromkeys(("profile", "offline_access"), "A scope")
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": scopes}
    site.set_up("azure-identity")
    answer = site.python("azure-identity")
    assert (answer["user"], answer["client_id"]) == ("bot", "vault")
    assert sorted(answer["scope"].split()) == ["offline_access", "openid", "profile", "read"]
    assert_used_up(site)


def test_a_token_that_is_bound_to_a_key(site, needs, settings):
    needs("requests_oauth2client")
    switch_dpop_on(settings)
    site.set_up(USUAL)
    answer = site.python("requests_oauth2client", 1)
    assert answer == {"user": "bot", "client_id": "vault", "scope": "read"}
    assert_bound(site)
    assert_used_up(site)
    GrantRule.objects.update(require_dpop=True)
    assert site.python("requests_oauth2client", 1) == answer
    done = site.run_program("requests_oauth2client", "python")
    assert done.returncode != 0
    assert "a DPoP proof of it is needed" in done.stderr


def switch_dpop_on(settings) -> None:
    """Let tokens be bound to keys."""
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}


def assert_bound(site) -> None:
    """The last token request had a proof, and its token is bound."""
    header = json.loads(unb64(site.last.headers["DPoP"].split(".")[0]))
    assert header["typ"] == "dpop+jwt"
    (resource,) = Decision.objects.get(outcome="accepted").access_token.resource
    assert resource.startswith("urn:ietf:params:oauth:jwk-thumbprint:sha-256:")


def assert_used_up(site) -> None:
    """The same request again gets no token."""
    status, answer = site.repeat()
    assert (status, answer["error"]) == (400, "invalid_grant"), answer
    assert "used" in answer["error_description"]
