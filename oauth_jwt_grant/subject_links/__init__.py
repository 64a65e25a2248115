"""Many links of subjects at once: read from CSV, planned, written whole or not at all, and exported."""

from __future__ import annotations

from .formulas import guard_cell
from .plan import Outcome, Plan, PlannedLink, make_plan
from .table import COLUMNS, MAX_BYTES, MAX_LINES, Problem, decode, read_table, shown, write_table
from .transfer import NotImported, export_links, import_links

__all__ = [
    "COLUMNS",
    "MAX_BYTES",
    "MAX_LINES",
    "NotImported",
    "Outcome",
    "Plan",
    "PlannedLink",
    "Problem",
    "decode",
    "export_links",
    "guard_cell",
    "import_links",
    "make_plan",
    "read_table",
    "shown",
    "write_table",
]
