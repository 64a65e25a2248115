"""The failure of the last fetch, as every process sees it, also where each has a cache of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import RemoteKeys, parse
from oauth_jwt_grant.keys.notes import memory
from tests.jwks_server import Answer, JwksServer

from .material import START, Clock, MemoryCache, MemoryStore, ec_jwk, header

Make = Callable[..., RemoteKeys]


class Process:
    """A process: its requests share a cache and a memory with nobody else."""

    def __init__(self, remote: Make, clock: Clock) -> None:
        self._remote = remote
        self._cache = MemoryCache(clock)
        self._notes: dict[str, Any] = {}

    def __call__(self, work: Callable[[RemoteKeys], Any], **changes: Any) -> Any:
        others, memory._notes = memory._notes, self._notes
        try:
            return work(self._remote(cache=self._cache, **changes))
        except KeysUnavailable as error:
            return error.detail
        finally:
            self._notes, memory._notes = memory._notes, others


@pytest.fixture
def one(remote: Make, clock: Clock) -> Process:
    return Process(remote, clock)


@pytest.fixture
def other(remote: Make, clock: Clock) -> Process:
    return Process(remote, clock)


def kids(source: RemoteKeys) -> list[str | None]:
    return [key.kid for key in source.candidates(header("a"))]


def shown(source: RemoteKeys) -> tuple[str, float | None, float | None, int]:
    status = source.status()
    return status.last_error, status.failing_since, status.fetched_at, len(status.keys)


ERROR = "the answer has the HTTP status 500"


def test_a_failure_is_seen_by_the_other_processes(
    server: JwksServer, one: Process, other: Process, clock: Clock
) -> None:
    server.answers["/jwks"] = Answer(status=500)
    one(kids)
    assert one(shown) == other(shown) == (ERROR, START, None, 0)
    server.publish(ec_jwk("a"))
    clock.now += 30
    assert one(kids) == ["a"]
    assert one(shown) == other(shown) == ("", None, START + 30, 1)
    server.answers["/jwks"] = Answer(status=500)
    clock.now += 3600
    assert other(kids) == ["a"]
    assert one(shown) == other(shown) == (ERROR, START + 3630, START + 30, 1)


def test_a_success_of_another_process_ends_the_failure(
    server: JwksServer, one: Process, other: Process, clock: Clock
) -> None:
    server.answers["/jwks"] = Answer(status=500)
    one(kids)
    clock.now += 1
    server.publish(ec_jwk("a"))
    assert other(kids) == ["a"]
    assert one(shown) == other(shown) == ("", None, START + 1, 1)
    # A later failure of the first one counts again.
    clock.now += 1
    server.answers["/jwks"] = Answer(status=500)
    one(lambda source: source.refresh())
    assert one(shown) == other(shown) == (ERROR, START, START + 1, 1)


def test_the_newest_keys_are_shown(server: JwksServer, one: Process, other: Process, clock: Clock) -> None:
    server.publish(ec_jwk("a"))
    one(kids)
    server.publish(ec_jwk("a"), ec_jwk("b"))
    clock.now += 100
    other(lambda source: source.refresh())
    assert one(shown) == ("", None, START + 100, 2)


def test_a_failure_of_another_source_is_none(server: JwksServer, one: Process, other: Process) -> None:
    """Once an operator has changed the URL, what failed before says nothing."""
    server.answers["/old"] = Answer(status=500)
    one(kids, url=server.url("/old"))
    assert other(shown, url=server.url("/old"))[0] == ERROR
    assert other(shown) == ("", None, None, 0)


def test_without_a_store_the_cache_says_it(server: JwksServer, remote: Make) -> None:
    server.answers["/jwks"] = Answer(status=500)
    with pytest.raises(KeysUnavailable):
        kids(remote(store=None))
    assert shown(remote(store=None)) == (ERROR, START, None, 0)


def test_no_request_writes_but_the_one_that_has_fetched(
    server: JwksServer, one: Process, store: MemoryStore, clock: Clock
) -> None:
    server.publish(ec_jwk("a"))
    for _ in range(20):
        one(kids)
        one(shown)
    assert store.writes == 1
    clock.now += 3600
    server.answers["/jwks"] = Answer(status=500)
    for _ in range(20):
        one(kids)
        one(lambda source: source.candidates(header("unknown")))
        one(shown)
    assert store.writes == server.count() == 2
    clock.now += 30
    for _ in range(20):
        one(kids)
    assert store.writes == server.count() == 3


def test_a_status_changes_nothing(server: JwksServer, remote: Make, cache: MemoryCache, clock: Clock) -> None:
    server.publish(ec_jwk("a"))
    remote().refresh()
    cache.flush()
    cache.calls.clear()
    assert len(remote().status().keys) == 1
    assert set(cache.calls) == {"get"}


def test_a_stored_set_that_cannot_be_read_hides_no_failure(
    server: JwksServer, one: Process, other: Process, store: MemoryStore, clock: Clock
) -> None:
    server.publish(ec_jwk("a"))
    one(kids)
    assert store.saved is not None
    store.saved = replace(store.saved, text="{}", fetched_at=clock.now + 1000)
    assert other(shown) == ("", None, None, 0)
    store.saved = replace(store.saved, fetched_at=START)
    server.answers["/jwks"] = Answer(status=500)
    other(lambda source: source.refresh())
    assert other(shown) == (ERROR, START, None, 0)


def test_a_fetched_set_is_parsed_once(
    server: JwksServer, remote: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[Any] = []

    def counted(*arguments: Any) -> Any:
        parsed.append(arguments)
        return parse_key_set(*arguments)

    parse_key_set = parse.parse_key_set
    monkeypatch.setattr(parse, "parse_key_set", counted)
    server.publish(ec_jwk("a"), ec_jwk("once"))
    assert kids(remote()) == ["a"]
    assert kids(remote()) == ["a"]
    assert remote().status().keys
    assert len(parsed) == 1


def test_an_explanation_of_a_failure_that_is_over_is_not_kept(server: JwksServer, remote: Make) -> None:
    server.publish(ec_jwk("a"))
    source = remote()
    source.candidates(header("a"))
    source._shared.explain("too late")
    assert source.status().last_error == ""
