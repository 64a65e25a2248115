"""Disabling issuers, and revoking the tokens that their assertions brought."""

from __future__ import annotations

from .deletion import GoodTokensMixin, GoodTokensWarningMixin, why_kept
from .pages import disable, disable_and_revoke, disable_issuers, in_transactions, revoke_tokens

__all__ = [
    "GoodTokensMixin",
    "GoodTokensWarningMixin",
    "disable",
    "disable_and_revoke",
    "disable_issuers",
    "in_transactions",
    "revoke_tokens",
    "why_kept",
]
