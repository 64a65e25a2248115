"""Statements that are compiled once, many rows at once, the way between seconds and Django's datetimes."""

from __future__ import annotations

from .clock import has_place, local, readable, to_datetime, to_seconds
from .inserts import Confirmation, PreparedInsert
from .many import ManyInserts, ManyUpdates, raw_rows
from .prepared import Columns, FetchedRow, Parameter, PreparedQuery, all_but, may_defer
from .storage import holds, is_incomparable, is_missing

__all__ = [
    "Columns",
    "Confirmation",
    "FetchedRow",
    "ManyInserts",
    "ManyUpdates",
    "Parameter",
    "PreparedInsert",
    "PreparedQuery",
    "all_but",
    "has_place",
    "holds",
    "is_incomparable",
    "is_missing",
    "local",
    "may_defer",
    "raw_rows",
    "readable",
    "to_datetime",
    "to_seconds",
]
