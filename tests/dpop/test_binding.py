"""Where a token keeps its key: in audiences that no view of django-oauth-toolkit's takes for its own."""

from __future__ import annotations

import pytest
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.dpop import as_proven, binding_of, bound_resource, proven
from oauth_jwt_grant.dpop.binding import Binding
from tests.factories import ec_key, thumbprint

KEY = thumbprint(ec_key())
URI = f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{KEY}"
API = "https://api.example.com/"


@pytest.mark.standard("POP-06")
def test_the_key_is_named_by_its_thumbprint_uri() -> None:
    assert bound_resource(KEY, []) == [URI]
    assert bound_resource(KEY, [API]) == [f"{URI}#{API}"]


@pytest.mark.parametrize("resources", [(), (API,), (API, "https://b.example/?a=b#")])
def test_what_goes_in_comes_out(resources: tuple[str, ...]) -> None:
    assert binding_of(bound_resource(KEY, resources)) == Binding(KEY, resources)


@pytest.mark.parametrize("resource", [[], [API], ["urn:ietf:params:oauth:jwk-thumbprint:sha-512:a"]])
def test_a_bearer_token(resource: list[str]) -> None:
    assert binding_of(resource) is None


@pytest.mark.parametrize("resource", [[URI, API], [API, URI], [URI, f"{URI}b"], [URI.removesuffix(KEY)]])
def test_a_token_that_no_key_opens(resource: list[str]) -> None:
    found = binding_of(resource)
    assert found is not None
    assert found.thumbprint == ""


@pytest.mark.standard("POP-20")
@pytest.mark.parametrize("resources", [[], [API], ["https://api.example.com", API]])
def test_no_url_is_among_the_audiences_of_a_bound_token(resources: list[str]) -> None:
    token = get_access_token_model()(resource=bound_resource(KEY, resources))
    assert not any(token.allows_audience(url) for url in (API, f"{API}a", URI, f"{URI}#{API}", "", "/"))


@pytest.mark.standard("POP-20")
def test_a_bound_token_needs_its_key_and_a_bearer_token_none() -> None:
    def found(resource: list[str]) -> list[str] | None:
        token = as_proven(get_access_token_model()(resource=resource))
        return token and token.resource

    bound = bound_resource(KEY, [API])
    assert (found([API]), found(bound), as_proven(None)) == ([API], None, None)
    with proven(KEY):
        assert (found([API]), found(bound), as_proven(None)) == (None, [API], None)
        with proven("another key"):
            assert found(bound) is None
        assert found(bound) == [API]
    assert found(bound) is None
