"""Child processes that serve the test site on the database of the running test."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection

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
    """A Python module as a process, which is written and read line by line."""

    def __init__(self, module: str, *arguments: str, **changes: str) -> None:
        self.process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment(**changes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read(self) -> str:
        """The next line; a child that has died gives none, which is an error."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the child ended with {self.process.wait(PATIENCE)}")
        return line.rstrip("\n")

    def kill(self) -> None:
        """End it at once (SIGKILL): nothing in it gets to clean up."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def close(self) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def children(count: int, module: str, *arguments: str, **changes: str) -> Iterator[list[Child]]:
    """``count`` children that have said that they are ready."""
    with ExitStack() as stack:
        started = []
        for _ in range(count):
            child = Child(module, *arguments, **changes)
            stack.callback(child.close)
            started.append(child)
        for child in started:
            assert child.read() == "ready"
        yield started


def all_at_once(racers: list[Child], *lines: str) -> list[Any]:
    """Write the ``lines`` to all, each in its turn, then read the answer of each."""
    for racer, line in zip(racers, itertools.cycle(lines), strict=False):
        racer.write(line)
    return [racer.read() for racer in racers]
