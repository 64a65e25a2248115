"""An issuer that answers late or never: who finds its keys stale goes on with those that are kept."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import FetchFailed, KeyLimits, RemoteKeys, background_fetch
from oauth_jwt_grant.keys import remote as remote_keys
from oauth_jwt_grant.keys.addresses import resolve_within
from tests.jwks_server import Answer, JwksServer

from .material import START, Clock, MemoryStore, ec_jwk, header

Make = Callable[..., RemoteKeys]

# Real seconds. When a fetch ends well, the issuer says: no test depends on the speed of the machine.
PATIENCE, TIMEOUT = 0.15, 60
LIMITS = KeyLimits(patience=PATIENCE, fetch_timeout=TIMEOUT)
# Keys that run out four hours after they were fetched.
SHORT_LIVED = replace(LIMITS, stale_if_error=4 * 3600)
# More than any machine adds to a wait, and less than ``TIMEOUT``.
SLACK = 30


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
        fetching.exception(SLACK)
    background_fetch._begun.clear()


class Issuer:
    """What the issuer's server does from now on."""

    def __init__(self, server: JwksServer) -> None:
        self._server = server
        self._called = threading.Event()

    def publish(self, *kids: str, after: float = 0) -> None:
        self._server.answers["/jwks"] = Answer(_key_set(*kids), delay=after)

    def publish_late(self, *kids: str) -> None:
        """Answer when :meth:`speak` is called."""
        self.hang(Answer(_key_set(*kids)))

    def hang(self, answer: Answer | None = None) -> None:
        """Accept connections and say nothing, until :meth:`speak` is called or the test is over."""
        called = self._called = threading.Event()

        def silence(sent: dict[str, str]) -> Answer:
            called.wait(2 * TIMEOUT)
            return answer or Answer(status=500)

        self._server.answers["/jwks"] = silence

    def speak(self) -> None:
        """Give the answers that are waited for; return when all fetches in the background have ended."""
        self._called.set()
        for fetching in list(background_fetch._begun.values()):
            fetching.exception(SLACK)


def _key_set(*kids: str) -> bytes:
    return json.dumps({"keys": [ec_jwk(kid) for kid in kids]}).encode()


@pytest.fixture
def issuer(server: JwksServer) -> Iterator[Issuer]:
    playing = Issuer(server)
    playing.publish("a")
    yield playing
    playing.speak()


def kids(source: RemoteKeys, kid: str | None = None) -> list[str | None]:
    return [key.kid for key in source.candidates(header(kid))]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.monotonic()
    return work(), time.monotonic() - begun


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
    assert seconds < 50 * PATIENCE
    assert server.count() == 2
    status = remote().status()
    assert status.last_error == f"no answer within {PATIENCE:g} s so far"
    assert (status.failing_since, status.next_fetch) == (START + 3600, START + 3600 + TIMEOUT)


def test_what_comes_late_is_found_by_the_next_request(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock, store: MemoryStore
) -> None:
    kids(remote())
    issuer.publish_late("b")
    clock.now += 3600

    assert kids(remote()) == ["a"]
    issuer.speak()
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
    for hour in range(1, 7):
        issuer.publish_late("a")
        clock.now = START + hour * 3600
        assert kids(remote(limits=SHORT_LIVED), "a") == ["a"]
        issuer.speak()
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
    issuer.publish("a", after=2 * PATIENCE)
    for hour in range(1, 11):
        clock.now = START + hour * 3600 - 10
        assert kids(remote(limits=SHORT_LIVED), "a") == ["a"]
        issuer.speak()
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
    assert (caught.value.retry_after, server.count()) == (TIMEOUT - 1, 2)
    issuer.publish("a", after=2 * PATIENCE)
    clock.now += TIMEOUT - 1
    assert kids(remote(), "a") == ["a"]
    assert server.count() == 3


def test_a_new_key_of_a_late_issuer_is_waited_for(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    kids(remote())
    issuer.publish("b", after=2 * PATIENCE)
    clock.now += 3600
    assert kids(remote(), "b") == ["b"]
    issuer.publish("c", after=2 * PATIENCE)
    assert kids(remote(), "c") == ["c"]


def test_a_failure_that_comes_late(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    kids(remote())
    issuer.hang(Answer(status=500))
    clock.now += 3600
    assert kids(remote(), "a") == ["a"]
    issuer.speak()
    assert kids(remote(), "a") == ["a"]
    assert "cannot be fetched: the answer has the HTTP status 500" in caplog.text
    assert server.count() == 2
    status = remote().status()
    assert (status.last_error, status.failing_since) == ("the answer has the HTTP status 500", START + 3600)
    # Told once, and counted once.
    caplog.clear()
    assert kids(remote(), "a") == ["a"]
    assert caplog.text == ""
    clock.now += TIMEOUT
    server.answers["/jwks"] = Answer(status=500)
    assert kids(remote(), "a") == ["a"]
    assert remote().status().next_fetch == clock.now + 60


def test_what_comes_late_never_replaces_what_is_newer(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock
) -> None:
    kids(remote())
    issuer.publish_late("old")
    clock.now += 3600
    kids(remote())
    issuer.speak()
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


class Watched(RemoteKeys):
    """Notes each fetch: the thread, and whether it is given up after the patience."""

    fetches: ClassVar[list[tuple[str, bool]]] = []

    def _download(self, kept: Any, *, hurried: bool = False) -> Any:
        self.fetches.append((threading.current_thread().name, hurried))
        return super()._download(kept, hurried=hurried)


class Flood:
    """Four threads that ask for key IDs which nobody has, as fast as they can."""

    def __init__(self, source: Callable[[Callable[[float], None]], RemoteKeys]) -> None:
        self._source = source
        self._over = False
        self._more = threading.Condition()
        self.answers = 0
        self.found: list[Any] = []
        self.longest_sleep = 0
        self._threads = [threading.Thread(target=self._run, name=f"flood-{one}") for one in range(4)]

    def __enter__(self) -> Flood:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over = True
        for thread in self._threads:
            thread.join()

    def await_more(self, number: int) -> None:
        """Return when so many more requests have an answer."""
        with self._more:
            wanted = self.answers + number
            assert self._more.wait_for(lambda: self.answers >= wanted, SLACK)

    def _run(self) -> None:
        while not self._over:
            slept: list[float] = []

            def sleep(seconds: float, slept: list[float] = slept) -> None:
                slept.append(seconds)
                time.sleep(seconds)

            found = kids(self._source(sleep), f"unknown-{threading.current_thread().name}-{self.answers}")
            with self._more:
                self.found += found
                self.answers += 1
                self.longest_sleep = max(self.longest_sleep, len(slept))
                self._more.notify()


def test_an_outage_and_a_flood_of_unknown_key_ids(
    server: JwksServer, issuer: Issuer, remote: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The honest client waits for no fetch but one of its own, and not beyond the patience."""
    monkeypatch.setattr(Watched, "fetches", [])
    # The issuer says nothing: however fast the machine is, each fetch ends by its limit.
    limits = replace(LIMITS, fetch_timeout=1)

    def source(sleep: Callable[[float], None]) -> RemoteKeys:
        return remote(kind=Watched, url=server.url(), limits=limits, sleep=sleep)

    def never(seconds: float) -> None:
        raise AssertionError("the honest client waits for another's fetch")

    kids(remote())
    issuer.hang()
    clock.now += 3600
    with Flood(source) as flood:
        for pause in (30, 60, 120):
            for _ in range(20):
                assert kids(source(never), "a") == ["a"]
                flood.await_more(1)
            clock.now += pause
    assert flood.found == []
    assert flood.longest_sleep <= math.ceil(PATIENCE / remote_keys._POLL) + 1
    honest = [hurried for name, hurried in Watched.fetches if "flood" not in name]
    assert len(honest) <= 3
    assert all(honest)
    # Who asks for a key that is not there waits for one fetch to its end, as long as the issuer seems well.
    assert [hurried for _, hurried in Watched.fetches].count(False) <= 1
    assert server.count() == 1 + len(Watched.fetches) <= 1 + 4


def test_an_odd_error_is_not_lost(remote: Make, clock: Clock, issuer: Issuer) -> None:
    class Odd(RemoteKeys):
        def _locate(self, deadline: Any) -> str:
            raise ZeroDivisionError

    kids(remote())
    clock.now += 3600
    with pytest.raises(ZeroDivisionError):
        kids(remote(kind=Odd, url=remote()._url, limits=replace(LIMITS, patience=SLACK)))


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
