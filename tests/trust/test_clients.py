"""The lookup of a client, which is only ever quicker than DOT's own and never finds another."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.dot import HAS_ROLES
from oauth_jwt_grant.trust import find_application, signs_for_itself
from tests.support import World, assert_granted, make_application


def test_the_application_with_this_client_id(world: World, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert find_application("client") == world.application


@pytest.mark.parametrize("client_id", ["", "other", "client ", "x" * 5000])
def test_no_other(world: World, client_id: str) -> None:
    assert find_application(client_id) is None


@pytest.mark.parametrize("source", ["dcr", "cimd"])
def test_a_client_that_has_registered_itself_is_left_to_dot(world: World, source: str) -> None:
    make_application("itself", registration_source=source)

    assert find_application("itself") is None


def test_a_manager_of_the_sites_own_is_asked_each_time(world: World, monkeypatch: Any) -> None:
    """It may show each tenant another part of the applications."""

    class Tenants(models.Manager[Any]):
        def get_queryset(self) -> models.QuerySet[Any]:
            return super().get_queryset().none()

    model = get_application_model()
    assert_granted(world.post())
    tenants = Tenants()
    tenants.model = model
    monkeypatch.setattr(model, "objects", tenants)

    assert find_application("client") is None
    assert world.post().status_code == 401


@pytest.mark.standard("PKJ-03", "PKJ-11")
@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt", "client_secret_basic"])
def test_an_application_with_jwts_of_its_own(world: World, monkeypatch: Any, method: str) -> None:
    """Registered for them, which is possible from django-oauth-toolkit's next release on, and no issuer."""
    if HAS_ROLES:
        world.change(world.application, token_endpoint_auth_method=method)
    else:
        monkeypatch.setattr(get_application_model(), "token_endpoint_auth_method", method, raising=False)
    assert signs_for_itself("client") is method.endswith("_jwt")
    assert not signs_for_itself("CLIENT")
    assert not signs_for_itself("other")
    world.change(world.issuer, issuer="CLIENT", enabled=False)
    assert signs_for_itself("client") is method.endswith("_jwt")
    world.change(world.issuer, issuer="client")
    assert not signs_for_itself("client")
