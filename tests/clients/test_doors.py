"""Client libraries at the two doors beside the authorization grant, by the programs of the manual."""

from __future__ import annotations

import ast

import pytest
from django.http import HttpRequest, JsonResponse
from django.urls import path

from oauth_jwt_grant.models import Decision
from tests.factories import DROP, mint, rsa_key

from . import urls
from .programs import GOPATH
from .tunnel import tunnel

# What a server makes of HTTP is the matter of other tests.
pytestmark = pytest.mark.parametrize("site", ["wsgi"], indirect=True)

DOORS = "The usual issuer at the other doors"
EXTERNAL = "google-auth external_account"
GOOGLE = "sts.googleapis.com"
EXCHANGED = {"user": "bot", "client_id": "vault", "scope": "read"}
FEDERATED = {"user": None, "client_id": "vault", "scope": "read"}


@pytest.fixture
def platform(site, settings):
    """A site with all doors open, whose programs find a JWT of their platform in ``token.jwt``."""
    doors = ["authorization_grant", "subject_token", "client_assertion"]
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": doors}
    (site.folder / "token.jwt").write_text(jwt_for(site.url))
    return site


def jwt_for(audience: str) -> str:
    return mint(rsa_key("client"), header={"kid": DROP}, iss="https://ci.acme.example", aud=audience)


def assert_decided(door: str) -> None:
    decision = Decision.objects.get()
    assert (decision.accepted_as, decision.outcome) == (door, "accepted")


def assert_used_up(site, error: str) -> None:
    """The same request again gets no token."""
    status, answer = site.repeat()
    assert (status, answer["error"]) == (401 if error == "invalid_client" else 400, error), answer
    assert "used" in answer["error_description"]


def token_of_a_workload(request: HttpRequest) -> JsonResponse:
    """Stands for the server of a platform that gives its workloads their JWTs."""
    return JsonResponse({"value": jwt_for(request.build_absolute_uri("/").rstrip("/"))})


urlpatterns = [path("workload/token", token_of_a_workload), *urls.urlpatterns]


@pytest.mark.parametrize("source", [0, 1], ids=["file", "url"])
@pytest.mark.parametrize(
    ("title", "language", "needed"),
    [
        (EXTERNAL, "python", ("google.auth",)),
        ("google-auth-library external_account (Node.js)", "js", ("$node", "npm:google-auth-library")),
        ("oauth2/google external_account (Go)", "go", ("$go", GOPATH / "src/golang.org/x/oauth2/google")),
    ],
)
def test_external_account(platform, needs, settings, title, language, needed, source):
    needs(*needed)
    settings.ROOT_URLCONF = "tests.clients.test_doors"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, GOOGLE]
    platform.set_up(EXTERNAL)
    file = platform.program(EXTERNAL, "json", source)
    with tunnel(platform.port) as proxy:
        proxied = {}
        if language == "go":
            file = file.replace(f'"token_url": "{platform.url}', f'"token_url": "https://{GOOGLE}')
            proxied = {"HTTPS_PROXY": proxy}
        (platform.folder / "external.json").write_text(file)
        assert platform.answer(title, language, **proxied) == EXCHANGED
    assert_decided("subject_token")
    assert platform.posted()["audience"] == platform.url
    # The libraries read the same file again for the next token, so the issuer lets them.
    assert platform.repeat()[0] == 200


@pytest.mark.parametrize(
    ("title", "language", "needed", "client_id"),
    [
        ("requests_oauth2client token exchange", "python", ("requests_oauth2client",), "vault"),
        ("openid-client token exchange (Node.js)", "js", ("$node", "npm:openid-client"), "tool"),
        ("oauth4webapi token exchange (Node.js)", "js", ("$node", "npm:oauth4webapi"), "vault"),
    ],
)
def test_token_exchange(platform, needs, title, language, needed, client_id):
    needs(*needed)
    platform.set_up(DOORS)
    assert platform.answer(title, language) == {**EXCHANGED, "client_id": client_id}
    assert_decided("subject_token")
    assert_used_up(platform, "invalid_request")


@pytest.mark.usefixtures("oidc")
@pytest.mark.parametrize(
    ("title", "language", "needed"),
    [
        ("msal federated credential", "python", ("msal",)),
        ("azure-identity federated credential", "python", ("azure.identity",)),
        ("msal-node federated credential (Node.js)", "js", ("$node", "npm:@azure/msal-node")),
        ("oauth4webapi federated credential (Node.js)", "js", ("$node", "npm:oauth4webapi")),
    ],
)
def test_federated_credential(platform, needs, title, language, needed):
    needs(*needed)
    platform.set_up(DOORS)
    assert platform.answer(title, language) == FEDERATED
    assert_decided("client_assertion")
    assert_used_up(platform, "invalid_client")


@pytest.mark.parametrize(
    ("title", "language", "needed"),
    [
        ("openid-client federated credential (Node.js)", "js", ("$node", "npm:openid-client")),
        ("MCP Python SDK federated credential", "python", ("mcp",)),
        (
            "MCP TypeScript SDK federated credential",
            "js",
            ("$node", "npm:@modelcontextprotocol/client"),
        ),
    ],
)
def test_federated_credential_of_an_issuer_of_its_own(platform, needs, settings, title, language, needed):
    needs(*needed)
    _, _, written = platform.program("MCP TypeScript SDK", "").partition("OAUTH2_PROVIDER = ")
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | ast.literal_eval(written)
    platform.set_up(title)
    assert platform.answer(title, language) == FEDERATED
    assert_decided("client_assertion")
    assert_used_up(platform, "invalid_client")
