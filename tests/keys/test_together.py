"""Many requests at once, and those that come to their turn when others have been before them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import RemoteKeys
from tests.jwks_server import Answer, JwksServer, json_answer

from .material import Clock, MemoryCache, ec_jwk, header, hold

Make = Callable[..., RemoteKeys]


def kids(source: RemoteKeys, kid: str | None = None) -> list[str | None]:
    return [key.kid for key in source.candidates(header(kid))]


@pytest.fixture(autouse=True)
def _published(server: JwksServer) -> None:
    server.publish(ec_jwk("a"), ec_jwk("b"))


class TestTogether:
    """Threads with real waiting, as the requests of one process."""

    def many(self, count: int, work: Callable[[], Any]) -> list[Any]:
        results: list[Any] = []
        barrier = threading.Barrier(count)

        def run() -> None:
            barrier.wait()
            try:
                results.append(work())
            except KeysUnavailable as error:
                results.append(error)

        threads = [threading.Thread(target=run) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def make(self, remote: Make, **changes: Any) -> RemoteKeys:
        return remote(sleep=time.sleep, **changes)

    def test_cold_cache_costs_one_fetch(self, server: JwksServer, remote: Make) -> None:
        server.answers["/jwks"] = Answer(json.dumps({"keys": [ec_jwk("a")]}).encode(), delay=0.3)
        assert self.many(50, lambda: kids(self.make(remote), "a")) == [["a"]] * 50
        assert server.count() == 1

    def test_rotation_under_load(self, server: JwksServer, remote: Make) -> None:
        kids(remote(), "a")
        server.answers["/jwks"] = Answer(json.dumps({"keys": [ec_jwk("c")]}).encode(), delay=0.3)
        assert self.many(50, lambda: kids(self.make(remote), "c")) == [["c"]] * 50
        assert server.count() == 2

    def test_stale_keys_serve_all_but_the_fetcher(
        self, server: JwksServer, remote: Make, clock: Clock
    ) -> None:
        kids(remote(), "a")
        clock.now += 3600
        arrived, go = threading.Event(), threading.Event()

        def slow(sent: dict[str, str]) -> Answer:
            arrived.set()
            go.wait(3)
            return json_answer({"keys": [ec_jwk("c")]})

        server.answers["/jwks"] = slow
        fetcher = threading.Thread(target=lambda: kids(remote()))
        fetcher.start()
        assert arrived.wait(3)
        assert kids(remote(), "a") == ["a"]
        assert clock.slept == 0
        go.set()
        fetcher.join()
        assert kids(remote()) == ["c"]

    def test_failure_is_shared_by_those_who_wait(self, server: JwksServer, remote: Make) -> None:
        server.answers["/jwks"] = Answer(status=500, delay=0.3)
        results = self.many(20, lambda: kids(self.make(remote), "a"))
        assert all(isinstance(result, KeysUnavailable) for result in results)
        assert server.count() == 1


class TestTurns:
    """What a request finds that comes to its turn after another has been and gone."""

    def test_keys_that_came_meanwhile(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
    ) -> None:
        kids(remote(), "a")
        clock.now += 3600
        before = dict(cache._values)
        server.publish(ec_jwk("c"))
        remote().refresh()
        late = _Late(cache, before)
        assert kids(remote(cache=late)) == ["c"]
        assert server.count() == 2

    def test_failure_that_came_meanwhile(
        self, server: JwksServer, remote: Make, clock: Clock, cache: MemoryCache
    ) -> None:
        server.answers["/jwks"] = Answer(status=500)
        with pytest.raises(KeysUnavailable):
            kids(remote(), "a")
        with pytest.raises(KeysUnavailable) as caught:
            kids(remote(cache=_Late(cache, {})), "a")
        assert caught.value.retry_after == 30
        assert server.count() == 1

    def test_fetcher_that_never_comes_back(self, remote: Make, clock: Clock, cache: MemoryCache) -> None:
        kids(remote(), "a")
        cache.flush()
        hold(remote, cache, "fetching")
        with pytest.raises(KeysUnavailable) as caught:
            kids(remote(store=None), "a")
        assert 4.9 < clock.slept < 5.3
        assert caught.value.retry_after == 1
        clock.now += 10
        assert kids(remote(store=None), "a") == ["a"]


class _Late:
    """Sees the cache as it was before until it asks for the turn to fetch."""

    def __init__(self, cache: MemoryCache, before: dict[str, Any]) -> None:
        self._cache = cache
        self._before: dict[str, Any] | None = before

    def get(self, key: str, default: Any = None) -> Any:
        if self._before is not None:
            return self._before.get(key, (default, 0))[0]
        return self._cache.get(key, default)

    def add(self, key: str, value: Any, timeout: float) -> bool:
        self._before = None
        return self._cache.add(key, value, timeout)

    def set(self, key: str, value: Any, timeout: float) -> None:
        self._cache.set(key, value, timeout)

    def delete(self, key: str) -> None:
        self._cache.delete(key)
