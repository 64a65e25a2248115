"""Disabling issuers, and revoking the tokens that their assertions brought."""

from __future__ import annotations
