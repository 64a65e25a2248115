"""What only django-oauth-toolkit's next release has, beside this grant. Not collected on an earlier one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import path
from oauth2_provider.contrib.rest_framework import (
    OAuth2Authentication,
    OAuth2ClientRateThrottle,
    OAuth2UserOrClientRateThrottle,
)
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_jwt_grant.models import Decision
from tests import urls
from tests.factories import DROP, ec_key, mint
from tests.support import (
    FORM,
    SECRET,
    TOKEN_URL,
    World,
    assert_granted,
    assert_refused,
    make_application,
    post,
)

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
    """Their secret opens nothing any longer, and this grant cannot check their assertion."""

    @pytest.fixture(autouse=True)
    def _registered(self, world: World, method: str) -> None:
        world.change(world.application, token_endpoint_auth_method=method)

    def test_secret_in_the_body(self, world: World) -> None:
        assert_refused(world.post(), "invalid_client")

    def test_secret_in_the_header(self, world: World) -> None:
        assert_refused(world.post_basic("client", SECRET), "invalid_client")

    def test_no_secret(self, world: World) -> None:
        assert_refused(world.post(client_secret=DROP), "invalid_client")

    def test_client_assertion(self, world: World) -> None:
        assert_refused(world.post(client_secret=DROP, **CLIENT_ASSERTION), "invalid_client")

    def test_nothing_is_spent(self, world: World) -> None:
        assertion = mint(ec_key())
        assert_refused(world.post(assertion=assertion), "invalid_client")
        world.change(world.application, token_endpoint_auth_method="")
        assert_granted(world.post(assertion=assertion))


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
