"""The pages of decisions: the list, its chart, the export, and what to do about a refusal."""

from __future__ import annotations

from .admin import DecisionAdmin

__all__ = [
    "DecisionAdmin",
]
