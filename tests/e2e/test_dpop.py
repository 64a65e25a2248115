"""DPoP at the token endpoint (RFC 9449 sections 5 and 6.1, ID-JAG section 9.8.1.2)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.dpop import bound_resource
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.signals import assertion_refused
from tests.dot import OAUTHLIB_CORE
from tests.factories import AUDIENCE, DROP, ec_key, mint, proof, rsa_key, thumbprint
from tests.proofs import WRONG
from tests.support import (
    SECRET,
    TOKEN_URL,
    World,
    assert_granted,
    assert_refused,
    basic,
    cases,
    post,
    token_of,
    tokens,
)

KEY = ec_key(name="client")
API = "https://api.example.com/"
NOT_ACCEPTED = "The DPoP proof is not accepted: {}."
NEEDED = "The assertion gives tokens only for a key: a DPoP proof of it is needed."
OTHER_KEY = "The DPoP proof is not made with the key that the assertion is bound to (cnf)."
UNSUPPORTED = "The assertion is bound to a key (cnf), which is not supported here."


@pytest.fixture(autouse=True)
def dpop(settings: Any) -> Any:
    """DPoP is on."""
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    return settings


def with_proof(world: World, text: str | None = None, **changes: Any) -> Any:
    return world.post(headers={"DPoP": proof(KEY) if text is None else text}, **changes)


def jag(world: World, **claims: Any) -> str:
    """An ID-JAG from an issuer that is trusted for them."""
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE])
    return mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, client_id="client", **claims)


@pytest.mark.standard("POP-01", "POP-18")
@pytest.mark.parametrize("key", [KEY, rsa_key()], ids=["ec", "rsa"])
def test_a_proof_brings_a_token_that_is_bound_to_its_key(world: World, key: Any) -> None:
    answer = assert_granted(with_proof(world, proof(key)), kind="DPoP")

    assert token_of(answer).resource == bound_resource(thumbprint(key), [])
    assert answer["scope"] == "read write"


def test_a_bound_token_costs_no_statement_more(world: World) -> None:
    assert_granted(with_proof(world), kind="DPoP")
    with CaptureQueriesContext(connection) as bearer:
        assert_granted(world.post())
    with CaptureQueriesContext(connection) as bound:
        assert_granted(with_proof(world), kind="DPoP")

    assert len(bound) == len(bearer)


@pytest.mark.standard("POP-07")
def test_without_a_proof_the_token_is_a_bearers(world: World) -> None:
    assert token_of(assert_granted(world.post())).resource == []


@pytest.mark.standard("POP-14")
def test_an_id_jag_without_a_key_and_a_proof(world: World) -> None:
    assertion = jag(world)

    assert_refused(
        with_proof(world, "x", assertion=assertion), "invalid_dpop_proof", NOT_ACCEPTED.format("form")
    )
    assert_granted(with_proof(world, assertion=assertion), kind="DPoP")


def test_the_resources_of_a_bound_token_are_told_and_kept(world: World) -> None:
    world.change(world.rule, resources=[API])
    answer = assert_granted(with_proof(world, assertion=jag(world), resource=API), API, kind="DPoP")

    assert token_of(answer).resource == bound_resource(thumbprint(KEY), [API])


@pytest.mark.standard("POP-02", "POP-03")
@cases("name", WRONG)
def test_a_bad_proof_is_refused_and_the_assertion_stays_usable(world: World, name: str) -> None:
    make, wrong = WRONG[name]
    assertion = mint(ec_key())

    response = with_proof(world, make(partial(proof, KEY)), assertion=assertion)

    assert_refused(response, "invalid_dpop_proof", NOT_ACCEPTED.format(wrong))
    assert (tokens(), Decision.objects.count()) == (0, 0)
    assert_granted(with_proof(world, assertion=assertion), kind="DPoP")


def test_the_site_is_told_of_a_bad_proof(world: World) -> None:
    reasons: list[str] = []

    def listen(reason: str, **kwargs: Any) -> None:
        reasons.append(reason)

    assertion_refused.connect(listen)
    try:
        with_proof(world, "x")
    finally:
        assertion_refused.disconnect(listen)

    assert reasons == ["dpop_proof"]


def test_a_bad_proof_tells_nobody_which_issuers_are_known(world: World) -> None:
    known, unknown = (
        with_proof(world, "x", assertion=mint(ec_key(), iss=iss)).content
        for iss in (world.issuer.issuer, "https://unknown.example")
    )
    assert known == unknown


@pytest.mark.standard("POP-12", "POP-16")
@pytest.mark.parametrize("profile", ["jwt-bearer", "id-jag"])
def test_an_assertion_for_a_key(world: World, profile: str) -> None:
    cnf = {"jkt": thumbprint(KEY)}
    assertion = mint(ec_key(), cnf=cnf) if profile == "jwt-bearer" else jag(world, cnf=cnf)

    other = with_proof(world, proof(ec_key(name="other")), assertion=assertion)
    assert_refused(other, "invalid_grant", OTHER_KEY)
    assert_refused(with_proof(world, "x", assertion=assertion), "invalid_dpop_proof")
    answer = assert_granted(with_proof(world, assertion=assertion), kind="DPoP")
    assert token_of(answer).resource == bound_resource(thumbprint(KEY), [])


@pytest.mark.standard("POP-13", "POP-16")
@pytest.mark.parametrize("profile", ["jwt-bearer", "id-jag"])
def test_an_assertion_for_a_key_without_a_proof(world: World, profile: str) -> None:
    cnf = {"jkt": thumbprint(KEY)}
    assertion = mint(ec_key(), cnf=cnf) if profile == "jwt-bearer" else jag(world, cnf=cnf)

    assert_refused(world.post(assertion=assertion), "invalid_grant", NEEDED)


@pytest.mark.standard("POP-16")
@cases(
    "cnf",
    [
        None, "x", [], {}, ["jkt"], {"jkt": thumbprint(KEY), "x5t#S256": "x"}, {"x5t#S256": "x"},
        {"kid": "x"}, {"jwk": {"kty": "EC"}}, {"jku": "https://evil.example"}, {"JKT": thumbprint(KEY)},
    ],
)  # fmt: skip
@cases("profile", ["jwt-bearer", "id-jag"])
def test_an_assertion_that_is_bound_in_another_way(world: World, cnf: Any, profile: str) -> None:
    assertion = mint(ec_key(), cnf=cnf) if profile == "jwt-bearer" else jag(world, cnf=cnf)

    assert_refused(with_proof(world, assertion=assertion), "invalid_grant", UNSUPPORTED)
    assert_refused(world.post(assertion=assertion), "invalid_grant", UNSUPPORTED)


@cases(
    "jkt",
    [
        None, 1, True, "", [thumbprint(KEY)], {}, "\u00e9", pytest.param(thumbprint(KEY) + "=", id="padded"),
    ],
)  # fmt: skip
def test_an_assertion_for_what_is_no_thumbprint(world: World, jkt: Any) -> None:
    assertion = mint(ec_key(), cnf={"jkt": jkt})

    assert_refused(with_proof(world, assertion=assertion), "invalid_grant", OTHER_KEY)
    assert_refused(world.post(assertion=assertion), "invalid_grant", NEEDED)


@pytest.mark.standard("POP-05", "POP-15")
def test_a_rule_that_wants_a_proof(world: World) -> None:
    world.change(world.rule, require_dpop=True)
    assertion = mint(ec_key())

    assert_refused(world.post(assertion=assertion), "invalid_grant", NEEDED)
    assert Decision.objects.get().rule == world.rule
    assert_granted(with_proof(world, assertion=assertion), kind="DPoP")


@pytest.mark.standard("POP-15")
def test_a_rule_that_wants_a_proof_refuses_everything_while_dpop_is_off(world: World, dpop: Any) -> None:
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP": False}
    world.change(world.rule, require_dpop=True)

    assert_refused(world.post(), "invalid_grant", NEEDED)
    assert_refused(with_proof(world), "invalid_request")
    assert_refused(world.post(assertion=mint(ec_key(), cnf={"jkt": thumbprint(KEY)})), text=UNSUPPORTED)


def test_credentials_are_checked_before_the_proof(world: World) -> None:
    assert_refused(with_proof(world, "x", client_secret="wrong"), "invalid_client")
    assert_refused(with_proof(world, "x", assertion=DROP), "invalid_request")


def test_credentials_in_the_header_go_with_a_proof(world: World) -> None:
    headers = {"Authorization": basic("client", SECRET), "DPoP": proof(KEY)}

    response = world.post(headers=headers, client_id=DROP, client_secret=DROP)

    assert_granted(response, kind="DPoP")


def test_a_parameter_is_no_header(world: World) -> None:
    assert_granted(world.post(HTTP_DPOP="x", DPoP="x", proof_key="x"))


@pytest.mark.standard("POP-03")
class TestTarget:
    """Section 4.3, item 9: what the token endpoint is called."""

    def test_by_the_audiences_whatever_the_host(self, world: World) -> None:
        assert_granted(with_proof(world, proof(KEY, url=f"{AUDIENCE}{TOKEN_URL}")), kind="DPoP")

    def test_by_the_request_where_hosts_are_exact(self, world: World) -> None:
        assert_granted(with_proof(world, proof(KEY, url=f"http://testserver{TOKEN_URL}")), kind="DPoP")

    @pytest.mark.parametrize("hosts", [["*"], [".example"]])
    def test_never_by_a_host_that_a_caller_can_make_up(
        self, world: World, dpop: Any, hosts: list[str]
    ) -> None:
        dpop.ALLOWED_HOSTS = hosts
        stolen = proof(KEY, url=f"http://evil.example{TOKEN_URL}")

        response = post(world.pairs(), headers={"DPoP": stolen, "Host": "evil.example"})

        assert_refused(response, "invalid_dpop_proof", NOT_ACCEPTED.format("htu"))

    def test_by_the_request_where_the_settings_name_its_host(self, world: World, dpop: Any) -> None:
        dpop.ALLOWED_HOSTS = ["*"]
        dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"AUDIENCES": [AUDIENCE]}
        headers = {"DPoP": proof(KEY), "Host": "as.example.com"}

        assert_refused(post(world.pairs(), headers=headers), "invalid_dpop_proof")  # not over TLS
        headers = {"DPoP": proof(KEY), "Host": "as.example.com"}
        assert_granted(post(world.pairs(), headers=headers, secure=True), kind="DPoP")

    def test_behind_a_proxy_that_ends_tls(self, world: World, dpop: Any) -> None:
        dpop.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"AUDIENCES": [AUDIENCE]}
        headers = {"DPoP": proof(KEY), "Host": "as.example.com", "X-Forwarded-Proto": "https"}

        assert_granted(post(world.pairs(), headers=headers), kind="DPoP")


@pytest.mark.standard("MET-12")
def test_the_metadata_say_so_while_it_is_on(world: World) -> None:
    ours = django_settings.OAUTH_JWT_GRANT
    with override_settings(ROOT_URLCONF="tests.clients.urls"):
        on = Client().get("/.well-known/oauth-authorization-server").json()
        with override_settings(OAUTH_JWT_GRANT=ours | {"DPOP": False}):
            off = Client().get("/.well-known/oauth-authorization-server").json()

    algorithms = on.pop("dpop_signing_alg_values_supported")
    assert {"ES256", "RS256", "EdDSA"} <= set(algorithms)
    assert not {"none", "HS256"} & set(algorithms)
    assert on == off


def test_a_backend_that_is_not_ours_and_dpop_off(world: World, dpop: Any) -> None:
    """No backend makes a bearer token of a request with a proof."""
    dpop.OAUTH_JWT_GRANT = dpop.OAUTH_JWT_GRANT | {"DPOP": False}
    dpop.OAUTH2_PROVIDER = dpop.OAUTH2_PROVIDER | {"OAUTH2_BACKEND_CLASS": OAUTHLIB_CORE}

    assert_refused(with_proof(world, "x"), "invalid_request")
    assert get_access_token_model().objects.count() == 0
