"""The keys of an issuer as the admin shows and fetches them."""

from __future__ import annotations

from .discovery import discover
from .health import key_health, key_statuses
from .panel import REMOTE, account_key_words, changeable_issuer, fetch_keys, key_panel

__all__ = [
    "REMOTE",
    "account_key_words",
    "changeable_issuer",
    "discover",
    "fetch_keys",
    "key_health",
    "key_panel",
    "key_statuses",
]
