"""Short notes about fetching: in the cache for all processes, and in this process where the cache fails.

A cache may raise, or return nothing without raising (django-redis with ``IGNORE_EXCEPTIONS``, a dummy
cache), or drop an entry soon after it was written. Then one process at least must remember who
fetches and when the last fetch failed: else nobody would fetch, or every request would.
"""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Lock
from typing import Any

from .base import Clock, KeyCache

logger = logging.getLogger("oauth_jwt_grant.keys")

#: Seconds between two log records of one kind: requests must not fill a site's log while its cache is down.
_SILENCE = 60
#: From this size on, notes that have ended are removed before another one is written.
_MANY = 256


def log_fetch(issuer: str, before: Collection[str], after: Collection[str]) -> None:
    """Log a fetch of the keys of ``issuer``, which had and has these thumbprints: what is new and gone."""
    new, gone = len(set(after) - set(before)), len(set(before) - set(after))
    fields = {
        "outcome": "rotated" if before and (new or gone) else "fetched",
        "issuer": issuer,
        "keys": len(after),
        "new": new,
        "gone": gone,
    }
    logger.info(
        "outcome=%(outcome)s issuer=%(issuer)s keys=%(keys)d new=%(new)d gone=%(gone)d", fields, extra=fields
    )


def log_failed_fetch(issuer: str, error: Exception) -> None:
    """Log a fetch of the keys of ``issuer`` that has failed."""
    fields = {"outcome": "failed", "issuer": issuer}
    logger.warning("The keys of the issuer %r cannot be fetched: %s", issuer, error, extra=fields)


@dataclass(frozen=True, slots=True)
class _Note:
    value: Any
    made: float
    end: float


class _Memory:
    """The notes of this process. They end like those in the cache."""

    def __init__(self) -> None:
        self._notes: dict[str, _Note] = {}
        self._lock = Lock()

    def get(self, key: str, now: float) -> _Note | None:
        note = self._notes.get(key)
        return note if note is not None and now < note.end else None

    def put(self, key: str, note: _Note, *, if_free: bool = False) -> bool:
        with self._lock:
            if if_free and self.get(key, note.made) is not None:
                return False
            if len(self._notes) >= _MANY:
                self._notes = {name: old for name, old in self._notes.items() if note.made < old.end}
            self._notes[key] = note
            return True

    def forget(self, key: str) -> None:
        with self._lock:
            self._notes.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._notes.clear()


#: One for the process: a request has no longer life than its notes.
memory = _Memory()


class Notes:
    """The notes about one source of keys, in ``cache`` under ``prefix``.

    Each note is also held in this process until :meth:`settle` finds that the cache has stored
    all of them. If the cache has lost them, the notes of this process count until they expire.
    """

    def __init__(self, prefix: str, cache: KeyCache, clock: Clock) -> None:
        self._prefix = prefix
        self._cache = cache
        self._clock = clock
        self._written: set[str] = set()
        kind = type(cache)
        self._own_prefix = f"{kind.__module__}.{kind.__qualname__}:{prefix}"

    def get(self, name: str) -> Any:
        """The value of the note ``name``, or ``None``."""
        value = self.read(name)
        if value is not None:
            return value
        note = memory.get(self._own(name), self._clock())
        return None if note is None else note.value

    def set(self, name: str, value: Any, timeout: float) -> None:
        """Write the note ``name``."""
        memory.put(self._own(name), self._note(value, timeout))
        self._written.add(name)
        self.write(name, value, timeout)

    def take(self, name: str, timeout: float) -> bool:
        """Write the note ``name`` if there is none; ``False`` if another process has it."""
        mark = secrets.token_hex(8)
        if not memory.put(self._own(name), self._note(mark, timeout), if_free=True):
            return False
        self._ask(lambda: self._cache.add(self._key(name), mark, timeout), "written")
        # What ``add`` returns is not asked: a client may not wait for the answer, or fail without raising.
        if self.read(name) in (mark, None):
            self._written.add(name)
            return True
        memory.forget(self._own(name))
        return False

    def drop(self, name: str) -> None:
        """Remove the note ``name``."""
        self._written.discard(name)
        memory.forget(self._own(name))
        self._ask(lambda: self._cache.delete(self._key(name)), "written")

    def settle(self) -> None:
        """Leave the notes to the cache, if it has stored all of them until now."""
        if all(self.read(name) is not None for name in self._written):
            for name in self._written:
                memory.forget(self._own(name))
        else:
            self._warn(
                "The cache for key sets does not keep what is written to it. This process fetches keys "
                "for itself, one fetch at a time."
            )
        self._written.clear()

    def outdate(self, name: str, time: float) -> None:
        """Forget the note ``name`` of this process if it was written before ``time``."""
        note = memory.get(self._own(name), self._clock())
        if note is not None and note.made < time:
            memory.forget(self._own(name))

    def read(self, name: str) -> Any:
        """The entry ``name`` of the cache; ``None`` also if the cache is down."""
        return self._ask(lambda: self._cache.get(self._key(name)), "read")

    def write(self, name: str, value: Any, timeout: float) -> None:
        """Set the entry ``name`` of the cache, if it is not down."""
        self._ask(lambda: self._cache.set(self._key(name), value, timeout), "written")

    def _ask(self, question: Callable[[], Any], verb: str) -> Any:
        try:
            return question()
        except Exception:  # whatever the cache's client raises
            self._warn(f"The cache for key sets cannot be {verb}")
            return None

    def _warn(self, text: str) -> None:
        """Log ``text`` with the traceback, if there is one; the same text only once in a while."""
        now = self._clock()
        if memory.put(f"logged: {text}", _Note(True, now, now + _SILENCE), if_free=True):
            logger.warning(text, exc_info=sys.exc_info()[0] is not None)

    def _note(self, value: Any, timeout: float) -> _Note:
        now = self._clock()
        return _Note(value, now, now + timeout)

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def _own(self, name: str) -> str:
        return f"{self._own_prefix}:{name}"
