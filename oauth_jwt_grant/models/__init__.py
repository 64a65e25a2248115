"""The data: who is trusted, what they may do, what was decided."""

from __future__ import annotations

from .decisions import Decision
from .rules import COMPARABLE, ClaimCondition, DoorChoices, GrantRule
from .trust import IssuerKeys, LinkedSubject, TrustedIssuer
from .writing import check_row, flaws_of, written

__all__ = [
    "COMPARABLE",
    "ClaimCondition",
    "Decision",
    "DoorChoices",
    "GrantRule",
    "IssuerKeys",
    "LinkedSubject",
    "TrustedIssuer",
    "check_row",
    "flaws_of",
    "written",
]
