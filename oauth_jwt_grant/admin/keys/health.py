"""How the keys of issuers are: many issuers with one look into the cache, and in words."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.cache import caches
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...conf import conf
from ...database import readable
from ...keys import KeyStatus
from ...models import TrustedIssuer
from ...trust import FETCHED, KeyHealth, KeyState, Level, LoadedKeyStore, key_health, key_source_of

logger = logging.getLogger("oauth_jwt_grant.admin")


class _Notes:
    """A cache that only collects the names of the entries asked for, until it is given the answers."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.append(key)
        return self.answers.get(key, default)

    def _unchanged(self, key: str, value: Any = None, timeout: float = 0) -> Any:
        """Writes and deletes nothing: a page that shows the keys must not change them."""
        return False

    set = add = delete = _unchanged


def key_statuses(issuers: Iterable[TrustedIssuer]) -> list[KeyStatus]:
    """The key status of each of ``issuers``, for all of them with one look into the cache.

    No query either, if they were selected with their ``fetched_keys``.
    """
    notes = _Notes()
    sources = [key_source_of(issuer, cache=notes, store=LoadedKeyStore(issuer)) for issuer in issuers]
    for source in sources:
        source.status()  # only to hear what it asks for
    try:
        notes.answers = caches[conf.CACHE].get_many(notes.asked)
    except Exception:  # whatever the cache's client raises: without the cache, the stored keys count
        logger.warning("The cache for key sets cannot be read", exc_info=True)
    return [source.status() for source in sources]


def key_words(issuer: TrustedIssuer, status: KeyStatus, now: datetime) -> tuple[str, str]:
    """A level (``ok``, ``warning``, ``off``, ``not-reached``) and words for the keys at ``now``."""
    try:
        health = key_health(issuer, status, now.timestamp())
        return _light(health), _words(health, issuer, status)
    except Exception:  # such as times that no calendar has: the other issuers are shown all the same
        logger.warning("The keys of the issuer %r cannot be shown", issuer.issuer, exc_info=True)
        return "off", _("cannot be shown")


def _light(health: KeyHealth) -> str:
    # No fault: keys are fetched when an assertion comes, and by refreshkeys.
    if health.state in (KeyState.NEVER_FETCHED, KeyState.STALE):
        return "not-reached"
    return {Level.FINE: "ok", Level.WARNING: "warning"}.get(health.level, "off")


def _words(health: KeyHealth, issuer: TrustedIssuer, status: KeyStatus) -> str:
    if health.failing_since is not None:
        return _("failing since %s") % at(health.failing_since)
    if issuer.key_source == TrustedIssuer.KeySource.CERTIFICATES:
        is_usable = health.state is KeyState.USABLE and health.until is not None
        return _("trust anchor until %s") % at(health.until or 0) if is_usable else _("no valid trust anchor")
    match health.state:
        case KeyState.NONE | KeyState.SERVED_FROM_LAST_GOOD:
            return _("no usable key")
        case KeyState.NEVER_FETCHED:
            return _("never fetched")
        case KeyState.STALE:
            return _("stale since %s") % at(status.next_fetch or 0)
    words = count_of(status)
    return _("fresh, %s") % words if issuer.key_source in FETCHED else words


def count_of(status: KeyStatus) -> str:
    """How many keys there are, in words."""
    number = len(status.keys)
    return ngettext("%d key", "%d keys", number) % number


def at(seconds: float) -> str:
    """Seconds since the epoch in the operator's time zone and form."""
    try:
        return readable(datetime.fromtimestamp(seconds, tz=UTC))
    except (OSError, OverflowError, ValueError):  # no calendar has them
        return _("unknown")
