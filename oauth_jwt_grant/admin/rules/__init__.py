"""The pages of rules and their conditions."""

from __future__ import annotations

from . import admin

__all__ = ["admin"]
