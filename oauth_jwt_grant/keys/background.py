"""Work on a thread of its own, so that its caller can go on before it ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begin(work: Callable[[], T], name: str) -> Future[T]:
    """Start ``work`` and return its future result: ``result(seconds)`` waits at most that long.

    The thread does not outlive the process. A process that may have no more threads
    finds an :class:`OSError` in the result.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # raised where the result is asked for
            future.set_exception(error)

    try:
        Thread(target=run, daemon=True, name=f"oauth_jwt_grant-{name}").start()
    except RuntimeError as error:
        future.set_exception(OSError(f"{error}"))
    return future
