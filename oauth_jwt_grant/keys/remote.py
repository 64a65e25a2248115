"""Keys that an issuer publishes: fetched by one, kept by all, and replaced whole.

The table of what a request does, through a rotation, an outage and a flood of unknown key IDs, is in
:mod:`.steps`; what the processes share is in :mod:`.shared`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from ..assertion.errors import KeysUnavailable
from ..assertion.jose import PublicKey
from ..assertion.texts import _, verbatim
from .background_fetch import StillFetching, brought, fetch_within
from .base import Clock, Failure, KeyCache, KeyLimits, KeySet, KeySource, KeyStatus, KeyStore, select
from .fetch import Fetcher, FetchFailed
from .notes import log_failed_fetch, log_fetch
from .parse import MalformedKeySet, ParsedKeys, key_set_text, parse_text, without_secrets
from .shared import SharedKeys, seen_since, source_fingerprint
from .steps import Need, Step, need_of, next_step
from .transport import Deadline

_POLL = 0.05


class RemoteKeys(KeySource):
    """The keys of ``issuer`` from its JWK Set at ``url``.

    * Fresh keys cost one look into the cache, nothing else.
    * Stale keys are fetched by one request; all others use what is kept, until
      ``limits.stale_if_error`` seconds after it was fetched.
    * What comes after a request has stopped waiting serves a later one (see :mod:`.background_fetch`).
    * An unknown key ID causes one refetch per cool-down.
    * A failed fetch changes no keys, and the pause after it grows.
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
        proxy: str = "",
        token_files: Mapping[str, str] | None = None,
        fetcher: Fetcher | None = None,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._limits = limits or KeyLimits()
        self._clock = clock
        self._sleep = sleep
        self._clock_ahead: float | None = None
        self._source = source_fingerprint(
            *self._place(), issuer, ca_bundle, "private" if allow_private_network else "public"
        )
        self._shared = SharedKeys(self._source, cache, store, self._limits, clock)
        self._fetcher = fetcher or Fetcher(
            timeout=self._limits.fetch_timeout,
            max_bytes=self._limits.fetch_max_bytes,
            ca_bundle=ca_bundle,
            allow_private_network=allow_private_network,
            proxy=proxy,
            token_files=token_files,
        )

    def candidates(self, header: Mapping[str, Any]) -> Sequence[PublicKey]:
        """The issuer's keys that ``alg`` and ``kid`` allow; fetches only where it must."""
        kept = self._latest()
        if kept is None or not self._is_fresh(kept):
            kept = self._renewed(kept, header)
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
            self._shared.settle()
            if begun:
                self._shared.end_fetch()

    def status(self) -> KeyStatus:
        """The newest keys and the result of the last fetch, of this process or of another."""
        kept, failure = self._newest()
        parsed = self._parsed(kept) if kept else None
        next_fetch = failure.retry_at if failure else kept.expires_at if kept else None
        return KeyStatus(
            keys=parsed.keys if parsed else (),
            left_out=parsed.left_out if parsed else (),
            fetched_at=kept.fetched_at if kept else None,
            next_fetch=next_fetch,
            last_error=failure.error if failure else "",
            failing_since=failure.since if failure else None,
            clock_ahead=self._clock_ahead,
            first_seen=kept.first_seen if kept else {},
        )

    def _place(self) -> tuple[str, str]:
        """The URL from which the keys are fetched or discovered."""
        return "jwks_url", self._url

    def _locate(self, deadline: Deadline) -> str:
        """The URL of the key set."""
        return self._url

    def _parsed(self, kept: KeySet) -> ParsedKeys:
        return parse_text(kept.text, self._limits.max_keys, self._issuer)

    def _kept_or_restored(self) -> KeySet | None:
        """The stored keys, if there is a key set."""
        kept = self._shared.kept() or self._shared.restored(self._url)
        return kept if self._is_readable(kept) else None

    def _newest(self) -> tuple[KeySet | None, Failure | None]:
        """The newest keys, and the failure of the last fetch if it failed after that.

        Of cache and store: where each process has a cache of its own, the store knows what others have found.
        """
        stored = self._shared.stored()
        sets = filter(self._is_readable, (stored.keys, self._shared.kept()))
        kept = max(sets, key=lambda keys: keys.fetched_at, default=None)
        failures = filter(None, (stored.failure, self._shared.failure()))
        failure = max(failures, key=lambda failure: failure.at, default=None)
        if failure is not None and kept is not None and failure.at < kept.fetched_at:
            failure = None
        return kept, failure

    def _is_readable(self, kept: KeySet | None) -> TypeGuard[KeySet]:
        try:
            return kept is not None and bool(self._parsed(kept))
        except ValueError:
            return False

    def _is_fresh(self, kept: KeySet) -> bool:
        # Also bounded by the present limit: a lower one acts at once, as does a clock set back.
        return 0 < kept.expires_at - self._clock() <= self._limits.max_age

    def _is_usable(self, kept: KeySet) -> bool:
        return self._clock() < kept.fetched_at + self._limits.stale_if_error

    def _latest(self) -> KeySet | None:
        """The stored keys; instead of stale ones, the result of a fetch in the background."""
        kept = self._kept_or_restored()
        if kept is not None and self._is_fresh(kept):
            return kept
        try:
            late = brought(self._source)
        except FetchFailed as error:
            log_failed_fetch(self._issuer, error)
            self._shared.explain(str(error))
            return kept
        if late is None or (kept is not None and late.fetched_at <= kept.fetched_at):
            return kept
        self._keep(late, kept)
        return late

    def _renewed(self, kept: KeySet | None, header: Mapping[str, Any]) -> KeySet:
        """The keys to work with where ``kept`` are stale. Raises :class:`KeysUnavailable`."""
        usable = kept if kept is not None and self._is_usable(kept) else None
        try:
            newer = self._fetched_by_one(kept, self._need(usable, header))
        except FetchFailed as error:
            if usable is None:
                raise self._unavailable(error) from error
            return usable
        newer = newer or usable or self._awaited(kept, Need.KEYS)
        if newer is None:
            raise self._unavailable(FetchFailed(_("the present fetch has brought nothing")))
        return newer

    def _need(self, usable: KeySet | None, header: Mapping[str, Any]) -> Need:
        """What a request with ``header`` lacks where the kept keys are stale, and ``usable`` or not."""
        parsed = self._parsed(usable) if usable else None
        settled = parsed is not None and _settled(parsed, header, select(parsed.keys, header))
        return need_of(is_fresh=False, is_usable=usable is not None, is_settled=settled)

    def _after_rotation(self, kept: KeySet) -> KeySet:
        """The keys to look for a key ID in that ``kept`` does not name."""
        newer = None
        try:
            if not self._shared.has_refetched():
                newer = self._fetched_by_one(kept, Need.KEY_ID, self._shared.may_refetch)
        except FetchFailed:
            return kept
        return newer or self._awaited(kept, Need.KEY_ID) or kept

    def _fetched_by_one(
        self, kept: KeySet | None, need: Need, may: Callable[[], bool] = lambda: True
    ) -> KeySet | None:
        """Newer keys than ``kept``; ``None`` if another process fetches. Raises :class:`FetchFailed`.

        ``may`` decides only when this process has the turn to fetch: others then see the fetch, and wait.
        """
        self._next_step(need)
        if not self._shared.start_fetch():
            return None
        try:
            # Another may have fetched between the first look and this turn.
            latest = self._kept_or_restored()
            if latest is not None and latest != kept:
                return latest
            if not may():
                return kept
            return self._download(kept, hurried=self._next_step(need) is Step.FETCH_BRIEFLY)
        finally:
            self._shared.end_fetch()

    def _next_step(self, need: Need) -> Step:
        """How to fetch. Raises :class:`FetchFailed` with the last failure while the issuer is left alone."""
        failure = self._shared.failure()
        step = next_step(need, failure, self._clock())
        if failure is not None and step in (Step.SERVE, Step.FAIL):
            raise FetchFailed(verbatim(failure.error))
        return step

    def _awaited(self, kept: KeySet | None, need: Need) -> KeySet | None:
        """Newer keys than ``kept`` from another fetcher, in the time that ``need`` allows, or ``None``."""
        brief = next_step(need, None, self._clock(), others_fetch=True) is Step.WAIT_BRIEFLY
        longest = self._limits.fetch_timeout
        seconds = min(self._limits.patience, longest) if brief else longest
        for _turn in range(math.ceil(seconds / _POLL) + 1):
            # In this order: a fetcher that has ended has put its keys there before.
            fetching, latest = self._shared.fetching(), self._shared.kept()
            if latest is not None and latest != kept:
                return latest
            if not fetching:
                # Where no cache has them, the store has.
                latest = latest or self._kept_or_restored()
                return None if latest == kept else latest
            self._sleep(_POLL)
        return None

    def _download(self, kept: KeySet | None, *, hurried: bool = False) -> KeySet:
        """Fetch and keep the key set, or note the failure and raise :class:`FetchFailed`.

        ``hurried``: wait no longer than ``limits.patience``, and leave the fetch to itself then.
        """
        try:
            if hurried and self._limits.patience < self._limits.fetch_timeout:
                newer = fetch_within(self._source, lambda: self._exchange(kept), self._limits.patience)
            else:
                newer = self._exchange(kept)
        except FetchFailed as error:
            self._shared.fail(str(error), goes_on=isinstance(error, StillFetching))
            log_failed_fetch(self._issuer, error)
            raise
        self._keep(newer, kept)
        return newer

    def _keep(self, newer: KeySet, kept: KeySet | None) -> None:
        self._shared.keep(newer)
        before = [key.thumbprint for key in self._parsed(kept).keys] if kept else []
        log_fetch(self._issuer, before, [key.thumbprint for key in self._parsed(newer).keys])

    def _exchange(self, kept: KeySet | None) -> KeySet:
        deadline = self._fetcher.deadline()
        url = self._locate(deadline)
        etag = kept.etag if kept is not None and kept.url == url else None
        answer = self._fetcher.fetch(url, etag=etag, deadline=deadline)
        if kept is not None and answer.not_modified:
            text, etag = kept.text, answer.etag or etag
        else:
            text, etag = self._checked(answer.document), answer.etag
        now = self._clock()
        self._clock_ahead = None if answer.served_at is None else answer.served_at - now
        newer = KeySet(self._source, text, now, now + self._limits.age(answer.max_age), etag, url)
        before = self._parsed(kept).keys if kept else ()
        known = kept.first_seen if kept else {}
        return replace(newer, first_seen=seen_since(self._parsed(newer).keys, before, known, now))

    def _checked(self, document: dict[str, Any]) -> str:
        """The text of ``document`` to keep; a set without a usable key never replaces a good one."""
        try:
            text = key_set_text(without_secrets(document))
        except MalformedKeySet as error:
            raise FetchFailed(_("the answer is {error}", error=error)) from error
        if not parse_text(text, self._limits.max_keys, self._issuer).keys:
            raise FetchFailed(_("the key set holds no usable key"))
        return text

    def _unavailable(self, error: FetchFailed) -> KeysUnavailable:
        failure = self._shared.failure()
        wait = math.ceil(failure.urgent_at - self._clock()) if failure else 1
        return KeysUnavailable(
            _("the keys cannot be fetched: {error}", error=error), retry_after=max(1, wait)
        )


def _settled(parsed: ParsedKeys, header: Mapping[str, Any], found: Sequence[PublicKey]) -> bool:
    """Whether a new fetch is useless: the set names the key ID, or names none at all."""
    kid = header.get("kid")
    if kid is None or not parsed.kids:
        return bool(found)
    return kid in parsed.kids
