"""The pages of service accounts."""

from __future__ import annotations

from .keys import add_key_page, withdraw_key_page
from .listing import KindFilter, ServiceAccountsMixin
from .pages import add_account, may_add_accounts

__all__ = [
    "KindFilter",
    "ServiceAccountsMixin",
    "add_account",
    "add_key_page",
    "may_add_accounts",
    "withdraw_key_page",
]
