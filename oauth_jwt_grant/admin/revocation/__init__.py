"""Disabling issuers, and revoking the tokens that their assertions brought."""

from __future__ import annotations

from .deletion import GoodTokensMixin, GoodTokensWarningMixin, why_kept
from .pages import disable, disable_and_revoke, disable_issuers, revoke_tokens
from .tokens import count, revoke

__all__ = [
    "GoodTokensMixin",
    "GoodTokensWarningMixin",
    "count",
    "disable",
    "disable_and_revoke",
    "disable_issuers",
    "revoke",
    "revoke_tokens",
    "why_kept",
]
