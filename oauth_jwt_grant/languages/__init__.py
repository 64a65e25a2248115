"""The language of the reader, for texts of the rooms that know no Django; and English for what is stored."""

from __future__ import annotations

from .translated import in_english, translated

__all__ = ["in_english", "translated"]
