"""Whatever the cache does, keys are fetched, and no more often than one process may by itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import Fetcher, KeyLimits, RemoteKeys
from oauth_jwt_grant.keys.notes import Notes, memory
from tests.caches import DEAD, FAILING, WORKING, cache_of
from tests.jwks_server import Answer, JwksServer

from .material import Clock, MemoryCache, MemoryStore, ec_jwk, header

Make = Callable[..., RemoteKeys]


@pytest.fixture
def clock() -> Clock:
    """Begins now: caches have clocks of their own."""
    return Clock(time.time())


@pytest.fixture(params=FAILING)
def failing(request: pytest.FixtureRequest) -> Any:
    return cache_of(FAILING[request.param])


@pytest.fixture(params=FAILING | WORKING)
def any_cache(request: pytest.FixtureRequest) -> Any:
    return cache_of((FAILING | WORKING)[request.param])


def found(source: RemoteKeys, kid: str) -> list[str | None] | str:
    try:
        return [key.kid for key in source.candidates(header(kid))]
    except KeysUnavailable as error:
        return error.detail


def test_keys_are_fetched_once(server: JwksServer, remote: Make, any_cache: Any) -> None:
    server.publish(ec_jwk("a"))
    assert [found(remote(cache=any_cache), "a") for _ in range(5)] == [["a"]] * 5
    assert server.count() == 1


def test_unknown_key_ids_have_a_cool_down(
    server: JwksServer, remote: Make, clock: Clock, any_cache: Any
) -> None:
    server.publish(ec_jwk("a"))
    for number in range(20):
        assert found(remote(cache=any_cache), f"unknown-{number}") == []
        assert found(remote(cache=any_cache), "a") == ["a"]
    # The first request is a fetch of its own, and none of the set's age.
    assert server.count() == 2


def test_a_new_key_is_found(server: JwksServer, remote: Make, clock: Clock, any_cache: Any) -> None:
    server.publish(ec_jwk("a"))
    assert found(remote(cache=any_cache), "a") == ["a"]
    server.publish(ec_jwk("b"))
    assert found(remote(cache=any_cache), "b") == ["b"]
    assert server.count() == 2


@pytest.mark.parametrize("name", DEAD)
def test_the_cool_down_ends(server: JwksServer, remote: Make, clock: Clock, name: str) -> None:
    """In caches that keep nothing: what others have kept ends by their own clock, not by this one."""
    cache = cache_of(DEAD[name])
    server.publish(ec_jwk("a"))
    found(remote(cache=cache), "unknown")
    server.publish(ec_jwk("b"))
    assert found(remote(cache=cache), "b") == []
    clock.now += 31
    assert found(remote(cache=cache), "b") == ["b"]


def test_an_outage_is_waited_out(server: JwksServer, remote: Make, clock: Clock, any_cache: Any) -> None:
    server.publish(ec_jwk("a"))
    found(remote(cache=any_cache), "a")
    clock.now += 3601
    server.answers["/jwks"] = Answer(status=500)
    for number in range(20):
        assert found(remote(cache=any_cache), "a") == ["a"]
        assert found(remote(cache=any_cache), f"unknown-{number}") == []
    assert server.count() == 2
    status = remote(cache=any_cache).status()
    assert (status.last_error, status.failing_since) == ("the answer has the HTTP status 500", clock.now)
    clock.now += 301
    server.publish(ec_jwk("b"))
    assert found(remote(cache=any_cache), "b") == ["b"]
    assert remote(cache=any_cache).status().last_error == ""


def test_without_keys_an_outage_is_waited_out_too(
    server: JwksServer, remote: Make, clock: Clock, any_cache: Any
) -> None:
    server.answers["/jwks"] = Answer(status=500)
    for _ in range(20):
        assert found(remote(cache=any_cache), "a") == (
            "the keys cannot be fetched: the answer has the HTTP status 500"
        )
    assert server.count() == 1


def test_requests_at_once_cost_one_fetch(server: JwksServer, remote: Make, any_cache: Any) -> None:
    server.answers["/jwks"] = Answer(json.dumps({"keys": [ec_jwk("a")]}).encode(), delay=0.3)
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(found(remote(cache=any_cache, sleep=time.sleep), "a")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [["a"]] * 20
    assert server.count() == 1


def test_requests_at_once_make_few_threads(
    server: JwksServer, remote: Make, clock: Clock, any_cache: Any
) -> None:
    """Unsigned requests, and an issuer that does not answer: one thread fetches, one asks the resolver."""
    server.publish(ec_jwk("a"))
    found(remote(cache=any_cache), "a")
    clock.now += 3601
    over = threading.Event()

    def resolver(host: str, port: int) -> list[str]:
        over.wait(10)
        return ["127.0.0.1"]

    fetcher = Fetcher(timeout=0.6, ca_bundle=server.ca_pem, allow_private_network=True, resolver=resolver)
    limits = KeyLimits(fetch_timeout=0.6, patience=0.2)
    results: list[Any] = []

    def ask(number: int) -> None:
        source = remote(cache=any_cache, fetcher=fetcher, limits=limits, sleep=time.sleep)
        results.append(found(source, "a" if number % 2 else f"unknown-{number}"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, sum(one.name.startswith("oauth_jwt_grant-") for one in threading.enumerate()))
        time.sleep(0.01)
    over.set()
    assert most <= 2
    assert sorted(map(str, results)) == ["['a']"] * 10 + ["[]"] * 10


def test_the_log_does_not_grow_with_the_requests(
    server: JwksServer, remote: Make, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    server.publish(ec_jwk("a"))
    for number in range(50):
        found(remote(cache=cache_of(FAILING["raising"])), f"unknown-{number}")
    said = [record.message for record in caplog.records]
    assert len(said) == len(set(said)) == 3
    assert sum(bool(record.exc_info) for record in caplog.records) == 2
    clock.now += 60
    found(remote(cache=cache_of(FAILING["raising"])), "a")
    assert len(caplog.records) > 3


def test_another_process_has_the_turn(server: JwksServer, remote: Make, clock: Clock) -> None:
    """What a working cache says of others is believed, and nothing of it is remembered here."""
    server.publish(ec_jwk("a"))
    cache = MemoryCache(clock)
    cache.add(f"oauth_jwt_grant:keys:3:{remote()._source}:fetching", "another", 3)
    assert "nothing" in found(remote(cache=cache), "a")
    assert not memory._notes
    clock.now += 3
    assert found(remote(cache=cache), "a") == ["a"]
    assert not memory._notes


def test_a_failure_of_this_process_ends_with_a_success_of_another(
    server: JwksServer, remote: Make, clock: Clock, store: MemoryStore
) -> None:
    cache = cache_of(FAILING["dummy"])
    server.answers["/jwks"] = Answer(status=500)
    found(remote(cache=cache), "a")
    assert remote(cache=cache).status().last_error
    clock.now += 1
    server.publish(ec_jwk("a"))
    # Another process: its memory is its own.
    kept, memory._notes = memory._notes, {}
    remote(cache=cache).refresh()
    memory._notes = kept
    assert found(remote(cache=cache), "a") == ["a"]
    assert remote(cache=cache).status().last_error == ""


def test_a_fetch_by_hand_waits_for_nothing(server: JwksServer, remote: Make, failing: Any) -> None:
    server.answers["/jwks"] = Answer(status=500)
    found(remote(cache=failing), "a")
    server.publish(ec_jwk("a"))
    remote(cache=failing).refresh()
    assert found(remote(cache=failing), "a") == ["a"]


@pytest.mark.parametrize("entry", ["set", "failure"])
@pytest.mark.parametrize("value", [0, "x", [], {"text": "{}"}, {"unknown": 1}])
def test_an_entry_of_another_form_counts_as_none(
    server: JwksServer, remote: Make, clock: Clock, entry: str, value: Any
) -> None:
    server.publish(ec_jwk("a"))
    cache = MemoryCache(clock)
    cache.set(f"oauth_jwt_grant:keys:3:{remote()._source}:{entry}", value, 60)
    assert found(remote(cache=cache), "a") == ["a"]


def test_the_operator_is_told(
    server: JwksServer, remote: Make, failing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.publish(ec_jwk("a"))
    found(remote(cache=failing), "a")
    found(remote(cache=failing), "unknown")
    assert "does not keep what is written to it" in caplog.text


def test_a_client_that_does_not_wait_for_the_answer(server: JwksServer, remote: Make, clock: Clock) -> None:
    """``add`` is always true (pymemcache with ``noreply``): what is there says who was first."""

    class Hasty(MemoryCache):
        def add(self, key: str, value: Any, timeout: float) -> bool:
            super().add(key, value, timeout)
            return True

    server.publish(ec_jwk("a"))
    cache = Hasty(clock)
    for number in range(10):
        found(remote(cache=cache), f"unknown-{number}")
    assert server.count() == 2


class TestMemory:
    def test_notes_end(self, clock: Clock) -> None:
        notes = Notes("prefix", cache_of(FAILING["dummy"]), clock)
        assert notes.take("fetching", 10)
        assert not notes.take("fetching", 10)
        clock.now += 10
        assert notes.get("fetching") is None
        assert notes.take("fetching", 10)

    def test_it_does_not_grow(self, clock: Clock) -> None:
        cache = cache_of(FAILING["dummy"])
        for number in range(2000):
            Notes(f"{number}", cache, clock).set("failure", {}, 10)
            clock.now += 1
        assert len(memory._notes) <= 256

    def test_caches_of_another_kind_have_other_notes(self, clock: Clock) -> None:
        assert Notes("prefix", cache_of(FAILING["dummy"]), clock).take("fetching", 10)
        assert Notes("prefix", MemoryCache(clock), clock).take("fetching", 10)

    def test_of_many_threads_one_is_first(self, clock: Clock) -> None:
        taken: list[bool] = []
        notes = [Notes("prefix", cache_of(FAILING["mute"]), clock) for _ in range(20)]
        threads = [threading.Thread(target=lambda one=one: taken.append(one.take("x", 10))) for one in notes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == [False] * 19 + [True]
