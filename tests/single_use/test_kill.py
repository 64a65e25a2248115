"""A server that is killed (SIGKILL) in mid-request leaves a token and a spent assertion, or neither."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlencode

import pytest
from django.db import connection

from oauth_jwt_grant.models import Decision
from tests.factories import ec_key, mint
from tests.support import FORM, TOKEN_URL, World, tokens

from .processes import FULL, PATIENCE, children
from .waiting import until_waiting

SERVER, RACER = "tests.single_use.server", "tests.single_use.racer"
POINTS = ["before-token", "after-token", "after-decision"]
BEFORE_COMMIT = [(point, atomic) for point in POINTS for atomic in "01" if FULL or point == "after-decision"]


def post(port: int, body: str) -> tuple[int, str]:
    """Status and ``error`` of the answer to ``body``; ``(0, "")`` if the server died before it gave one."""
    http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        http.request("POST", TOKEN_URL, body, {"Content-Type": FORM})
        answer = http.getresponse()
        return answer.status, json.loads(answer.read()).get("error", "")
    except (RemoteDisconnected, ConnectionResetError):
        return 0, ""
    finally:
        http.close()


@contextmanager
def stopped(point: str, body: str, atomic: str) -> Iterator[None]:
    """A server has been posted ``body`` and has stopped at ``point``; it is killed at the end."""
    with ThreadPoolExecutor() as threads, children(1, SERVER, point, ATOMIC=atomic) as [server]:
        answer: Future[tuple[int, str]] = threads.submit(post, int(server.read()), body)
        assert server.read() == point
        yield
        server.kill()
        assert answer.result(PATIENCE) == (0, "")


def post_after_restart(body: str, atomic: str) -> tuple[int, str]:
    with children(1, SERVER, ATOMIC=atomic) as [server]:
        return post(int(server.read()), body)


def body_of(world: World) -> str:
    return urlencode(world.pairs(assertion=mint(ec_key())))


def accepted() -> int:
    return Decision.objects.filter(outcome="accepted", access_token__isnull=False).count()


@pytest.mark.parametrize(("point", "atomic"), BEFORE_COMMIT)
def test_killed_before_the_commit_neither_token_nor_spent(world: World, point: str, atomic: str) -> None:
    body = body_of(world)
    with stopped(point, body, atomic):
        pass
    assert (tokens(), accepted()) == (0, 0)

    assert post_after_restart(body, atomic) == (200, "")
    assert (tokens(), accepted()) == (1, 1)


@pytest.mark.parametrize("atomic", "01" if FULL else "0")
def test_killed_after_the_commit_token_and_spent(world: World, atomic: str) -> None:
    body = body_of(world)
    with stopped("before-answer", body, atomic):
        pass
    assert (tokens(), accepted()) == (1, 1)

    assert post_after_restart(body, atomic) == (400, "invalid_grant")
    assert (tokens(), accepted()) == (1, 1)


@pytest.mark.parametrize("atomic", "01" if FULL else "1")
def test_of_those_who_wait_for_a_killed_server_one_gets_the_token(world: World, atomic: str) -> None:
    """The others are refused; on MariaDB some may be told to try again, and are refused then."""
    body = body_of(world)
    with children(3, RACER, ATOMIC=atomic) as racers:
        with stopped("after-decision", body, atomic):
            for racer in racers:
                racer.write(body)
            until_waiting(len(racers))
        answers = Counter(racer.read() for racer in racers)
        assert answers.pop("200 -") == 1
        busy = answers.pop("503 temporarily_unavailable", 0)
        assert busy == 0 or connection.vendor == "mysql"
        assert answers == Counter({"400 invalid_grant": 2 - busy})
        racers[0].write(body)
        assert racers[0].read() == "400 invalid_grant"
    assert (tokens(), accepted()) == (1, 1)
