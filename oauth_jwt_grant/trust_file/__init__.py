"""The whole trust as TOML files: written, read, planned and applied."""

from __future__ import annotations

from .applying import carry_out
from .current import Trust, current
from .errors import TrustFileError
from .planning import Plan, plan
from .reading import read
from .report import json_of, text_of
from .writing import write

__all__ = [
    "Plan",
    "Trust",
    "TrustFileError",
    "carry_out",
    "current",
    "json_of",
    "plan",
    "read",
    "text_of",
    "write",
]
