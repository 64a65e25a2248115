"""The pages of issuers, on which trust is given, looked after and taken away."""

from __future__ import annotations

from . import admin

__all__ = ["admin"]
