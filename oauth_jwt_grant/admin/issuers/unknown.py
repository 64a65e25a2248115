"""Beside the issuers: who was refused as unknown in the last day, and whom an operator may have meant."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from ...assertion import near_miss, shown
from ...database import readable, to_datetime
from ...decision import UnknownIssuer, unknown_issuers
from ..shared import near_misses

logger = logging.getLogger("oauth_jwt_grant.admin")


def unknown_rows() -> list[dict[str, Any]]:
    """Return what the list shows of each unknown issuer. Strangers chose the names: text, never a link."""
    try:
        unknown = unknown_issuers(time.time())
    except Exception:  # whatever the cache's client raises, or another program has put there
        logger.warning("The list of unknown issuers cannot be read from the cache", exc_info=True)
        return []
    return [
        {
            "iss": shown(entry.iss),
            "count": entry.count,
            "last": readable(to_datetime(entry.last)),
            "hints": list(_hints(entry)),
        }
        for entry in unknown
    ]


def _hints(entry: UnknownIssuer) -> Iterator[str]:
    for near in near_misses(entry.iss):
        difference = near_miss([near.issuer], entry.iss)
        yield _("Trusted is %(issuer)s: %(difference)s.") % {"issuer": near.issuer, "difference": difference}
