"""Beside the issuers: who was refused as unknown in the last day, and whom an operator may have meant."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from ...assertion import near_miss, shown
from ...database import readable, to_datetime
from ...decision import UnknownIssuer, unknown_issuers
from ...languages import translated
from ..shared import near_misses, table

logger = logging.getLogger("oauth_jwt_grant.admin")


def unknown_table() -> str:
    """Return a table of the unknown issuers, if any. Strangers chose the names: text, never a link."""
    try:
        unknown = unknown_issuers(time.time())
    except Exception:  # whatever the cache's client raises, or another program has put there
        logger.warning("The list of unknown issuers cannot be read from the cache", exc_info=True)
        return ""
    rows = [
        (
            format_html("<code>{}</code>", shown(entry.iss)),
            entry.count,
            readable(to_datetime(entry.last)),
            format_html_join(mark_safe("<br>"), "{}", ((hint,) for hint in _hints(entry))) or "-",
        )
        for entry in unknown
    ]
    return table([_("Issuer (iss)"), _("Noted"), _("Last"), _("Nearly the same")], rows) if rows else ""


def _hints(entry: UnknownIssuer) -> Iterator[str]:
    for near in near_misses(entry.iss):
        difference = translated(near_miss([near.issuer], entry.iss))
        yield _("Trusted is %(issuer)s: %(difference)s.") % {"issuer": near.issuer, "difference": difference}
