"""Servers of the test site, each a process of its own, on one database, asked over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from tests.single_use.processes import Child, children
from tests.support import FORM, TOKEN_URL, Pairs

#: Whether the cell has a cache that processes share.
SHARED_CACHE = os.environ.get("OJG_TEST_CACHE", "locmem") != "locmem"


class Server:
    """A server process and its port."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.port = int(child.read())

    def request(self, url: str, body: str, **headers: str) -> tuple[int, bytes]:
        """The status and the body of the answer to a form that is posted."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as http:
            http.request("POST", url, body, {"Content-Type": FORM, **headers})
            answer = http.getresponse()
            return answer.status, answer.read()

    def post(self, pairs: Pairs) -> str:
        """``ok`` for a token, otherwise the ``error`` of the answer."""
        _, body = self.request(TOKEN_URL, urlencode(pairs))
        answer: dict[str, Any] = json.loads(body)
        return "ok" if "access_token" in answer else str(answer["error"])


@contextmanager
def servers(count: int, **changes: str) -> Iterator[list[Server]]:
    """``count`` servers; ``changes`` are ``OJG_TEST_`` variables of theirs."""
    # A rollback journal, as the test itself has it: SQLite's file would keep another mode.
    with children(count, "tests.single_use.server", JOURNAL="delete", **changes) as started:
        yield [Server(child) for child in started]


def at_once(*calls: Callable[[], str]) -> list[str]:
    """The results of ``calls``, made at the same moment."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]
