"""The pages of linked subjects: search, import and export."""

from __future__ import annotations

from .admin import LinkedSubjectAdmin

__all__ = [
    "LinkedSubjectAdmin",
]
