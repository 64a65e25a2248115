"""Disabling issuers, and revoking the tokens that their assertions brought."""

from __future__ import annotations

from .actions import WithdrawalMixin, disable, disable_and_revoke, disable_rows, enable
from .deletion import GoodTokensMixin, GoodTokensWarningMixin, HolderWarningMixin, LinkWarningMixin, why_kept
from .limit import from_now_on
from .pages import revoke_tokens

__all__ = [
    "GoodTokensMixin",
    "GoodTokensWarningMixin",
    "HolderWarningMixin",
    "LinkWarningMixin",
    "WithdrawalMixin",
    "disable",
    "disable_and_revoke",
    "disable_rows",
    "enable",
    "from_now_on",
    "revoke_tokens",
    "why_kept",
]
