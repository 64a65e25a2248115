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
from ...keys import KeyStatus, StoredKeys
from ...models import TrustedIssuer
from ...trust import key_source_of, stored_keys
from ..shared import short_time

logger = logging.getLogger("oauth_jwt_grant.admin")

#: Days before the end of a certificate from which on it is shown as a warning.
_SOON = 30


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


class _Loaded:
    """The stored keys of an issuer whose row came with ``select_related("fetched_keys")``."""

    def __init__(self, issuer: TrustedIssuer) -> None:
        self._row = getattr(issuer, "fetched_keys", None)

    def load(self) -> StoredKeys | None:
        return None if self._row is None else stored_keys(self._row)

    def save(self, keys: StoredKeys) -> None:
        """Nothing is fetched, so there is nothing to keep."""


def key_statuses(issuers: Iterable[TrustedIssuer]) -> list[KeyStatus]:
    """The key status of each of ``issuers``, for all of them with one look into the cache.

    No query either, if they were selected with their ``fetched_keys``.
    """
    notes = _Notes()
    sources = [key_source_of(issuer, cache=notes, store=_Loaded(issuer)) for issuer in issuers]
    for source in sources:
        source.status()  # only to hear what it asks for
    try:
        notes.answers = caches[conf.CACHE].get_many(notes.asked)
    except Exception:  # whatever the cache's client raises: without the cache, the stored keys count
        logger.warning("The cache for key sets cannot be read", exc_info=True)
    return [source.status() for source in sources]


def key_health(issuer: TrustedIssuer, status: KeyStatus, now: datetime) -> tuple[str, str]:
    """A level (``ok``, ``warning``, ``off``, ``not-reached``) and words for the keys at ``now``."""
    try:
        return _health(issuer, status, now)
    except Exception:  # such as times that no calendar has: the other issuers are shown all the same
        logger.warning("The keys of the issuer %r cannot be shown", issuer.issuer, exc_info=True)
        return "off", _("cannot be shown")


def _health(issuer: TrustedIssuer, status: KeyStatus, now: datetime) -> tuple[str, str]:
    if issuer.key_source == TrustedIssuer.KeySource.CERTIFICATES:
        return _certificate_health(status, now)
    if issuer.key_source == TrustedIssuer.KeySource.INLINE:
        return ("ok", count_of(status)) if status.keys else ("off", _("no usable key"))
    return _fetched_health(status, now.timestamp())


def count_of(status: KeyStatus) -> str:
    """How many keys there are, in words."""
    number = len(status.keys)
    return ngettext("%d key", "%d keys", number) % number


def at(seconds: float) -> str:
    """Seconds since the epoch in the operator's time zone and form."""
    try:
        return short_time(datetime.fromtimestamp(seconds, tz=UTC))
    except (OSError, OverflowError, ValueError):  # no calendar has them
        return _("unknown")


def _fetched_health(status: KeyStatus, now: float) -> tuple[str, str]:
    if status.last_error and status.failing_since is None:
        return "off", _("no usable key")
    kept_until = (status.fetched_at or 0) + conf.KEYS_STALE_IF_ERROR
    if status.failing_since is not None:
        level = "warning" if status.keys and now < kept_until else "off"
        return level, _("failing since %s") % at(status.failing_since)
    if status.fetched_at is None:
        return "not-reached", _("never fetched")
    if status.next_fetch is not None and status.next_fetch <= now:
        # No fault: keys are fetched when an assertion comes, and by refreshkeys.
        return "not-reached", _("stale since %s") % at(status.next_fetch)
    return "ok", _("fresh, %s") % count_of(status)


def _certificate_health(status: KeyStatus, now: datetime) -> tuple[str, str]:
    ends = sorted(certificate.not_after for certificate in status.certificates)
    if not ends or ends[-1].timestamp() <= now.timestamp():
        return "off", _("no valid trust anchor")
    days = (ends[0].timestamp() - now.timestamp()) / 86400
    return ("ok" if days > _SOON else "warning"), _("trust anchor until %s") % short_time(ends[0])
