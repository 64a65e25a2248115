"""What only django-oauth-toolkit's next release has, beside this grant. Not collected on an earlier one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import path
from oauth2_provider.contrib.rest_framework import (
    OAuth2Authentication,
    OAuth2ClientRateThrottle,
    OAuth2UserOrClientRateThrottle,
)
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.checks.own_clients import check_own_assertions
from oauth_jwt_grant.dot import get_access_token_model
from oauth_jwt_grant.dpop import bound_resource
from oauth_jwt_grant.models import Decision
from tests import urls
from tests.factories import AUDIENCE, DROP, ec_key, jwks, mint, mint_hmac, proof, thumbprint
from tests.support import (
    CLIENT_TYPE,
    FORM,
    SECRET,
    TOKEN_URL,
    World,
    assert_granted,
    assert_refused,
    basic,
    make_application,
    only_decision,
    pairs_of,
    post,
)

API = "https://api.example/"
CLIENT_ASSERTION = {
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "x",
}
MULTIPART_WARNING = "The OAuth 2.0 token endpoint .* got multipart/form-data"


class ByClient(OAuth2ClientRateThrottle):
    rate = "1/min"


class ByUserOrClient(OAuth2UserOrClientRateThrottle):
    rate = "1/min"


class ThrottledView(APIView):
    authentication_classes = (OAuth2Authentication,)

    def get(self, request: Any) -> Response:
        return Response("in")


urlpatterns = [
    path("client/", ThrottledView.as_view(throttle_classes=[ByClient])),
    path("either/", ThrottledView.as_view(throttle_classes=[ByUserOrClient])),
    *urls.urlpatterns,
]


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
class TestClientsRegisteredForAssertions:
    """Their secret opens nothing any longer."""

    @pytest.fixture(autouse=True)
    def _registered(self, world: World, method: str) -> None:
        world.change(world.application, token_endpoint_auth_method=method)

    def test_secret_in_the_body(self, world: World) -> None:
        assert_refused(world.post(), "invalid_client")

    def test_secret_in_the_header(self, world: World) -> None:
        assert_refused(world.post_basic("client", SECRET), "invalid_client")

    @pytest.mark.standard("H-44")
    def test_no_secret(self, world: World) -> None:
        assert_refused(world.post(client_secret=DROP), "invalid_client")

    def test_what_is_no_jwt(self, world: World) -> None:
        assert_refused(world.post(client_secret=DROP, **CLIENT_ASSERTION), "invalid_client")

    def test_nothing_is_spent(self, world: World) -> None:
        assertion = mint(ec_key())
        assert_refused(world.post(assertion=assertion), "invalid_client")
        world.change(world.application, token_endpoint_auth_method="")
        assert_granted(world.post(assertion=assertion))


@pytest.fixture(params=["private_key_jwt", "client_secret_jwt"])
def own(request: pytest.FixtureRequest, world: World, settings: Any) -> Callable[..., str]:
    """A client that authenticates by JWTs of its own, and what makes them."""
    accepted = {"CLIENT_ASSERTION_ACCEPTED_AUDIENCES": [AUDIENCE]}
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | accepted
    cache.clear()
    fields: dict[str, Any] = {"token_endpoint_auth_method": request.param}
    if request.param == "private_key_jwt":
        fields["client_jwks"] = json.dumps(jwks(ec_key(name="client")))
    else:
        fields |= {"hash_client_secret": False, "client_secret": SECRET * 3}
    world.change(world.application, **fields)

    def make(**claims: Any) -> str:
        good = {"iss": "client", "sub": "client", "exp": int(time.time()) + 60, **claims}
        if request.param == "private_key_jwt":
            return mint(ec_key(name="client"), **good)
        return mint_hmac((SECRET * 3).encode(), **good)

    return make


def by_jwt(door: Door, own: str, jwt: str | None = None, **changes: Any) -> Any:
    """Post a JWT of the client beside the one that is the grant."""
    client = {"client_assertion": own, "client_assertion_type": CLIENT_TYPE, "client_id": DROP}
    return post(pairs_of(door, jwt, **{**client, "client_secret": DROP, **changes}))


@pytest.fixture(params=[Door.AUTHORIZATION_GRANT, Door.SUBJECT_TOKEN])
def door(request: pytest.FixtureRequest, world: World, settings: Any) -> Door:
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"ACCEPTED_AS": [each.value for each in Door]}
    world.change(world.rule, accepted_as=["authorization_grant", "subject_token"])
    door: Door = request.param
    return door


class TestOwnAssertions:
    """RFC 7523 section 2.2: DOT checks a JWT of the client's own, which this app's grants accept."""

    @pytest.mark.standard("XDR-04", "PKJ-08", "PKJ-01", "TEX-20")
    def test_it_authenticates_the_client(self, world: World, door: Door, own: Callable[..., str]) -> None:
        for changes in ({}, {"client_id": "client"}, {"client_secret": ""}):
            assert by_jwt(door, own(), **changes).status_code == 200
        assert {decision.application for decision in Decision.objects.all()} == {world.application}

    @pytest.mark.standard(
        "PKJ-02", "PKJ-06", "PKJ-14", "XDR-01", "XDR-05", "XDR-14", "FIC-07", "ANS-04", "H-27"
    )
    def test_what_is_wrong_with_it_is_the_clients_fault(self, door: Door, own: Callable[..., str]) -> None:
        used = own()
        assert by_jwt(door, used).status_code == 200
        wrong = {
            "used": used,
            "of another": own(sub="other", iss="other"),
            "of an issuer": mint(ec_key(), aud=AUDIENCE),
            "not its subject": own(sub="other"),
            "for another server": own(aud="https://other.example"),
            "without jti": own(jti=DROP),
            "expired": own(exp=1),
            "of another key": mint(ec_key(), iss="client", sub="client"),
            "odd": own(sub="client\x00"),
            "no JWT": "x.y.z",
        }
        grant = mint(ec_key())
        for kind, jwt in wrong.items():
            answer = by_jwt(door, jwt, grant)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), kind
        assert by_jwt(door, own(), grant).status_code == 200

    @pytest.mark.standard("FIC-14")
    @pytest.mark.parametrize(
        "changes",
        [
            {"client_secret": SECRET},
            {"client_id": "other"},
            {"client_assertion_type": DROP},
            {"client_assertion_type": f"{CLIENT_TYPE}x"},
        ],
    )
    def test_it_comes_alone(self, door: Door, own: Callable[..., str], changes: dict[str, Any]) -> None:
        assert_refused(by_jwt(door, own(), **changes), "invalid_client")

    @pytest.mark.standard("XDR-02", "XDR-03")
    def test_one_jwt_is_never_both(self, world: World, door: Door, own: Callable[..., str]) -> None:
        both = own()
        assert_refused(by_jwt(door, both, both), "invalid_client")
        # Neither is spent.
        assert by_jwt(door, both).status_code == 200
        # A client may be an issuer as well; then its jti tells one JWT from the other.
        world.change(world.issuer, issuer="client", jwks=jwks(ec_key(name="client"), ec_key()))
        same = {"iss": "client", "jti": "one"}
        assert_refused(by_jwt(door, own(jti="one"), mint(ec_key(), **same)), "invalid_client")
        assert by_jwt(door, own(jti="two"), mint(ec_key(), **same)).status_code == 200

    @pytest.mark.standard("XRP-02", "XRP-04", "XRP-05", "H-33")
    def test_the_stores_do_not_spend_each_other(self, door: Door, own: Callable[..., str]) -> None:
        grant = mint(ec_key(), jti="same")
        assert_refused(by_jwt(door, own(jti="same"), grant, scope="unknown"), "invalid_scope")
        assert_refused(by_jwt(door, own(jti="same"), grant), "invalid_client")
        assert by_jwt(door, own(jti="other"), grant).status_code == 200

    @pytest.mark.parametrize("backend", ["locmem.LocMemCache", "redis.RedisCache"])
    @pytest.mark.parametrize("audiences", [None, [AUDIENCE], [AUDIENCE, f"{AUDIENCE}o/token/"]])
    @pytest.mark.standard("PKJ-05", "PKJ-07", "XAU-06")
    def test_the_check_names_what_is_loose(
        self, world: World, settings: Any, backend: str, audiences: list[str] | None
    ) -> None:
        settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": "x"}}
        accepted = {"CLIENT_ASSERTION_ACCEPTED_AUDIENCES": audiences, "OIDC_ISS_ENDPOINT": AUDIENCE}
        settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | accepted
        assert check_own_assertions(databases=["default"]) == []
        world.change(world.application, token_endpoint_auth_method="client_secret_jwt")
        wanted = {"oauth_jwt_grant.W041"} if audiences != [AUDIENCE] else set()
        wanted |= {"oauth_jwt_grant.W042"} if "locmem" in backend else set()
        assert {message.id for message in check_own_assertions(databases=["default"])} == wanted


class TestOwnAssertionsAsTheGrant:
    """On ``client_credentials``, with the door open: DOT checks them, unless an issuer has the name."""

    @pytest.fixture(autouse=True)
    def _opened(self, world: World, settings: Any) -> None:
        settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"ACCEPTED_AS": [each.value for each in Door]}
        fields = {"subject_policy": "no_user", "default_application": world.application}
        world.change(world.rule, accepted_as=["client_assertion"], **fields)

    def ask(self, jwt: str, **changes: Any) -> Any:
        return post(pairs_of(Door.CLIENT_ASSERTION, jwt, **changes))

    @pytest.mark.standard("PKJ-03", "PKJ-08")
    def test_it_authenticates_the_client(self, world: World, own: Callable[..., str]) -> None:
        for changes in ({}, {"client_id": "client"}, {"client_secret": ""}, {"resource": [AUDIENCE, API]}):
            answer = self.ask(own(), scope="read", **changes)
            assert (answer.status_code, answer.json().get("scope")) == (200, "read"), answer.content
        assert answer["Cache-Control"] == "no-store"
        rows = get_access_token_model().objects.order_by("pk")
        assert {(row.application, row.user) for row in rows} == {(world.application, None)}
        assert rows.last().resource == [AUDIENCE, API]
        assert not Decision.objects.exists()
        # That of an issuer is checked here, as ever.
        assert self.ask(mint(ec_key(), aud=AUDIENCE)).status_code == 200
        assert Decision.objects.count() == 1

    @pytest.mark.standard("POP-01", "POP-02")
    def test_a_proof_binds_its_token(self, world: World, own: Callable[..., str], settings: Any) -> None:
        settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
        key, jwt = ec_key(name="proof"), own()
        bad = post(pairs_of(Door.CLIENT_ASSERTION, jwt), headers={"DPoP": proof(key, method="PUT")})
        assert_refused(bad, "invalid_dpop_proof")
        # Nothing of this has spent it.
        answer = post(pairs_of(Door.CLIENT_ASSERTION, jwt, resource=API), headers={"DPoP": proof(key)})
        assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
        row = get_access_token_model().objects.get()
        assert (row.application, row.resource) == (world.application, bound_resource(thumbprint(key), [API]))
        assert self.ask(own()).json()["token_type"] == "Bearer"

    @pytest.mark.standard("PKJ-02", "PKJ-06", "PKJ-14", "XDR-14")
    def test_what_is_wrong_with_it_has_one_answer(self, own: Callable[..., str]) -> None:
        unknown = self.ask(mint(ec_key(), iss="https://unknown.example"))
        used = own()
        assert self.ask(used).status_code == 200
        wrong = {
            "used": used,
            "of another": own(sub="other", iss="other"),
            "not its subject": own(sub="other"),
            "another issuer": own(iss="other"),
            "for another server": own(aud="https://other.example"),
            "without jti": own(jti=DROP),
            "a jti that no cache takes": own(jti="\ud800"),
            "expired": own(exp=1),
            "of an issuer's key": mint(ec_key(), iss="client", sub="client"),
            "of an issuer, by another key": mint(ec_key(name="other")),
            "odd": own(sub="client\x00", iss="client\x00"),
        }
        for kind, jwt in wrong.items():
            answer = self.ask(jwt)
            assert (answer.status_code, answer.content) == (401, unknown.content), kind
            assert answer.headers == unknown.headers, kind
        assert self.ask(own(), client_id="other").content == unknown.content

    @pytest.mark.standard("FIC-14")
    def test_it_comes_alone(self, own: Callable[..., str]) -> None:
        jwt = own()
        assert_refused(self.ask(jwt, client_secret=SECRET), "invalid_request")
        assert_refused(self.ask([jwt, jwt]), "invalid_request")
        assert_refused(self.ask(jwt, client_assertion_type=f"{CLIENT_TYPE}x"), "invalid_client")
        headers = {"Authorization": basic("client", SECRET)}
        assert_refused(post(pairs_of(Door.CLIENT_ASSERTION, jwt), headers=headers), "invalid_request")
        # Nothing of this has spent it.
        assert self.ask(jwt).status_code == 200

    def test_what_the_client_may_not_is_as_with_a_secret(self, world: World, own: Callable[..., str]) -> None:
        assert self.ask(own(), scope="unknown").json()["error"] == "invalid_scope"
        world.change(world.application, authorization_grant_type="authorization-code")
        assert self.ask(own()).json()["error"] == "unauthorized_client"

    @pytest.mark.standard("PKJ-03")
    @pytest.mark.parametrize("enabled", [True, False])
    def test_an_issuer_of_that_name_takes_it_from_dot(
        self, world: World, own: Callable[..., str], enabled: bool
    ) -> None:
        world.change(world.issuer, issuer="client", enabled=enabled)
        assert_refused(self.ask(own()), "invalid_client")
        wanted = ("no_such_key", "algorithm") if enabled else ("issuer_disabled",)
        assert only_decision().reason in wanted

    @pytest.mark.standard("XDR-06")
    def test_once_at_all_doors(self, world: World, own: Callable[..., str]) -> None:
        world.change(world.rule, accepted_as=["authorization_grant"], subject_policy="no_user")
        jwt = own()
        assert by_jwt(Door.AUTHORIZATION_GRANT, jwt).status_code == 200
        assert_refused(self.ask(jwt), "invalid_client")
        jwt = own()
        assert self.ask(jwt).status_code == 200
        assert_refused(by_jwt(Door.AUTHORIZATION_GRANT, jwt), "invalid_client")


@pytest.mark.parametrize("method", ["", "client_secret_basic", "client_secret_post"])
def test_clients_registered_for_a_secret(world: World, method: str) -> None:
    world.change(world.application, token_endpoint_auth_method=method)
    assert_granted(world.post())
    assert_granted(world.post_basic("client", SECRET))


def test_clients_registered_for_none(world: World) -> None:
    public = make_application("app", client_type="public", token_endpoint_auth_method="none")
    world.rule.applications.add(public)
    assert_granted(world.post(client_id="app", client_secret=DROP))


class TestForms:
    def test_another_body_brings_a_warning(self, world: World) -> None:
        with pytest.warns(DeprecationWarning, match=MULTIPART_WARNING):
            assert_granted(Client().post(TOKEN_URL, dict(world.pairs())))

    def test_another_body_is_refused_where_the_site_wants_forms(self, world: World, settings: Any) -> None:
        settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"REQUIRE_FORM_ENCODED_REQUEST_BODY": True}
        pairs = world.pairs()

        response = Client().post(TOKEN_URL, dict(pairs))

        assert (response.status_code, response.json()["error"]) == (415, "invalid_request")
        assert response["Cache-Control"] == "no-store"
        assert not Decision.objects.exists()
        assert_granted(post(pairs))
        assert_granted(post(world.pairs(), content_type=f"{FORM.title()}; charset=UTF-8"))


class TestThrottles:
    """They count by the row of a token, which is this grant's like that of any other."""

    @pytest.fixture(autouse=True)
    def _urls(self, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__

    def ask(self, view: str, response: Any) -> int:
        headers = {"Authorization": f"Bearer {assert_granted(response)['access_token']}"}
        return Client().get(f"/{view}/", headers=headers).status_code

    @pytest.mark.parametrize("view", ["client", "either"])
    def test_all_tokens_of_a_client_count_together(self, world: World, view: str) -> None:
        world.change(world.rule, subject_policy="no_user")
        world.rule.applications.add(make_application("other"))

        assert [self.ask(view, world.post()) for _ in range(2)] == [200, 429]
        assert self.ask(view, world.post(client_id="other")) == 200

    def test_all_tokens_of_a_user_count_together(self, world: World) -> None:
        world.rule.applications.add(make_application("other"))

        assert self.ask("either", world.post()) == 200
        assert self.ask("either", world.post(client_id="other")) == 429

    def test_tokens_of_nobody_count_by_address_or_not_at_all(self, world: World) -> None:
        world.change(world.rule, subject_policy="no_user", client_policy="anonymous")

        assert [self.ask("either", world.post_anonymously()) for _ in range(2)] == [200, 429]
        assert [self.ask("client", world.post_anonymously()) for _ in range(2)] == [200, 200]

    def test_a_default_application_counts(self, world: World) -> None:
        fields = {"client_policy": "anonymous", "default_application": world.application}
        world.change(world.rule, subject_policy="no_user", **fields)

        assert [self.ask("client", world.post_anonymously()) for _ in range(2)] == [200, 429]
