"""The pages of linked subjects: search, import and export."""

from __future__ import annotations

from . import admin

__all__ = ["admin"]
