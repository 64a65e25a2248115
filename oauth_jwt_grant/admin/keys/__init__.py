"""The keys of an issuer as the admin shows and fetches them."""

from __future__ import annotations

from .health import key_statuses, key_words
from .panel import (
    account_key_words,
    account_keys,
    fetch_after_commit,
    fetch_keys,
    key_panel,
)

__all__ = [
    "account_key_words",
    "account_keys",
    "fetch_after_commit",
    "fetch_keys",
    "key_panel",
    "key_statuses",
    "key_words",
]
