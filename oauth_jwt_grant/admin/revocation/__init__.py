"""Disabling issuers, and revoking the tokens that their assertions brought."""

from __future__ import annotations

from .deletion import GoodTokensMixin, GoodTokensWarningMixin, HolderWarningMixin, why_kept
from .limit import from_now_on
from .pages import disable, disable_and_revoke, disable_issuers, enable, in_transactions, revoke_tokens

__all__ = [
    "GoodTokensMixin",
    "GoodTokensWarningMixin",
    "HolderWarningMixin",
    "disable",
    "disable_and_revoke",
    "disable_issuers",
    "enable",
    "from_now_on",
    "in_transactions",
    "revoke_tokens",
    "why_kept",
]
