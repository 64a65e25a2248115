"""An issuer that answers late or never: who finds its keys stale goes on with those that are kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import FetchFailed, KeyLimits, RemoteKeys, background_fetch
from oauth_jwt_grant.keys.addresses import resolve_within
from tests.jwks_server import Answer, JwksServer

from .material import START, Clock, MemoryCache, MemoryStore, ec_jwk, header

Make = Callable[..., RemoteKeys]

PATIENCE, TIMEOUT = 0.15, 1.5
LIMITS = KeyLimits(patience=PATIENCE, fetch_timeout=TIMEOUT)
# Keys that run out four hours after they were fetched.
SHORT_LIVED = replace(LIMITS, stale_if_error=4 * 3600)
# What a busy machine may add to a wait.
SLACK = 0.6


@pytest.fixture
def remote(remote: Make) -> Make:
    def make(**changes: Any) -> RemoteKeys:
        return remote(**{"limits": LIMITS, **changes})

    return make


@pytest.fixture(autouse=True)
def _none_left() -> Iterator[None]:
    """No test finds what another one's fetches have brought; each waits for its own."""
    yield
    for fetching in list(background_fetch._begun.values()):
        fetching.exception(5)
    background_fetch._begun.clear()


class Issuer:
    """What the issuer's server does from now on."""

    def __init__(self, server: JwksServer) -> None:
        self._server = server
        self._woken = threading.Event()

    def publish(self, *kids: str, after: float = 0) -> None:
        body = json.dumps({"keys": [ec_jwk(kid) for kid in kids]}).encode()
        self._server.answers["/jwks"] = Answer(body, delay=after)

    def hang(self) -> None:
        """Accept connections and say nothing, until the test is over."""

        def silence(sent: dict[str, str]) -> Answer:
            self._woken.wait(10)
            return Answer(status=500)

        self._server.answers["/jwks"] = silence

    def wake(self) -> None:
        self._woken.set()


@pytest.fixture
def issuer(server: JwksServer) -> Iterator[Issuer]:
    playing = Issuer(server)
    playing.publish("a")
    yield playing
    playing.wake()


def kids(source: RemoteKeys, kid: str | None = None) -> list[str | None]:
    return [key.kid for key in source.candidates(header(kid))]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.monotonic()
    return work(), time.monotonic() - begun


def await_late() -> None:
    """Return when all fetches that were left to themselves have ended."""
    for fetching in list(background_fetch._begun.values()):
        fetching.exception(10)


def test_a_silent_issuer_costs_one_request_the_patience(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    kids(remote())
    issuer.hang()
    clock.now += 3600

    found, seconds = timed(lambda: kids(remote(), "a"))
    assert (found, server.count()) == (["a"], 2)
    assert PATIENCE <= seconds < PATIENCE + SLACK
    found, seconds = timed(lambda: [kids(remote(), "a") for _ in range(50)])
    assert found == [["a"]] * 50
    assert seconds < SLACK
    assert server.count() == 2
    status = remote().status()
    assert status.last_error == f"no answer within {PATIENCE:g} s so far"
    assert (status.failing_since, status.next_fetch) == (START + 3600, START + 3630)


def test_what_comes_late_is_found_by_the_next_request(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock, store: MemoryStore
) -> None:
    kids(remote())
    issuer.publish("b", after=0.4)
    clock.now += 3600

    assert kids(remote()) == ["a"]
    await_late()
    assert kids(remote()) == ["b"]
    assert server.count() == 2
    status = remote().status()
    assert (status.last_error, status.fetched_at) == ("", START + 3600)
    assert store.saved is not None
    assert store.saved.fetched_at == START + 3600


def test_an_issuer_that_is_always_late_serves_for_good(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    """Two requests an hour: the first begins the fetch, the second finds what it has brought."""
    kids(remote(limits=SHORT_LIVED))
    issuer.publish("a", after=0.3)
    for hour in range(1, 7):
        clock.now = START + hour * 3600
        assert kids(remote(limits=SHORT_LIVED), "a") == ["a"]
        await_late()
        clock.now += 60
        assert kids(remote(limits=SHORT_LIVED), "a") == ["a"]
        fetched_at = remote().status().fetched_at
        assert fetched_at is not None
        assert clock.now - fetched_at <= 3600
    assert server.count() <= 7


def test_nor_do_its_keys_run_out_where_each_request_has_a_new_process(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    """Nobody finds what was late there, until somebody has no usable keys left and waits to the end."""
    kids(remote(limits=SHORT_LIVED))
    issuer.publish("a", after=0.3)
    for hour in range(1, 11):
        clock.now = START + hour * 3600 - 10
        assert kids(remote(limits=SHORT_LIVED), "a") == ["a"]
        await_late()
        background_fetch._begun.clear()
    assert server.count() <= 11


def test_whoever_needs_keys_waits_only_until_a_late_fetch_has_ended(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    kids(remote())
    issuer.hang()
    clock.now = START + 86400 - 1
    assert kids(remote(), "a") == ["a"]
    clock.now += 1
    with pytest.raises(KeysUnavailable) as caught:
        kids(remote(), "a")
    assert (caught.value.retry_after, server.count()) == (1, 2)
    issuer.publish("a", after=0.3)
    clock.now += 1
    assert kids(remote(), "a") == ["a"]
    assert server.count() == 3


def test_a_new_key_of_a_late_issuer_is_waited_for(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    kids(remote())
    issuer.publish("b", after=0.4)
    clock.now += 3600
    assert kids(remote(), "b") == ["b"]
    issuer.publish("c", after=0.4)
    assert kids(remote(), "c") == ["c"]


def test_a_failure_that_comes_late(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    kids(remote())
    server.answers["/jwks"] = Answer(status=500, delay=0.4)
    clock.now += 3600
    assert kids(remote(), "a") == ["a"]
    await_late()
    assert kids(remote(), "a") == ["a"]
    assert "could not be fetched: the answer has the HTTP status 500" in caplog.text
    assert server.count() == 2
    # Told once, and counted once.
    caplog.clear()
    assert kids(remote(), "a") == ["a"]
    assert caplog.text == ""
    clock.now += 30
    server.answers["/jwks"] = Answer(status=500)
    assert kids(remote(), "a") == ["a"]
    assert remote().status().next_fetch == clock.now + 60


def test_what_comes_late_never_replaces_what_is_newer(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    kids(remote())
    issuer.publish("old", after=0.3)
    clock.now += 3600
    kids(remote())
    await_late()
    issuer.publish("new")
    clock.now += 1
    remote().refresh()
    clock.now += 3600
    server.stop()
    assert kids(remote()) == ["new"]


def test_no_second_fetch_begins_while_one_goes_on(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    """Even where the pause after a failure is shorter than a fetch."""
    limits = replace(LIMITS, refetch_cooldown=0.1, min_age=0.1)
    kids(remote(limits=limits))
    issuer.hang()
    clock.now += 3600
    for _ in range(10):
        assert kids(remote(limits=limits), "a") == ["a"]
        clock.now += 0.1
    assert server.count() == 2
    clock.now += TIMEOUT
    assert kids(remote(limits=limits), "a") == ["a"]
    assert server.count() == 3


def test_an_outage_and_a_flood_of_unknown_key_ids(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock, cache: MemoryCache
) -> None:
    """The honest client waits for no fetch but one of its own, and not beyond the patience."""
    kids(remote())
    issuer.hang()
    clock.now += 3600
    over = threading.Event()
    flooded: list[float] = []

    def flood(thread: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            found, seconds = timed(
                lambda kid=f"unknown-{thread}-{number}": kids(remote(sleep=time.sleep), kid)
            )
            assert found == []
            flooded.append(seconds)

    threads = [threading.Thread(target=flood, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    slow = []
    for pause in (30, 60, 120):
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            found, seconds = timed(lambda: kids(remote(sleep=time.sleep), "a"))
            assert found == ["a"]
            slow += [seconds] if seconds >= PATIENCE else []
            time.sleep(0.005)
        clock.now += pause
    over.set()
    for thread in threads:
        thread.join()
    assert len(slow) <= 3
    assert all(seconds < PATIENCE + SLACK for seconds in slow)
    # Who asks for a key that is not there waits for one fetch to its end, as long as the issuer seems well.
    assert len([seconds for seconds in flooded if seconds > PATIENCE + SLACK]) <= 1
    assert server.count() <= 1 + 4


def test_an_odd_error_is_not_lost(remote: Make, clock: Clock, issuer: Issuer) -> None:
    class Odd(RemoteKeys):
        def _locate(self, deadline: Any) -> str:
            raise ZeroDivisionError

    kids(remote())
    clock.now += 3600
    with pytest.raises(ZeroDivisionError):
        kids(remote(kind=Odd, url=remote()._url))


def test_a_process_that_may_have_no_more_threads(
    issuer: Issuer, remote: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kids(remote())
    clock.now += 3600

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert kids(remote(), "a") == ["a"]
    assert remote().status().last_error == "can't start new thread"
    with pytest.raises(OSError, match="can't start new thread"):
        resolve_within(lambda host, port: [], "keys.example", 443, 1)
    with pytest.raises(FetchFailed, match="cannot be resolved: can't start new thread"):
        remote()._fetcher.fetch("https://keys.example/")
