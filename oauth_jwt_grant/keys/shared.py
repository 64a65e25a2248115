"""What the processes of a site share about one issuer's keys: the key set, failures, and who fetches.

All of it is in the cache; the last good key set is in the store as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from ..assertion.jose import PublicKey
from .base import Clock, KeyCache, KeyLimits, KeyStore, StoredKeys
from .notes import Notes

T = TypeVar("T")

# Longer than any fetch takes: a fetcher that died must not lock the others out for good.
_FETCH_GRACE = 5


@dataclass(frozen=True, slots=True)
class KeptKeys:
    """A good key set: its JSON ``text``, when it was fetched, when it gets stale, its ``etag`` at ``url``.

    ``first_seen`` is as in :class:`~oauth_jwt_grant.keys.StoredKeys`.
    """

    text: str
    fetched_at: float
    expires_at: float
    etag: str | None
    url: str
    first_seen: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """``count`` failed fetches in a row ``since`` then, the last ``error``, and when to try again.

    ``urgent_at`` is when a request without usable keys may try: earlier than the others after a
    fetch that was given up before its end, because its failure shows little about the issuer.
    """

    count: int
    since: float
    error: str
    retry_at: float
    urgent_at: float


def source_fingerprint(*parts: str) -> str:
    """A short name for a source of keys, another one for each other source.

    It includes the parameters of the fetch. Once an operator has changed them, no keys are used that
    came through a CA that is no longer trusted, and no failure of the old parameters delays a fetch.
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def key_set_text(document: Mapping[str, Any]) -> str:
    """The JSON text of a key set, the same for the same set.

    PostgreSQL stores no order of members. A set that came back in another order would pass for a newer
    one, and nobody would fetch the key that is looked for.
    """
    return json.dumps(document, sort_keys=True)


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
        self._notes = Notes(f"oauth_jwt_grant:keys:2:{source}", cache, clock)
        self._store = store
        self._limits = limits
        self._clock = clock

    def kept(self) -> KeptKeys | None:
        """The key set in the cache."""
        kept = _entry(KeptKeys, self._notes.read("set"))
        return None if kept is None else self._seen(kept)

    def restored(self, url: str) -> KeptKeys | None:
        """The key set in the store, put back into the cache; ``url`` is where its ``etag`` is valid."""
        stored = self._store.load() if self._store is not None else None
        if stored is None or stored.source != self._source:
            return None
        text = key_set_text(stored.document)
        kept = KeptKeys(text, stored.fetched_at, stored.expires_at, stored.etag, url, dict(stored.first_seen))
        self._cache_set(kept)
        return self._seen(kept)

    def keep(self, kept: KeptKeys) -> None:
        """Replace the whole key set by a good one, and forget all failures."""
        self._cache_set(kept)
        self._notes.drop("failure")
        if self._store is not None:
            document = json.loads(kept.text)
            times = kept.fetched_at, kept.expires_at
            self._store.save(StoredKeys(self._source, document, *times, kept.etag, kept.first_seen))

    def failure(self) -> Failure | None:
        """The failures since the last good fetch."""
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
        failure = Failure(count, last.since if last else now, error, now + max(pause, ends), now + ends)
        self._notes.set("failure", asdict(failure), self._limits.stale_if_error + max(pause, ends))
        return failure

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

    def _cache_set(self, kept: KeptKeys) -> None:
        lifetime = self._limits.max_age + self._limits.stale_if_error
        self._notes.write("set", asdict(kept), lifetime)

    def _seen(self, kept: KeptKeys) -> KeptKeys:
        """``kept``. A failure that this process remembers from before its fetch has no meaning any more."""
        self._notes.outdate("failure", kept.fetched_at)
        return kept


def _entry(kind: type[T], value: Any) -> T | None:
    """``value`` as ``kind``, or ``None`` if it is not what was written."""
    try:
        return kind(**value)
    except TypeError:
        return None
