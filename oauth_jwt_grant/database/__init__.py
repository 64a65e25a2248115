"""Statements that are compiled once, and the way between seconds and Django's datetimes."""

from __future__ import annotations

from .clock import local, to_datetime
from .inserts import Confirmation, PreparedInsert
from .prepared import Columns, FetchedRow, Parameter, PreparedQuery, all_but, may_defer

__all__ = [
    "Columns",
    "Confirmation",
    "FetchedRow",
    "Parameter",
    "PreparedInsert",
    "PreparedQuery",
    "all_but",
    "local",
    "may_defer",
    "to_datetime",
]
