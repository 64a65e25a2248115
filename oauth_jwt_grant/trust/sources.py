"""Where the keys of an issuer come from."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.db import Error

from ..assertion import AssertionRefused, Reason, _
from ..conf import conf
from ..keys import (
    CertificateKeys,
    DiscoveredKeys,
    GuardedKeys,
    InlineKeys,
    KeyCache,
    KeyLimits,
    KeySource,
    KeyStore,
    RemoteKeys,
)
from ..models import TrustedIssuer
from .key_store import DatabaseKeyStore
from .values import Issuer

logger = logging.getLogger("oauth_jwt_grant.keys")


def key_source_of(
    issuer: Issuer | TrustedIssuer, *, cache: KeyCache | None = None, store: KeyStore | None = None
) -> KeySource:
    """Where the keys of ``issuer`` come from, by its ``key_source``. What breaks in it is a refusal.

    ``cache`` and ``store`` stand in for the site's own, for a caller that looks at many issuers at once.
    """
    return GuardedKeys(lambda: _source_of(issuer, cache, store), Error)


def _source_of(
    issuer: Issuer | TrustedIssuer, cache: KeyCache | None = None, store: KeyStore | None = None
) -> KeySource:
    match issuer.key_source:
        case TrustedIssuer.KeySource.INLINE:
            return InlineKeys(issuer.jwks, max_keys=conf.MAX_KEYS)
        case TrustedIssuer.KeySource.CERTIFICATES:
            return CertificateKeys(trust_anchors=issuer.trust_anchors, bindings=issuer.certificate_bindings)
        case TrustedIssuer.KeySource.JWKS_URL:
            return RemoteKeys(url=issuer.jwks_url, **_remote(issuer, cache, store))
        case TrustedIssuer.KeySource.DISCOVERY:
            return DiscoveredKeys(discovery_url=issuer.discovery_url, **_remote(issuer, cache, store))
        case _:
            fault = _("{key_source} is not a source of keys", key_source=repr(issuer.key_source))
            raise AssertionRefused(Reason.ISSUER_MISCONFIGURED, detail=fault)


def _remote(issuer: Issuer | TrustedIssuer, cache: KeyCache | None, store: KeyStore | None) -> dict[str, Any]:
    return {
        "issuer": issuer.issuer,
        "cache": _site_cache() if cache is None else cache,
        "store": DatabaseKeyStore(issuer) if store is None else store,
        "limits": KeyLimits(
            min_age=conf.KEYS_MIN_AGE,
            max_age=conf.KEYS_MAX_AGE,
            refetch_cooldown=conf.KEYS_REFETCH_COOLDOWN,
            stale_if_error=conf.KEYS_STALE_IF_ERROR,
            fetch_timeout=conf.FETCH_TIMEOUT,
            fetch_max_bytes=conf.FETCH_MAX_BYTES,
            max_keys=conf.MAX_KEYS,
        ),
        "ca_bundle": issuer.ca_bundle,
        "allow_private_network": issuer.allow_private_network,
        "proxy": conf.FETCH_PROXY,
        "token_files": conf.FETCH_TOKEN_FILES,
    }


def _site_cache() -> KeyCache:
    """The cache of the setting; one that keeps nothing where it cannot even be opened."""
    try:
        return caches[conf.CACHE]
    except Exception:  # whatever its backend raises
        logger.warning("The cache for key sets cannot be opened", exc_info=True)
        return DummyCache("", {})
