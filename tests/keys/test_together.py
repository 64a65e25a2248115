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
            go.wait(30)
            return json_answer({"keys": [ec_jwk("c")]})

        server.answers["/jwks"] = slow
        fetcher = threading.Thread(target=lambda: kids(remote()))
        fetcher.start()
        assert arrived.wait(30)
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

    def test_a_new_key_is_waited_for_from_the_first_moment(
        self, server: JwksServer, remote: Make, clock: Clock
    ) -> None:
        """A request that sees that the refetch for unknown key IDs is taken sees that somebody fetches."""
        cache = _Interrupted(clock)
        kids(remote(cache=cache), "a")
        server.publish(ec_jwk("c"))
        cache.others = lambda seen: kids(remote(cache=cache, sleep=seen), "c")
        assert kids(remote(cache=cache), "c") == ["c"]
        assert cache.found() == [["c"], ["c"]]
        assert server.count() == 2

    def test_a_refetch_that_another_has_taken_meanwhile(
        self, server: JwksServer, remote: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The request that has the turn to fetch asks again whether the refetch is taken."""
        kids(remote(), "a")
        assert kids(remote(), "unknown") == []
        monkeypatch.setattr(type(remote()._shared), "has_refetched", lambda self: False)
        assert kids(remote(), "unknown") == []
        assert server.count() == 2


class _Interrupted(MemoryCache):
    """After each ``add``, one more of ``others``, which gets its sleep, runs until it ends or waits."""

    others: Callable[[Callable[[float], None]], Any] | None = None

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._requests: list[threading.Thread] = []
        self._answers: list[Any] = []

    def add(self, key: str, value: Any, timeout: float) -> bool:
        added = super().add(key, value, timeout)
        if self.others is not None and threading.current_thread() not in self._requests:
            looked = threading.Event()
            request = threading.Thread(target=self._run, args=(self.others, looked))
            self._requests.append(request)
            request.start()
            assert looked.wait(30)
        return added

    def _run(self, other: Callable[[Callable[[float], None]], Any], looked: threading.Event) -> None:
        def sleep(seconds: float) -> None:
            looked.set()
            time.sleep(seconds)

        try:
            self._answers.append(other(sleep))
        finally:
            looked.set()

    def found(self) -> list[Any]:
        for request in self._requests:
            request.join()
        return self._answers


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
