"""Statements that are compiled once, and the way between seconds and Django's datetimes."""

from __future__ import annotations

from .clock import local, readable, to_datetime, to_seconds
from .inserts import Confirmation, PreparedInsert
from .prepared import Columns, FetchedRow, Parameter, PreparedQuery, all_but, may_defer
from .storage import holds, is_incomparable, is_missing

__all__ = [
    "Columns",
    "Confirmation",
    "FetchedRow",
    "Parameter",
    "PreparedInsert",
    "PreparedQuery",
    "all_but",
    "holds",
    "is_incomparable",
    "is_missing",
    "local",
    "may_defer",
    "readable",
    "to_datetime",
    "to_seconds",
]
