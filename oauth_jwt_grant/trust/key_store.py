"""The last good keys of an issuer, in the database."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, connections, router, transaction

from ..keys import StoredKeys
from ..models import IssuerKeys, TrustedIssuer
from .values import Issuer

logger = logging.getLogger("oauth_jwt_grant.keys")


def stored_keys(row: IssuerKeys) -> StoredKeys:
    """A row of stored keys in the form that the keys package reads."""
    return StoredKeys(
        source=row.source,
        document=row.document,
        fetched_at=row.fetched_at,
        expires_at=row.expires_at,
        etag=row.etag or None,
        first_seen=_times(row.first_seen),
    )


def _times(first_seen: Any) -> dict[str, float]:
    """The numbers in ``first_seen``, a column that may hold anything."""
    times = first_seen if isinstance(first_seen, dict) else {}
    return {name: time for name, time in times.items() if isinstance(time, int | float)}


class DatabaseKeyStore:
    """The last good keys of one issuer, in the database (a :class:`~oauth_jwt_grant.keys.KeyStore`)."""

    def __init__(self, issuer: Issuer | TrustedIssuer) -> None:
        self._issuer = issuer

    def load(self) -> StoredKeys | None:
        """What was saved last, or ``None``."""
        # Where it is written: a replica that lags behind may still hold a key that has been withdrawn.
        rows = IssuerKeys.objects.using(router.db_for_write(IssuerKeys))
        row = rows.filter(issuer=self._issuer.pk).first()
        return None if row is None else stored_keys(row)

    def save(self, keys: StoredKeys) -> None:
        """Replace the stored keys by ``keys``.

        One statement, so that of several who save at once nobody has read what another writes. Keys that the
        database does not take serve from the cache: the request that has fetched them goes on.
        """
        alias = router.db_for_write(IssuerKeys)
        row = IssuerKeys(
            issuer_id=self._issuer.pk,
            source=keys.source,
            document=keys.document,
            fetched_at=keys.fetched_at,
            expires_at=keys.expires_at,
            etag=(keys.etag or "")[:255],
            first_seen=dict(keys.first_seen),
        )
        targeted = connections[alias].features.supports_update_conflicts_with_target
        try:
            with transaction.atomic(using=alias):
                IssuerKeys.objects.using(alias).bulk_create(
                    [row],
                    update_conflicts=True,
                    unique_fields=["issuer"] if targeted else None,
                    update_fields=["source", "document", "fetched_at", "expires_at", "etag", "first_seen"],
                )
        except DatabaseError as error:
            # The issuer was deleted meanwhile, or a lock was not granted.
            logger.warning("The keys of the issuer %r cannot be stored: %s", self._issuer.issuer, error)
