"""A cache that fails in whatever way costs a request speed only: real clients at a dead port among others."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from oauth_jwt_grant.admin.keys import key_statuses
from oauth_jwt_grant.models import TrustedIssuer
from tests.caches import FAILING, UNOPENED, WORKING, cache_of
from tests.factories import ec_key, jwk, mint, rsa_key
from tests.jwks_server import Answer, JwksServer
from tests.support import UNVERIFIED, World, assert_granted, assert_refused

KINDS = FAILING | UNOPENED | WORKING


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with JwksServer() as running:
        running.publish(jwk(ec_key()))
        yield running


@pytest.fixture(params=KINDS)
def remote(world: World, server: JwksServer, request: pytest.FixtureRequest, settings: Any) -> World:
    """A world whose issuer publishes its keys, on a site with one of the caches."""
    if request.param not in UNOPENED:
        cache_of(KINDS[request.param])
    settings.CACHES = {"default": KINDS[request.param]}
    world.fetch_keys_from(server)
    return world


def test_the_way_of_the_keys_through_a_rotation_and_an_outage(remote: World, server: JwksServer) -> None:
    for _ in range(3):
        assert_granted(remote.post())
    assert server.count() == 1

    server.publish(jwk(ec_key()), jwk(rsa_key()))
    assert_granted(remote.post(assertion=mint(rsa_key())))
    for number in range(5):
        forged = mint(ec_key(name="attacker"), header={"kid": f"unknown {number}"})
        assert_refused(remote.post(assertion=forged), "invalid_grant", UNVERIFIED)
    assert server.count() == 2

    server.stop()
    assert_granted(remote.post())
    assert_granted(remote.post(assertion=mint(rsa_key())))


def test_an_outage_from_the_beginning(remote: World, server: JwksServer) -> None:
    server.answers["/jwks"] = Answer(status=500)
    for _ in range(3):
        response = remote.post()
        assert_refused(response, "temporarily_unavailable")
        assert int(response["Retry-After"]) >= 29
    assert server.count() == 1


def test_operators_see_and_fetch_the_keys(remote: World, server: JwksServer) -> None:
    for name in ("refreshkeys", "checkissuers"):
        out = StringIO()
        call_command(name, stdout=out)
        assert "1 key" in out.getvalue()
    (status,) = key_statuses(TrustedIssuer.objects.select_related("fetched_keys"))
    assert (len(status.keys), status.last_error) == (1, "")
