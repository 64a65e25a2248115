from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from oauth_jwt_grant.keys import KeyLimits, RemoteKeys, transport
from tests.jwks_server import JwksServer

from .material import Clock, MemoryCache, MemoryStore


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with JwksServer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all deadlines, which is set by hand: no test waits, and no busy machine ends one."""
    hand = Clock()
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=hand))
    return hand


@pytest.fixture
def cache(clock: Clock) -> MemoryCache:
    return MemoryCache(clock)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def remote(
    server: JwksServer, clock: Clock, cache: MemoryCache, store: MemoryStore
) -> Callable[..., RemoteKeys]:
    """Make a source of keys as each request makes one; arguments take the place of the usual ones."""

    def make(kind: type[RemoteKeys] = RemoteKeys, **changes: Any) -> RemoteKeys:
        arguments: dict[str, Any] = {
            "issuer": "https://issuer.example",
            "cache": cache,
            "store": store,
            # A busy machine may be slow; patience has its own tests.
            "limits": KeyLimits(patience=5),
            "ca_bundle": server.ca_pem,
            "allow_private_network": True,
            "clock": clock,
            "sleep": clock.sleep,
        }
        if kind is RemoteKeys:
            arguments["url"] = server.url()
        return kind(**{**arguments, **changes})

    return make
