"""What the processes of a site share about one issuer's keys: the key set, failures, and who fetches.

All of it is in the cache; the last good key set and the last failure are in the store as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

from ..assertion.jose import PublicKey
from .base import Clock, Failure, KeyCache, KeyLimits, KeySet, KeyStore, Stored
from .notes import Notes

T = TypeVar("T")

# Longer than any fetch takes: a fetcher that died must not lock the others out for good.
_FETCH_GRACE = 5


def source_fingerprint(*parts: str) -> str:
    """A short name for a source of keys, another one for each other source.

    It includes the parameters of the fetch. Once an operator has changed them, no keys are used that
    came through a CA that is no longer trusted, and no failure of the old parameters delays a fetch.
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def seen_since(
    keys: Iterable[PublicKey], before: Iterable[PublicKey], known: Mapping[str, float], now: float
) -> dict[str, float]:
    """Since when each of ``keys`` has been seen: as ``known``, or ``now`` if it was not there ``before``.

    A key that was there at a time of which nothing is known stays without one. Keys are named by
    their thumbprints; those that have gone are forgotten.
    """
    old = {key.thumbprint for key in before}
    times = {
        key.thumbprint: known.get(key.thumbprint, None if key.thumbprint in old else now) for key in keys
    }
    return {thumbprint: time for thumbprint, time in times.items() if time is not None}


class SharedKeys:
    """The shared state of one source of keys of one issuer, known by its ``source`` fingerprint.

    A cache that is down counts as an empty one: keys then come from the store, and each process
    fetches for itself (see :mod:`.notes`).
    """

    def __init__(
        self, source: str, cache: KeyCache, store: KeyStore | None, limits: KeyLimits, clock: Clock
    ) -> None:
        self._source = source
        self._notes = Notes(f"oauth_jwt_grant:keys:3:{source}", cache, clock)
        self._store = store
        self._limits = limits
        self._clock = clock

    def kept(self) -> KeySet | None:
        """The key set in the cache."""
        kept = _entry(KeySet, self._notes.read("set"))
        return None if kept is None else self._seen(kept)

    def stored(self) -> Stored:
        """What the store has of this source."""
        keys, failure = Stored() if self._store is None else self._store.load()
        return Stored(
            keys if keys is not None and keys.source == self._source else None,
            failure if failure is not None and failure.source == self._source else None,
        )

    def restored(self, url: str) -> KeySet | None:
        """The key set in the store, put back into the cache; ``url`` is where its ``etag`` is valid."""
        keys = self.stored().keys
        if keys is None:
            return None
        kept = replace(keys, url=url)
        self._cache_set(kept)
        return self._seen(kept)

    def keep(self, kept: KeySet) -> None:
        """Replace the whole key set by a good one, and forget all failures."""
        self._cache_set(kept)
        self._notes.drop("failure")
        if self._store is not None:
            self._store.save(kept)

    def failure(self) -> Failure | None:
        """The failures since the last good fetch, as far as the cache has them."""
        return _entry(Failure, self._notes.get("failure"))

    def fail(self, error: str, *, goes_on: bool = False) -> Failure:
        """Note a failed fetch, and leave the issuer alone for longer each time.

        With ``goes_on`` nobody waits for it any longer, but it has not ended: until it has,
        no process starts another.
        """
        now, last = self._clock(), self.failure()
        count = last.count + 1 if last else 1
        pause = self._limits.backoff(count)
        ends = self._limits.fetch_timeout if goes_on else pause
        failure = Failure(
            source=self._source,
            count=count,
            since=last.since if last else now,
            at=now,
            error=error,
            retry_at=now + max(pause, ends),
            urgent_at=now + ends,
        )
        self._note(failure)
        return failure

    def explain(self, error: str) -> None:
        """Give the noted failure the ``error`` with which its fetch has ended by now; it counts once."""
        failure = self.failure()
        if failure is not None:
            self._note(replace(failure, error=error))

    def _note(self, failure: Failure) -> None:
        pause = failure.retry_at - failure.at
        self._notes.set("failure", asdict(failure), self._limits.stale_if_error + pause)
        if self._store is not None:
            self._store.fail(failure)

    def start_fetch(self) -> bool:
        """Take the turn to fetch; return ``False`` if another process has it."""
        return self._notes.take("fetching", self._limits.fetch_timeout + _FETCH_GRACE)

    def end_fetch(self) -> None:
        """Let others fetch."""
        self._notes.settle()
        self._notes.drop("fetching")

    def fetching(self) -> bool:
        """Whether a fetch is in progress."""
        return self._notes.get("fetching") is not None

    def has_refetched(self) -> bool:
        """Whether the refetch for unknown key IDs was used and its cool-down lasts."""
        return self._notes.get("refetched") is not None

    def may_refetch(self) -> bool:
        """Take the one refetch for unknown key IDs that a cool-down allows; ``False`` if it is taken."""
        return self._notes.take("refetched", self._limits.refetch_cooldown)

    def settle(self) -> None:
        """Leave the notes of this request to the cache, if it keeps them."""
        self._notes.settle()

    def _cache_set(self, kept: KeySet) -> None:
        lifetime = self._limits.max_age + self._limits.stale_if_error
        self._notes.write("set", asdict(kept), lifetime)

    def _seen(self, kept: KeySet) -> KeySet:
        """``kept``. A failure that this process remembers from before its fetch has no meaning any more."""
        self._notes.outdate("failure", kept.fetched_at)
        return kept


def _entry(kind: type[T], value: Any) -> T | None:
    """``value`` as ``kind``, or ``None`` if it is not what was written."""
    try:
        return kind(**value)
    except TypeError:
        return None
