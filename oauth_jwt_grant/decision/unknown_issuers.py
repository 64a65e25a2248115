"""The issuers that were refused as unknown in the last day: a short list in the cache, for operators.

Anybody can write any ``iss`` into a JWT, so the list is a hint and nothing rests on it. It has at most
:data:`MOST` names of at most :data:`LONGEST` characters, whatever is sent and however often.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.core.cache import caches

from ..conf import conf

logger = logging.getLogger("oauth_jwt_grant.decisions")

MOST = 20
LONGEST = 255
DAY = 86400

_KEY = "oauth_jwt_grant:unknown-issuers"


@dataclass(frozen=True, slots=True)
class UnknownIssuer:
    """An ``iss`` without a row, as it was sent; how often it was noted, and when last (epoch seconds)."""

    iss: str
    count: int
    last: float


def note_unknown(iss: str, now: float) -> None:
    """Put ``iss`` on the list. The caller limits how often. A cache that fails changes nothing."""
    iss = iss[:LONGEST]
    try:
        noted = {unknown.iss: unknown for unknown in unknown_issuers(now)}
        before = noted.pop(iss, None)
        if len(noted) >= MOST:
            # A client that comes again and again stays on the list; names that were made up once make room.
            rarest = min(noted.values(), key=lambda unknown: (unknown.count, unknown.last))
            del noted[rarest.iss]
        noted[iss] = UnknownIssuer(iss, before.count + 1 if before else 1, now)
        rows = [(unknown.iss, unknown.count, unknown.last) for unknown in noted.values()]
        caches[conf.CACHE].set(_KEY, rows, DAY)
    except Exception:  # whatever the cache's client raises
        logger.warning("The list of unknown issuers cannot be written to the cache", exc_info=True)


def unknown_issuers(now: float) -> list[UnknownIssuer]:
    """Return the list, the latest first. Raises what the cache raises."""
    rows: Any = caches[conf.CACHE].get(_KEY) or []
    unknown = [UnknownIssuer(str(iss), int(count), float(last)) for iss, count, last in rows]
    recent = [entry for entry in unknown if 0 <= now - entry.last < DAY]
    return sorted(recent, key=lambda entry: -entry.last)[:MOST]
