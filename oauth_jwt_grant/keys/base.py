"""What every source of keys has in common, and what it is given from outside.

Nothing here knows Django: a cache, a store and a clock are handed in, and a
Django cache fits :class:`KeyCache` as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from ..assertion.jose import PublicKey
from ..assertion.texts import Text, _

#: Seconds since the epoch.
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A member of a JWK Set that is not used: its place (from 0), its key ID and why; no key material."""

    position: int
    kid: str | None
    why: Text

    def __str__(self) -> str:
        return str(self.text)

    @property
    def text(self) -> Text:
        """It in words."""
        number, why = self.position + 1, self.why
        if self.kid:
            return _("key {number} ({kid}) is left out: {why}", number=number, kid=self.kid, why=why)
        return _("key {number} is left out: {why}", number=number, why=why)


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """A trust anchor as it is shown to an operator; ``sha256`` is over its DER form, in hexadecimal."""

    subject: str
    not_before: datetime
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """What a source of keys holds at the moment, and how its last fetch went.

    Times are seconds since the epoch, ``None`` where there was or will be no fetch.
    ``next_fetch`` is when the keys are stale or, after a failure, when the next
    attempt is due. ``last_error`` and ``failing_since`` are empty while all is well.
    ``clock_ahead`` is by how many seconds the clock of the server that has just been asked is ahead of ours.
    ``first_seen``: by thumbprint, since when a key has been in the fetched set, where that is known.
    """

    keys: tuple[PublicKey, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    certificates: tuple[CertificateInfo, ...] = ()
    fetched_at: float | None = None
    next_fetch: float | None = None
    last_error: str = ""
    failing_since: float | None = None
    clock_ahead: float | None = None
    first_seen: Mapping[str, float] = field(default_factory=dict)


class KeySource(ABC):
    """Where the keys of one issuer come from."""

    @abstractmethod
    def candidates(self, header: Mapping[str, Any]) -> Sequence[PublicKey]:
        """The keys that may have signed a JWT with this header.

        ``header`` is not verified, but of the right types: ``alg`` is a string, ``kid``
        a string if there is one. Empty: there is no such key. Raises
        :class:`~oauth_jwt_grant.assertion.KeysUnavailable` if the keys cannot be fetched,
        and :class:`~oauth_jwt_grant.assertion.AssertionRefused` where more can be told
        to an operator than "no such key".
        """

    @abstractmethod
    def status(self) -> KeyStatus:
        """Return the current state without a fetch."""

    def refresh(self) -> None:
        """Fetch the keys now, whatever their age; nothing to do for keys that are not fetched.

        Raises :class:`~oauth_jwt_grant.assertion.KeysUnavailable` if that fails; the
        stored keys stay in use.
        """
        return None


class KeyCache(Protocol):
    """The part of a Django cache that is used. Values are plain picklable data, timeouts are seconds."""

    def get(self, key: str, default: Any = None) -> Any: ...

    def set(self, key: str, value: Any, timeout: float) -> None: ...

    def add(self, key: str, value: Any, timeout: float) -> bool: ...

    def delete(self, key: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class KeySet:
    """A good key set as it was fetched, and as cache and store have it. Times are seconds since the epoch.

    ``source`` is a fingerprint of where it came from: keys are never used for another source. ``text`` is the
    JWK Set in JSON. The ``etag`` is valid at ``url``, which a store does not have.
    ``first_seen``: by thumbprint (RFC 7638), since when a key has been in the set, where that is known.
    """

    source: str
    text: str
    fetched_at: float
    expires_at: float
    etag: str | None = None
    url: str = ""
    first_seen: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """``count`` failed fetches from ``source`` in a row ``since`` then, the last ``at`` then with ``error``.

    ``retry_at`` is when to try again. ``urgent_at`` is when a request without usable keys may try: earlier
    than the others after a fetch that was given up before its end, because its failure shows little about
    the issuer.
    """

    source: str
    count: int
    since: float
    at: float
    error: str
    retry_at: float
    urgent_at: float


class Stored(NamedTuple):
    """What a store has of an issuer: its last good keys, and the failure of the last fetch if it failed."""

    keys: KeySet | None = None
    failure: Failure | None = None


class KeyStore(Protocol):
    """Keeps the last good key set of one issuer and its last failure, for all processes."""

    def load(self) -> Stored: ...

    def save(self, keys: KeySet) -> None:
        """Replace the keys, and forget the failure."""

    def fail(self, failure: Failure) -> None:
        """Note the failure, and leave the keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """Bounds on fetching and keeping keys; times in seconds, ``fetch_max_bytes`` in bytes.

    A JWK Set is used without a new fetch for what its ``Cache-Control: max-age`` says,
    but no shorter than ``min_age`` and no longer than ``max_age`` (also the value where
    it says nothing). ``patience`` is how long a request waits for a fetch that it can do without.
    """

    min_age: float = 300
    max_age: float = 3600
    refetch_cooldown: float = 30
    stale_if_error: float = 86400
    fetch_timeout: float = 5
    patience: float = 1
    fetch_max_bytes: int = 262144
    max_keys: int = 100

    def age(self, max_age: float | None) -> float:
        """How long a JWK Set stays fresh if its response had a ``max_age`` in seconds, or none."""
        return self.max_age if max_age is None else max(self.min_age, min(max_age, self.max_age))

    def backoff(self, failures: int) -> float:
        """How long to leave an issuer alone after so many failed fetches in a row.

        It starts with ``refetch_cooldown``, doubles, and ends with ``min_age``.
        """
        longest = max(self.min_age, self.refetch_cooldown)
        return min(self.refetch_cooldown * 2.0 ** min(failures - 1, 16), longest)


def select(keys: Iterable[PublicKey], header: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The ``keys`` that ``alg`` and ``kid`` of ``header`` allow.

    A key without a key ID cannot be selected by one. Where no key bears the wanted
    id, such keys are candidates: so a PEM key serves whatever ``kid`` a client sends.
    """
    alg, kid = header["alg"], header.get("kid")
    keys = tuple(keys)
    named = tuple(key for key in keys if key.fits(alg, kid))
    if named or kid is None or any(key.kid == kid for key in keys):
        return named
    return tuple(key for key in keys if key.kid is None and key.fits(alg, None))
