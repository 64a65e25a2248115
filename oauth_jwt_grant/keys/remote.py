"""Keys that an issuer publishes: fetched by one, kept by all, and replaced whole.

The way of the keys through a rotation, an outage and a flood of unknown key ids is
told in :class:`RemoteKeys`; what the processes share is in :mod:`.shared`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..assertion.errors import KeysUnavailable
from ..assertion.jose import PublicKey
from .base import Clock, KeyCache, KeyLimits, KeySource, KeyStatus, KeyStore, select
from .discovery import Metadata, fetch_metadata, keys_url, metadata_of
from .fetch import Fetcher, FetchFailed
from .parse import MalformedKeySet, ParsedKeys, parse_key_set, parse_text, without_secrets
from .shared import KeptKeys, SharedKeys, fingerprint, logger, seen_since
from .transport import Deadline

#: How long a request with an unknown key id waits for the refetch that another one has begun.
ROTATION_WAIT = 1.0
_POLL = 0.05


class RemoteKeys(KeySource):
    """The keys of ``issuer`` from its JWK Set at ``url``.

    * Fresh keys cost one look into the cache, nothing else.
    * Stale keys are fetched anew by one request; all others go on with what is kept.
    * Where nothing is kept, all others wait for the one who fetches.
    * An unknown key id causes one refetch per cool-down; kept keys stay as they are.
    * A failed fetch changes no keys and is not repeated before a growing pause; kept keys
      serve until ``limits.stale_if_error`` seconds after they were fetched.
    """

    def __init__(
        self,
        *,
        issuer: str,
        cache: KeyCache,
        url: str = "",
        store: KeyStore | None = None,
        limits: KeyLimits | None = None,
        ca_bundle: str = "",
        allow_private_network: bool = False,
        fetcher: Fetcher | None = None,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._limits = limits or KeyLimits()
        self._clock = clock
        self._sleep = sleep
        self._shared = SharedKeys(self._source(), cache, store, self._limits, clock)
        self._fetcher = fetcher or Fetcher(
            timeout=self._limits.fetch_timeout,
            max_bytes=self._limits.fetch_max_bytes,
            ca_bundle=ca_bundle,
            allow_private_network=allow_private_network,
        )

    def candidates(self, header: Mapping[str, Any]) -> Sequence[PublicKey]:
        """The issuer's keys that ``alg`` and ``kid`` allow; fetches only where it must."""
        kept = self._current()
        parsed = self._parsed(kept)
        found = select(parsed.keys, header)
        if _settled(parsed, header, found):
            return found
        return select(self._parsed(self._after_rotation(kept)).keys, header)

    def refresh(self) -> None:
        """Fetch now, whatever the age of the keys and however often it has failed."""
        begun = self._shared.start_fetch()
        try:
            self._download(self._kept_or_restored())
        except FetchFailed as error:
            raise self._unavailable(error) from error
        finally:
            if begun:
                self._shared.end_fetch()

    def status(self) -> KeyStatus:
        """What is kept, and how the last fetch went."""
        kept, failure = self._kept_or_restored(), self._shared.failure()
        parsed = self._parsed(kept) if kept else None
        next_fetch = failure.retry_at if failure else kept.expires_at if kept else None
        return KeyStatus(
            keys=parsed.keys if parsed else (),
            left_out=parsed.left_out if parsed else (),
            fetched_at=kept.fetched_at if kept else None,
            next_fetch=next_fetch,
            last_error=failure.error if failure else "",
            failing_since=failure.since if failure else None,
            first_seen=kept.first_seen if kept else {},
        )

    def _source(self) -> str:
        return fingerprint("jwks_url", self._issuer, self._url)

    def _locate(self, deadline: Deadline) -> str:
        """The URL of the key set."""
        return self._url

    def _parsed(self, kept: KeptKeys) -> ParsedKeys:
        return parse_text(kept.text, self._limits.max_keys, self._issuer)

    def _kept_or_restored(self) -> KeptKeys | None:
        return self._shared.kept() or self._shared.restored(self._url)

    def _is_fresh(self, kept: KeptKeys) -> bool:
        # Also bounded by the present limit: a lower one acts at once, as does a clock set back.
        return 0 < kept.expires_at - self._clock() <= self._limits.max_age

    def _is_usable(self, kept: KeptKeys) -> bool:
        return self._clock() < kept.fetched_at + self._limits.stale_if_error

    def _current(self) -> KeptKeys:
        """The keys to work with now. Raises :class:`KeysUnavailable`."""
        kept = self._kept_or_restored()
        if kept is not None and self._is_fresh(kept):
            return kept
        usable = kept if kept is not None and self._is_usable(kept) else None
        try:
            newer = self._fetched_by_one(kept)
        except FetchFailed as error:
            if usable is None:
                raise self._unavailable(error) from error
            return usable
        newer = newer or usable or self._awaited(kept, self._limits.fetch_timeout)
        if newer is None:
            raise self._unavailable(FetchFailed("the present fetch has brought nothing"))
        return newer

    def _after_rotation(self, kept: KeptKeys) -> KeptKeys:
        """The keys to look for a key id in that ``kept`` does not name."""
        if not self._shared.may_refetch():
            return self._awaited(kept, min(ROTATION_WAIT, self._limits.fetch_timeout)) or kept
        try:
            return self._fetched_by_one(kept) or self._awaited(kept, ROTATION_WAIT) or kept
        except FetchFailed:
            return kept

    def _fetched_by_one(self, kept: KeptKeys | None) -> KeptKeys | None:
        """Newer keys than ``kept``; ``None`` if somebody else fetches. Raises :class:`FetchFailed`."""
        failure = self._shared.failure()
        if failure is not None and self._clock() < failure.retry_at:
            raise FetchFailed(failure.error)
        if not self._shared.start_fetch():
            return None
        try:
            # Somebody may have come and gone between the first look and this turn.
            latest, failure = self._shared.kept(), self._shared.failure()
            if latest is not None and latest != kept:
                return latest
            if failure is not None and self._clock() < failure.retry_at:
                raise FetchFailed(failure.error)
            return self._download(kept)
        finally:
            self._shared.end_fetch()

    def _awaited(self, kept: KeptKeys | None, seconds: float) -> KeptKeys | None:
        """What the present fetcher brings within ``seconds``: keys newer than ``kept``, or ``None``."""
        for _ in range(math.ceil(seconds / _POLL) + 1):
            # In this order: a fetcher that has ended has put its keys there before.
            fetching, latest = self._shared.fetching(), self._shared.kept()
            if latest is not None and latest != kept:
                return latest
            if not fetching:
                return None
            self._sleep(_POLL)
        return None

    def _download(self, kept: KeptKeys | None) -> KeptKeys:
        """Fetch and keep the key set, or note the failure and raise :class:`FetchFailed`."""
        try:
            newer = self._exchange(kept)
        except FetchFailed as error:
            self._shared.fail(str(error))
            logger.warning("The keys of the issuer %r cannot be fetched: %s", self._issuer, error)
            raise
        self._shared.keep(newer)
        return newer

    def _exchange(self, kept: KeptKeys | None) -> KeptKeys:
        deadline = self._fetcher.deadline()
        url = self._locate(deadline)
        etag = kept.etag if kept is not None and kept.url == url else None
        answer = self._fetcher.fetch(url, etag=etag, deadline=deadline)
        if kept is not None and answer.not_modified:
            text, etag = kept.text, answer.etag or etag
        else:
            text, etag = self._checked(answer.document), answer.etag
        now = self._clock()
        newer = KeptKeys(text, now, now + self._limits.age(answer.max_age), etag, url)
        before = self._parsed(kept).keys if kept else ()
        known = kept.first_seen if kept else {}
        return replace(newer, first_seen=seen_since(self._parsed(newer).keys, before, known, now))

    def _checked(self, document: dict[str, Any]) -> str:
        """The text of ``document`` to keep; a set without a usable key never replaces a good one."""
        try:
            keys = parse_key_set(document, self._limits.max_keys, self._issuer).keys
        except MalformedKeySet as error:
            raise FetchFailed(f"the answer is {error}") from error
        if not keys:
            raise FetchFailed("the key set holds no usable key")
        return json.dumps(without_secrets(document))

    def _unavailable(self, error: FetchFailed) -> KeysUnavailable:
        failure = self._shared.failure()
        wait = math.ceil(failure.retry_at - self._clock()) if failure else 1
        return KeysUnavailable(f"the keys cannot be fetched: {error}", retry_after=max(1, wait))


class DiscoveredKeys(RemoteKeys):
    """The keys of an issuer that tells their URL in its metadata.

    The metadata is read anew with each fetch of the keys, from ``discovery_url`` or,
    if that is empty, from the well-known places under the issuer.
    """

    def __init__(self, *, discovery_url: str = "", **kwargs: Any) -> None:
        self._discovery_url = discovery_url
        super().__init__(**kwargs)

    def _source(self) -> str:
        return fingerprint("discovery", self._issuer, self._discovery_url)

    def _locate(self, deadline: Deadline) -> str:
        return keys_url(self._fetched_metadata(deadline)[1], self._issuer)

    def metadata(self) -> Metadata:
        """What the issuer publishes of itself now; changes nothing. Raises :class:`FetchFailed`."""
        return metadata_of(*self._fetched_metadata(self._fetcher.deadline()), self._issuer)

    def _fetched_metadata(self, deadline: Deadline) -> tuple[str, dict[str, Any]]:
        return fetch_metadata(self._fetcher, self._issuer, self._discovery_url, deadline)


def _settled(parsed: ParsedKeys, header: Mapping[str, Any], found: Sequence[PublicKey]) -> bool:
    """Whether a new fetch can tell nothing new: the set names the key id, or names none at all."""
    kid = header.get("kid")
    if kid is None or not parsed.kids:
        return bool(found)
    return kid in parsed.kids
