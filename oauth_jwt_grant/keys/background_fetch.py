"""Fetches that take longer than the request that started them can wait.

Such a fetch continues on a thread that uses only the network: no cache, no database
connection, no transaction. Its result is held here until the next request of the same
process reads it and stores it for all processes. If the process ends or forks, only the
result is lost: the keys are fetched once more.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from ..assertion.texts import _, text_of
from .background import begin
from .base import KeySet
from .fetch import FetchFailed

# One for each source of keys, by its fingerprint.
_begun: dict[str, Future[KeySet]] = {}


class StillFetching(FetchFailed):
    """There is no result so far; the fetch continues."""


def fetch_within(source: str, fetch: Callable[[], KeySet], seconds: float) -> KeySet:
    """What ``fetch`` brings within ``seconds``.

    Raises :class:`FetchFailed`, as :class:`StillFetching` when it takes longer: then
    :func:`brought` has the keys of this ``source`` later.
    """
    fetching = begin(fetch, "keys")
    try:
        return fetching.result(seconds)
    except TimeoutError as error:
        _begun[source] = fetching
        raise StillFetching(_("no answer within {seconds} s so far", seconds=f"{seconds:g}")) from error
    except OSError as error:
        raise FetchFailed(text_of(error)) from error


def brought(source: str) -> KeySet | None:
    """Return, once, the result of a fetch for ``source`` that no request waited for.

    ``None`` if there is none or it continues. Raises :class:`FetchFailed` if it has failed.
    """
    fetching = _begun.get(source)
    if fetching is None or not fetching.done():
        return None
    _begun.pop(source, None)
    return fetching.result()
