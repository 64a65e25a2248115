r"""What a request does about the keys that an issuer publishes, as one table.

=========================  ==============================  =================  ==========================
the request needs          the last fetch                  others             so it
=========================  ==============================  =================  ==========================
nothing                    any                             any                serves the kept keys
newer keys (stale ones     failed, and its pause lasts     any                serves the kept keys
are usable)                any other                       fetch              serves the kept keys
\                          any other                       do not fetch       fetches, and waits briefly
a key ID that the kept     failed, and its pause lasts     any                serves the kept keys
keys do not name           any other                       fetch              waits for them, briefly
\                          failed, and the pause is over   do not fetch       fetches, and waits briefly
\                          succeeded, or there was none    do not fetch       fetches, and waits
keys (none are usable)     failed, and its pause lasts     any                fails
\                          any other                       fetch              waits for them
\                          any other                       do not fetch       fetches, and waits
=========================  ==============================  =================  ==========================

To wait is to wait for ``KeyLimits.fetch_timeout``, briefly for ``KeyLimits.patience``: an issuer that has
failed, or whose keys are only stale, does not hold up a request. The pause of a request that needs keys
is the shorter one (``Failure.urgent_at``). For an unknown key ID, a cool-down comes before all of this.
"""

from __future__ import annotations

from enum import Enum, auto

from .base import Failure


class Need(Enum):
    """What a request lacks."""

    NOTHING = auto()
    NEWER = auto()
    KEY_ID = auto()
    KEYS = auto()


class Step(Enum):
    """What a request does next."""

    SERVE = auto()
    FETCH = auto()
    FETCH_BRIEFLY = auto()
    WAIT = auto()
    WAIT_BRIEFLY = auto()
    FAIL = auto()


def need_of(*, is_fresh: bool, is_usable: bool, is_settled: bool) -> Need:
    """What a request lacks whose kept keys are so; ``is_settled``: a fetch can add nothing for its header."""
    if not is_usable:
        return Need.KEYS
    if not is_settled:
        return Need.KEY_ID
    return Need.NOTHING if is_fresh else Need.NEWER


def next_step(need: Need, failure: Failure | None, now: float, *, others_fetch: bool = False) -> Step:
    """The row of the table; ``failure`` is that of the last fetch, ``now`` in seconds since the epoch."""
    if need is Need.NOTHING:
        return Step.SERVE
    if failure is not None and now < (failure.urgent_at if need is Need.KEYS else failure.retry_at):
        return Step.FAIL if need is Need.KEYS else Step.SERVE
    if need is Need.KEYS:
        return Step.WAIT if others_fetch else Step.FETCH
    if others_fetch:
        return Step.WAIT_BRIEFLY if need is Need.KEY_ID else Step.SERVE
    return Step.FETCH_BRIEFLY if need is Need.NEWER or failure is not None else Step.FETCH
