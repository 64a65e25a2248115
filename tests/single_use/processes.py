"""Child processes that serve the test site on the database of the running test."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.db import connection, connections

#: ``OJG_TEST_FULL=1``: each variant, and races of 8 processes for 1,000 assertions.
FULL = os.environ.get("OJG_TEST_FULL") == "1"
#: How long a child may take for anything, in seconds; only a child that hangs takes so long.
PATIENCE = 120


def environment(**changes: str) -> dict[str, str]:
    """The environment of a child on the same database: ``OJG_TEST_`` variables without their prefix."""
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.single_use.settings",
        "OJG_TEST_DB_NAME": str(connection.settings_dict["NAME"]),
    }
    return {**os.environ, **own, **{f"OJG_TEST_{name}": value for name, value in changes.items()}}


class Child:
    """A process, which is written and read line by line."""

    def __init__(self, process: subprocess.Popen[bytes], own_end: socket.socket) -> None:
        self._process = process
        self._lines = own_end.makefile("rw", encoding="utf-8")
        own_end.close()

    def write(self, line: str) -> None:
        self._lines.write(f"{line}\n")
        self._lines.flush()

    def read(self) -> str:
        """The next line; a child that has died gives none, which is an error."""
        line = self._lines.readline()
        if not line:
            raise AssertionError(f"the child ended with {self._process.wait(PATIENCE)}")
        return line.rstrip("\n")

    def kill(self) -> None:
        """End it, and the others of its module, at once (SIGKILL): nothing in it gets to clean up."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    def close(self) -> None:
        self.kill()
        with suppress(ConnectionResetError):
            self._lines.read()  # It has ended when there is nothing more to read.
        with suppress(BrokenPipeError):
            self._lines.close()


@contextmanager
def children(count: int, module: str, *arguments: str, **changes: str) -> Iterator[list[Child]]:
    """``count`` children that have said that they are ready: a Python module, and forks of it."""
    pairs = [socket.socketpair() for _ in range(count)]
    theirs = [end.fileno() for _, end in pairs]
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment(SOCKETS=" ".join(map(str, theirs)), **changes),
        pass_fds=theirs,
        start_new_session=True,
    )
    with ExitStack() as stack:
        started = [Child(process, own_end) for own_end, _ in pairs]
        for child, (_, end) in zip(started, pairs, strict=True):
            stack.callback(child.close)
            end.close()
        for child in started:
            assert child.read() == "ready"
        yield started


def become_children() -> None:
    """Have this process and its forks read and write the sockets of :func:`children`, one each."""
    connections.close_all()
    first, *others = map(int, os.environ["OJG_TEST_SOCKETS"].split())
    own = next((other for other in others if os.fork() == 0), first)
    os.dup2(own, sys.stdin.fileno())
    os.dup2(own, sys.stdout.fileno())
    for end in (first, *others):
        os.close(end)


def all_at_once(racers: list[Child], *lines: str) -> list[Any]:
    """Write the ``lines`` to all, each in its turn, then read the answer of each."""
    for racer, line in zip(racers, itertools.cycle(lines), strict=False):
        racer.write(line)
    return [racer.read() for racer in racers]
