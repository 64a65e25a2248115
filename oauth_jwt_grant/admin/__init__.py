"""The admin: the operator's control room. Importing it registers every model."""

from __future__ import annotations

from . import decisions, issuers, rules, subjects

__all__ = ["decisions", "issuers", "rules", "subjects"]
