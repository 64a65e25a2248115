"""The last good keys of an issuer, in the database."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, fields
from typing import Any

from django.db import DatabaseError, connections, router, transaction

from ..keys import Failure, KeySet, Stored, key_set_text
from ..models import IssuerKeys, TrustedIssuer
from .values import Issuer

logger = logging.getLogger("oauth_jwt_grant.keys")

_MAX_ERROR = 500


def stored_keys(row: IssuerKeys) -> Stored:
    """A row of stored keys in the form that the keys package reads."""
    return Stored(_key_set(row) if row.source else None, _failure(row.failure))


def _key_set(row: IssuerKeys) -> KeySet:
    return KeySet(
        source=row.source,
        text=key_set_text(row.document),
        fetched_at=row.fetched_at,
        expires_at=row.expires_at,
        etag=row.etag or None,
        first_seen=_times(row.first_seen),
    )


def _times(first_seen: Any) -> dict[str, float]:
    """The numbers in ``first_seen``, a column that may hold anything."""
    times = first_seen if isinstance(first_seen, dict) else {}
    return {name: time for name, time in times.items() if isinstance(time, int | float)}


def _failure(value: Any) -> Failure | None:
    """The failure in ``value``, a column that may hold anything."""
    members = value if isinstance(value, dict) else {}
    kinds = {"source": str, "error": str}
    if members.keys() != {field.name for field in fields(Failure)}:
        return None
    if not all(isinstance(member, kinds.get(name, int | float)) for name, member in members.items()):
        return None
    return Failure(**members)


class DatabaseKeyStore:
    """The last good keys of one issuer, in the database (a :class:`~oauth_jwt_grant.keys.KeyStore`)."""

    def __init__(self, issuer: Issuer | TrustedIssuer) -> None:
        self._issuer = issuer

    def load(self) -> Stored:
        """What was stored last."""
        # Where it is written: a replica that lags behind may still hold a key that has been withdrawn.
        rows = IssuerKeys.objects.using(router.db_for_write(IssuerKeys))
        row = rows.filter(issuer=self._issuer.pk).first()
        return Stored() if row is None else stored_keys(row)

    def save(self, keys: KeySet) -> None:
        """Replace the stored keys by ``keys``, and forget the failure."""
        self._store(
            source=keys.source,
            document=json.loads(keys.text),
            fetched_at=keys.fetched_at,
            expires_at=keys.expires_at,
            etag=(keys.etag or "")[:255],
            first_seen=dict(keys.first_seen),
            failure=None,
        )

    def fail(self, failure: Failure) -> None:
        """Note ``failure``, and leave the keys."""
        self._store(failure=asdict(failure) | {"error": failure.error[:_MAX_ERROR]})

    def _store(self, **values: Any) -> None:
        """Write ``values`` into the row of the issuer, or a new one.

        One statement, so that of several who save at once nobody has read what another writes. What the
        database does not take is in the cache: the request that has fetched goes on.
        """
        alias = router.db_for_write(IssuerKeys)
        row = IssuerKeys(**{"issuer_id": self._issuer.pk, "fetched_at": 0, "expires_at": 0, **values})
        targeted = connections[alias].features.supports_update_conflicts_with_target
        try:
            with transaction.atomic(using=alias):
                IssuerKeys.objects.using(alias).bulk_create(
                    [row],
                    update_conflicts=True,
                    unique_fields=["issuer"] if targeted else None,
                    update_fields=list(values),
                )
        except DatabaseError as error:
            # The issuer was deleted meanwhile, or a lock was not granted.
            logger.warning("The keys of the issuer %r cannot be stored: %s", self._issuer.issuer, error)


class LoadedKeyStore:
    """The stored keys of an issuer that came with its ``fetched_keys``: to look at, without a query."""

    def __init__(self, issuer: Issuer | TrustedIssuer) -> None:
        self._row: IssuerKeys | None = getattr(issuer, "fetched_keys", None)

    def load(self) -> Stored:
        """What was stored when the issuer was read."""
        return Stored() if self._row is None else stored_keys(self._row)

    def _unchanged(self, value: Any) -> None:
        """Nothing is fetched, so there is nothing to keep."""

    save = fail = _unchanged
