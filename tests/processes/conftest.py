from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import ec_key, jwk
from tests.jwks_server import JwksServer
from tests.support import World, build_world

from .servers import SHARED_CACHE, Server, servers


@pytest.fixture
def world(transactional_db: None) -> World:
    """A site where a good request gets a token, committed, so that the servers see it."""
    return build_world()


@pytest.fixture(scope="module")
def two(django_db_setup: None) -> Iterator[list[Server]]:
    """Two servers with the cache of the cell, for all tests of a module."""
    with servers(2) as running:
        yield running


@pytest.fixture(scope="module")
def apart(two: list[Server]) -> Iterator[list[Server]]:
    """Two servers with a cache of each one's own."""
    if not SHARED_CACHE:
        yield two
        return
    with servers(2, CACHE="locmem") as running:
        yield running


@pytest.fixture
def issuer(world: World) -> Iterator[JwksServer]:
    """The issuer's web server, from which its keys are to be fetched."""
    with JwksServer() as running:
        running.publish(jwk(ec_key()))
        world.fetch_keys_from(running)
        yield running
