"""How the keys of an issuer are, decided once for lists, pages and commands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..conf import conf
from ..keys import KeyStatus
from ..models import TrustedIssuer
from .obstacles import Level

#: The sources of keys that are fetched.
FETCHED = (TrustedIssuer.KeySource.JWKS_URL, TrustedIssuer.KeySource.DISCOVERY)
#: Days before the end of a certificate from which on it is worth a warning.
SOON = 30
_DAY = 86400


class KeyState(StrEnum):
    """What can be said of the keys in a word."""

    USABLE = "usable"
    #: Older than the issuer or the settings allow; they serve while the next assertion has them fetched.
    STALE = "stale"
    #: No fetch has been tried. The next assertion tries it.
    NEVER_FETCHED = "never fetched"
    #: The last fetch failed, and the last good keys serve.
    SERVED_FROM_LAST_GOOD = "failing, the last good keys serve"
    #: No assertion can be verified.
    NONE = "no usable key"


_LEVELS = {
    KeyState.USABLE: Level.FINE,
    KeyState.STALE: Level.FINE,
    KeyState.NEVER_FETCHED: Level.WARNING,
    KeyState.SERVED_FROM_LAST_GOOD: Level.WARNING,
    KeyState.NONE: Level.FAILING,
}


@dataclass(frozen=True, slots=True)
class KeyHealth:
    """The state of an issuer's keys; times in seconds since the epoch.

    ``problem`` is why the last fetch, or the source, failed. ``until`` is how long the keys serve with no
    further fetch, or when the first certificate ends.
    """

    state: KeyState
    level: Level
    problem: str = ""
    failing_since: float | None = None
    until: float | None = None


def key_health(
    issuer: Any, status: KeyStatus, now: float, *, problem: str = "", warn_days: int = SOON
) -> KeyHealth:
    """Return how the keys of ``issuer`` are at ``now``; ``problem`` is that of a fetch just before."""
    problem = problem or status.last_error
    if issuer.key_source == TrustedIssuer.KeySource.CERTIFICATES:
        return _of_certificates(status, now, problem, warn_days)
    if issuer.key_source not in FETCHED:
        return _health(KeyState.USABLE if status.keys else KeyState.NONE, problem)
    return _of_fetched(status, now, problem)


def _of_fetched(status: KeyStatus, now: float, problem: str) -> KeyHealth:
    until = None if status.fetched_at is None else status.fetched_at + conf.KEYS_STALE_IF_ERROR
    serve = bool(status.keys) and until is not None and now < until
    if problem:
        state = KeyState.SERVED_FROM_LAST_GOOD if serve else KeyState.NONE
    elif status.fetched_at is None:
        state = KeyState.NEVER_FETCHED
    else:
        is_stale = not serve or (status.next_fetch is not None and status.next_fetch <= now)
        state = KeyState.STALE if is_stale else KeyState.USABLE
    return _health(state, problem, failing_since=status.failing_since, until=until)


def _of_certificates(status: KeyStatus, now: float, problem: str, warn_days: int) -> KeyHealth:
    ends = sorted(certificate.not_after.timestamp() for certificate in status.certificates)
    if problem or not ends or ends[-1] <= now:
        return _health(KeyState.NONE, problem, until=ends[0] if ends else None)
    level = Level.WARNING if ends[0] <= now + warn_days * _DAY else Level.FINE
    return KeyHealth(KeyState.USABLE, level, until=ends[0])


def _health(state: KeyState, problem: str, **times: float | None) -> KeyHealth:
    return KeyHealth(state, _LEVELS[state], problem, **times)
