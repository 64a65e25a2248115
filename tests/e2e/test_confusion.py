"""JWTs of other kinds are no authorization grants (RFC 8725 section 3.12)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import get_access_token_model
from oauth2_provider.views import IntrospectTokenView

from tests.factories import AUDIENCE, DROP, ISSUER, ec_key, mint
from tests.support import UNVERIFIED, World, assert_granted, assert_refused, cases, make_application, tokens

FOREIGN_TYPES = [
    "at+jwt", "AT+JWT", "application/at+jwt", "oauth-id-jag+jwt", "application/oauth-id-jag+jwt",
    "client-authentication+jwt", "authorization-grant+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt",
    "oauth-authz-req+jwt", "token-introspection+jwt", "entity-statement+jwt", "resolve-response+jwt",
    "trust-mark+jwt", "vc+sd-jwt", "JWS", "JWE", "text/plain", "application/", "application/application/jwt",
    "application/jwt; charset=utf-8", " JWT", "JWT ", "",
]  # fmt: skip


@pytest.mark.standard("TYP-01", "TYP-02", "TYP-03", "TYP-08", "TYP-09", "TYP-10", "TYP-11", "FED-16")
@cases("typ", FOREIGN_TYPES)
def test_a_foreign_type_is_refused(world: World, typ: str) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), header={"typ": typ})), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("TYP-05", "TYP-07")
def test_an_id_token_for_a_client_is_addressed_to_somebody_else(world: World) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), aud="client", auth_time=1)), "invalid_grant")


@pytest.mark.standard("TYP-06", "H-60")
@pytest.mark.parametrize("name", ["nonce", "at_hash", "c_hash"])
def test_an_id_token_is_known_by_its_claims(world: World, name: str) -> None:
    text = f"The assertion is an ID Token: the claim {name} belongs to another kind of JWT."

    for value in ("x", None, ""):
        response = world.post(assertion=mint(ec_key(), aud=["client", AUDIENCE], **{name: value}))
        assert_refused(response, "invalid_grant", text)


@pytest.mark.standard("POP-16", "POP-11", "POP-13", "H-41")
@cases("profile", ["jwt-bearer", "id-jag"])
@cases("cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {}, None, "x"])
def test_an_assertion_that_is_bound_to_a_key_is_no_bearer_assertion(
    world: World, cnf: Any, profile: str
) -> None:
    world.change(world.issuer, profile=profile, audiences=[AUDIENCE])
    text = "The assertion is bound to a key (cnf), which is not supported here."

    assertion = mint(ec_key(), cnf=cnf) if profile == "jwt-bearer" else jag(cnf=cnf)
    assert_refused(world.post(assertion=assertion), "invalid_grant", text)


@pytest.mark.standard("POP-07")
@pytest.mark.parametrize("profile", ["jwt-bearer", "id-jag"])
def test_a_dpop_proof_is_refused_and_the_assertion_stays_usable(world: World, profile: str) -> None:
    world.change(world.issuer, profile=profile, audiences=[AUDIENCE])
    assertion = mint(ec_key()) if profile == "jwt-bearer" else jag()
    text = "DPoP is not supported: the token would not be bound to the key of the proof."

    for proof in (mint(ec_key(), header={"typ": "dpop+jwt"}), "x", ""):
        assert_refused(world.post(headers={"DPoP": proof}, assertion=assertion), "invalid_request", text)
    assert tokens() == 0
    assert assert_granted(world.post(assertion=assertion))["token_type"] == "Bearer"


def test_what_django_oauth_toolkit_knows_of_keys(world: World) -> None:
    """What docs/limits.md says: nothing. Once it is no longer so, DPoP needs another look."""
    token = assert_granted(world.post())["access_token"]
    row = get_access_token_model().objects.get()

    assert not {"cnf", "jkt", "confirmation"} & {field.name for field in row._meta.fields}
    told = json.loads(IntrospectTokenView.get_token_response(token).content)
    assert (told["active"], told.keys() & {"cnf", "token_type"}) == (True, set())
    for scheme, status in (("Bearer", 200), ("DPoP", 403)):
        assert Client().get("/api/", headers={"Authorization": f"{scheme} {token}"}).status_code == status


@pytest.fixture
def id_jag(world: World) -> World:
    """An issuer that is trusted for ID-JAGs and nothing else."""
    world.change(world.issuer, profile="id-jag", audiences=[AUDIENCE])
    return world


def jag(**changes: Any) -> str:
    """A good ID-JAG for the client, changed."""
    header = {"typ": "oauth-id-jag+jwt", **changes.pop("header", {})}
    return mint(ec_key(), header=header, **{"client_id": "client", **changes})


@pytest.mark.standard("JAG-01", "JAG-04", "JAG-06", "JAG-11", "JAG-19", "JAG-23", "JOSE-30", "H-42")
@pytest.mark.parametrize("typ", ["oauth-id-jag+jwt", "application/oauth-id-jag+jwt", "OAUTH-ID-JAG+JWT"])
def test_a_good_id_jag(id_jag: World, typ: str) -> None:
    assert_granted(id_jag.post(assertion=jag(header={"typ": typ}, act={"sub": "agent"})))
    assert_granted(id_jag.post_basic("client", "the secret of the client", assertion=jag()))


@pytest.mark.standard("JAG-01", "TYP-12")
@pytest.mark.parametrize("typ", [DROP, "JWT", "at+jwt", "id-jag+jwt"])
def test_an_id_jag_says_so(id_jag: World, typ: Any) -> None:
    assert_refused(id_jag.post(assertion=jag(header={"typ": typ})), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JAG-02")
@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"])
def test_the_required_claims_of_an_id_jag(id_jag: World, name: str) -> None:
    text = f"The assertion lacks the claim {name}."

    assert_refused(id_jag.post(assertion=jag(**{name: DROP})), "invalid_grant", text)


@pytest.mark.standard("JAG-03", "AUD-03", "JAG-21", "H-40")
@pytest.mark.parametrize(
    ("aud", "good"),
    [
        (AUDIENCE, True),
        ([AUDIENCE], True),
        (f"{AUDIENCE}/o/token/", False),
        ([AUDIENCE, "https://other.example"], False),
        ([AUDIENCE, AUDIENCE], False),
        ("https://other.example", False),
    ],
)
def test_an_id_jag_is_addressed_to_this_server_alone(id_jag: World, aud: Any, good: bool) -> None:
    response = id_jag.post(assertion=jag(aud=aud))

    assert_granted(response) if good else assert_refused(response, "invalid_grant")


@pytest.mark.standard("JAG-03")
def test_without_audiences_of_its_own_an_id_jag_names_the_issuer_identifier(id_jag: World) -> None:
    id_jag.change(id_jag.issuer, audiences=[])

    assert_granted(id_jag.post(assertion=jag(aud=AUDIENCE)))
    assert_refused(id_jag.post(assertion=jag(aud=f"{AUDIENCE}/o/token/")), "invalid_grant")


@pytest.mark.standard("JAG-03")
def test_an_id_jag_is_refused_where_this_server_has_no_name(id_jag: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {}
    id_jag.change(id_jag.issuer, audiences=[])

    settings.ALLOWED_HOSTS = ["*"]
    for aud in ("http://testserver/o", "http://testserver/o/token/"):
        assert_refused(id_jag.post(assertion=jag(aud=aud)), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JAG-03", "AUD-03")
def test_an_id_jag_names_the_derived_issuer_and_not_the_token_endpoint(id_jag: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {}
    id_jag.change(id_jag.issuer, audiences=[])

    assert_refused(id_jag.post(assertion=jag(aud="http://testserver/o/token/")), "invalid_grant")
    assert_granted(id_jag.post(assertion=jag(aud="http://testserver/o")))


@pytest.mark.standard("JAG-04", "CLI-16", "H-34", "H-43")
@pytest.mark.parametrize("client_id", ["other", "CLIENT", "", None, 1, ["client"]])
def test_an_id_jag_is_for_one_client(id_jag: World, client_id: Any) -> None:
    id_jag.rule.applications.add(make_application("other"))
    if client_id != "other":
        assert_refused(id_jag.post(assertion=jag(client_id=client_id)), "invalid_grant")
    assert_refused(
        id_jag.post(client_id="other", assertion=jag()),
        "invalid_grant",
        "The assertion was issued to another client (client_id).",
    )


@pytest.mark.standard("JAG-05", "CLI-16")
def test_an_id_jag_needs_a_client_that_proves_who_it_is(id_jag: World) -> None:
    id_jag.change(id_jag.rule, client_policy="anonymous")
    id_jag.rule.applications.add(make_application("public", client_type="public"))

    assert_refused(id_jag.post_anonymously(assertion=jag()), "invalid_client")
    for_public = jag(client_id="public")
    assert_refused(
        id_jag.post(client_id="public", client_secret=DROP, assertion=for_public), "unauthorized_client"
    )


@pytest.mark.standard("TYP-11", "TYP-12")
def test_each_profile_is_trusted_on_its_own(world: World) -> None:
    assert_granted(world.post())
    assert_refused(world.post(assertion=jag()), "invalid_grant", UNVERIFIED)
    world.change(world.issuer, profile="id-jag")
    assert_refused(world.post(), "invalid_grant", UNVERIFIED)
    assert_granted(world.post(assertion=jag()))


@pytest.mark.standard("JAG-08", "SCP-06", "JAG-10", "H-47")
def test_the_scope_of_an_id_jag_bounds_the_token(id_jag: World) -> None:
    assert assert_granted(id_jag.post(assertion=jag(scope="read")))["scope"] == "read"
    assert_refused(id_jag.post(assertion=jag(scope="read"), scope="write"), "invalid_scope")
    assert_refused(id_jag.post(assertion=jag(scope=["read"])), "invalid_grant")
    id_jag.change(id_jag.rule, scope_claim_name="scp")
    assert assert_granted(id_jag.post(assertion=jag(scope="read", scp="write")))["scope"] == "read"


@pytest.mark.standard("JAG-07", "SCP-12", "H-46")
def test_the_resource_of_an_id_jag_bounds_the_token(id_jag: World) -> None:
    id_jag.change(id_jag.rule, resources=["https://a.example/", "https://b.example/"])

    a, both = "https://a.example/", ["https://a.example/", "https://b.example/"]
    assert_granted(id_jag.post(assertion=jag(resource=a)), a)
    assert_granted(id_jag.post(assertion=jag(resource=[a]), resource=a), a)
    assert_granted(id_jag.post(assertion=jag()), both)
    assert_granted(id_jag.post(assertion=jag(resource=[*both, "https://c.example/"])), both)
    refused = id_jag.post(assertion=jag(resource=["https://a.example/"]), resource="https://b.example/")
    assert_refused(refused, "invalid_target")
    assert_refused(id_jag.post(assertion=jag(resource="https://c.example/")), "invalid_target")
    for malformed in ([], [1], 1, None, "", [""]):
        assert_refused(id_jag.post(assertion=jag(resource=malformed)), "invalid_grant")


@pytest.mark.standard("JAG-12", "RPL-03")
def test_an_id_jag_is_used_once_unless_its_issuer_is_told_otherwise(id_jag: World) -> None:
    assertion = jag()
    assert_granted(id_jag.post(assertion=assertion))
    assert_refused(id_jag.post(assertion=assertion), "invalid_grant", "The assertion has been used before.")


@pytest.mark.standard("TYP-04", "H-63")
def test_an_untyped_access_token_of_a_trusted_issuer_fails_by_its_audience(world: World) -> None:
    now = int(time.time())
    legacy = mint(ec_key(), header={"typ": DROP}, aud="https://api.example", scope="read", client_id="client")

    assert_refused(world.post(assertion=legacy), "invalid_grant")
    with_rule = mint(ec_key(), header={"typ": DROP}, client_id="client", exp=now + 60)
    world.rule.conditions.create(claim="purpose", values=["grant"])
    assert_refused(world.post(assertion=with_rule), "invalid_grant")
    assert_granted(world.post(assertion=mint(ec_key(), header={"typ": DROP}, iss=ISSUER, purpose="grant")))
