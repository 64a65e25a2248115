"""Where an issuer's keys come from: stored, fetched, or certified. Knows nothing of Django."""

from __future__ import annotations

from .absence import why_no_key
from .base import (
    CertificateInfo,
    Clock,
    Failure,
    KeyCache,
    KeyLimits,
    KeySet,
    KeySource,
    KeyStatus,
    KeyStore,
    Stored,
)
from .bindings import parse_bindings
from .certificates import CertificateKeys, parse_ca_bundle, parse_trust_anchors
from .discovered import DiscoveredKeys
from .discovery import well_known_urls
from .fetch import Fetcher, FetchFailed, check_url
from .guarded import GuardedKeys, misconfigured
from .inline import InlineKeys, normalise_jwks
from .parse import key_set_text
from .proxy import parse_proxy
from .remote import RemoteKeys
from .token_files import is_origin, read_token

__all__ = [
    "CertificateInfo",
    "CertificateKeys",
    "Clock",
    "DiscoveredKeys",
    "Failure",
    "FetchFailed",
    "Fetcher",
    "GuardedKeys",
    "InlineKeys",
    "KeyCache",
    "KeyLimits",
    "KeySet",
    "KeySource",
    "KeyStatus",
    "KeyStore",
    "RemoteKeys",
    "Stored",
    "check_url",
    "is_origin",
    "key_set_text",
    "misconfigured",
    "normalise_jwks",
    "parse_bindings",
    "parse_ca_bundle",
    "parse_proxy",
    "parse_trust_anchors",
    "read_token",
    "well_known_urls",
    "why_no_key",
]
