"""The cases of MCP's conformance suite for an authorization server, rebuilt: each is a test with its name.

``@modelcontextprotocol/conformance`` 0.2.0-alpha.12 runs the cases of ``auth/wif-jwt-bearer`` and
``auth/enterprise-managed-authorization`` against clients, with a server of its own: here, ours answers what
its server answers. The cases ``ema/`` are those that were proposed for servers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path

from tests.checks.test_checks import urlconf
from tests.factories import AUDIENCE, DROP, ec_key, mint
from tests.support import FORM, SECRET, World, assert_granted, assert_refused, basic, tokens
from tests.urls import urlpatterns as plain_urls

API = "https://mcp.example.com/"
EMA = "ema/resource-authorization-server"
Case = Callable[[World], None]


def metadata() -> dict[str, Any]:
    response = Client().get("/.well-known/oauth-authorization-server")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    return json.loads(response.content)


def jag(**claims: Any) -> str:
    """An ID-JAG for the client of the world."""
    header = {"typ": "oauth-id-jag+jwt", **claims.pop("header", {})}
    return mint(
        claims.pop("key", ec_key()), header=header, **{"client_id": "client", "resource": API, **claims}
    )


def introspected(answer: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": basic("client", SECRET)}
    return Client().post("/o/introspect/", f"token={answer['access_token']}", FORM, headers=headers).json()


def document(world: World) -> None:
    found = metadata()
    assert {"issuer", "token_endpoint", "response_types_supported", "authorization_endpoint"} <= found.keys()


def profile(world: World) -> None:
    found = metadata()
    assert "urn:ietf:params:oauth:grant-type:jwt-bearer" in found["grant_types_supported"]
    assert found["authorization_grant_profiles_supported"] == ["urn:ietf:params:oauth:grant-profile:id-jag"]


def happy(world: World) -> None:
    assert introspected(assert_granted(world.post(assertion=jag()), API))["active"] is True


def happy_with_resource(world: World) -> None:
    answer = assert_granted(world.post(assertion=jag(), resource=API), API)
    assert introspected(answer)["aud"] in (API, [API])


def happy_with_scope(world: World) -> None:
    answer = assert_granted(world.post(assertion=jag(scope="read"), scope="read"), API)
    assert introspected(answer)["scope"] == "read"


def other_resource(world: World) -> None:
    assert_refused(world.post(assertion=jag(resource="https://other.example/")), "invalid_target")


def other_scope(world: World) -> None:
    assert_refused(world.post(assertion=jag(scope="read"), scope="write"), "invalid_scope")


def other_key(world: World) -> None:
    assert_refused(world.post(assertion=jag(key=ec_key(name="other"))), "invalid_grant")


def other_idp(world: World) -> None:
    assert_refused(world.post(assertion=jag(iss="https://untrusted.example")), "invalid_grant")


def flow_of_the_client(world: World) -> None:
    """Basic is needed; type, audience, client and resource are checked; the assertion is required."""
    assert_granted(world.post_basic("client", SECRET, assertion=jag()), API)
    assert_refused(world.post_anonymously(assertion=jag()), "invalid_client")
    for wrong in (
        {"header": {"typ": "JWT"}},
        {"aud": "https://x.example"},
        {"client_id": "x"},
        {"resource": DROP},
    ):
        assert_refused(world.post_basic("client", SECRET, assertion=jag(**wrong)), "invalid_grant")
    assert_refused(world.post_basic("client", SECRET, assertion=DROP), "invalid_request")


def workload(world: World) -> None:
    """An issuer of workloads, which have no registration here."""
    world.change(world.issuer, profile="jwt-bearer")
    fields = {"client_policy": "anonymous", "subject_policy": "no_user", "require_resource": False}
    world.change(world.rule, **fields)


def wif_grant_type(world: World) -> None:
    workload(world)
    assert "none" in metadata()["token_endpoint_auth_methods_supported"]
    assert_granted(world.post_anonymously(resource=API))
    assert_refused(
        world.post_anonymously(grant_type="urn:ietf:params:oauth:grant-type:jwt"), "unsupported_grant_type"
    )


def wif_missing(world: World) -> None:
    workload(world)
    assert_refused(world.post_anonymously(assertion=DROP), "invalid_request")


def wif_verified(world: World) -> None:
    workload(world)
    assert_granted(world.post_anonymously())
    assert_refused(world.post_anonymously(assertion=mint(ec_key(name="other"))), "invalid_grant")


def wif_expired(world: World) -> None:
    workload(world)
    assert_refused(world.post_anonymously(assertion=mint(ec_key(), exp=1)), "invalid_grant")


def wif_audience(world: World) -> None:
    """The identifier to the letter; the suite's own server passes over a final slash."""
    workload(world)
    for aud in ("https://other.example", f"{AUDIENCE}x"):
        assert_refused(world.post_anonymously(assertion=mint(ec_key(), aud=aud)), "invalid_grant")


def wif_malformed(world: World) -> None:
    workload(world)
    for assertion in ("x", "a.b.c", mint(ec_key())[:-4]):
        assert_refused(world.post_anonymously(assertion=assertion), "invalid_grant")


def wif_no_retry(world: World) -> None:
    """Nothing invites another try: a refusal is no 503 and has no Retry-After."""
    workload(world)
    response = world.post_anonymously(assertion=mint(ec_key(), exp=1))
    assert_refused(response, "invalid_grant")
    assert "Retry-After" not in response


def wif_fallback(world: World) -> None:
    """No other grant gives the workload a token."""
    workload(world)
    answer = world.post_anonymously(grant_type="client_credentials", assertion=mint(ec_key()))
    assert answer.status_code != 200
    assert tokens() == 0


CASES: dict[str, tuple[str, Case]] = {
    "authorization-server-metadata-endpoint": ("CNF-01", document),
    f"{EMA}/metadata": ("CNF-03", profile),
    f"{EMA}/happy-path": ("CNF-04", happy),
    f"{EMA}/happy-path-with-resource": ("CNF-04", happy_with_resource),
    f"{EMA}/happy-path-with-scope": ("CNF-04", happy_with_scope),
    f"{EMA}/error-path": ("CNF-05", other_resource),
    f"{EMA}/error-path-invalid-scope": ("CNF-06", other_scope),
    f"{EMA}/error-path-invalid-signature": ("CNF-07", other_key),
    f"{EMA}/error-path-untrusted-idp": ("CNF-08", other_idp),
    "auth/enterprise-managed-authorization": ("CNF-09", flow_of_the_client),
    "auth/wif-jwt-bearer/wif-grant-type": ("CNF-11", wif_grant_type),
    "auth/wif-jwt-bearer/wif-assertion-missing": ("CNF-11", wif_missing),
    "auth/wif-jwt-bearer/wif-assertion-verified": ("CNF-11", wif_verified),
    "auth/wif-jwt-bearer/wif-assertion-expired": ("CNF-11", wif_expired),
    "auth/wif-jwt-bearer/wif-assertion-audience": ("CNF-11", wif_audience),
    "auth/wif-jwt-bearer/wif-assertion-malformed": ("CNF-11", wif_malformed),
    "auth/wif-jwt-bearer/wif-no-retry": ("CNF-11", wif_no_retry),
    "auth/wif-jwt-bearer/wif-grant-fallback": ("CNF-11", wif_fallback),
}


@pytest.mark.standard(
    "CNF-01", "CNF-03", "CNF-04", "CNF-05", "CNF-06", "CNF-07", "CNF-08", "CNF-09", "CNF-11"
)
@pytest.mark.standard(
    "WIF-01", "WIF-02", "WIF-04", "WIF-10", "WIF-11", "WIF-12", "EMA-02", "EMA-03", "EMA-10"
)
@pytest.mark.parametrize("name", CASES)
def test_case(world: World, settings: Any, name: str) -> None:
    settings.ROOT_URLCONF = urlconf(path("", include("oauth_jwt_grant.urls")), *plain_urls)
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [AUDIENCE]}
    world.change(world.issuer, profile="id-jag")
    world.change(world.rule, resources=[API], require_resource=True)
    CASES[name][1](world)
