"""The decision on one assertion, its record, and its dry run.

The token endpoint, the admin's "Test an assertion" and ``explainassertion`` all come through
:func:`decide`.
"""

from __future__ import annotations

from .case import Case, Permission, Question, presented
from .decide import decide
from .explain import ExplainedStep, Explanation, Failure, Status, explain
from .log import log_accepted, log_client_refused, log_refused
from .record import failure_of, withdraw
from .remedies import REMEDIES, Remedy, answer_to
from .unknown_issuers import UnknownIssuer, unknown_issuers

__all__ = [
    "REMEDIES",
    "Case",
    "ExplainedStep",
    "Explanation",
    "Failure",
    "Permission",
    "Question",
    "Remedy",
    "Status",
    "UnknownIssuer",
    "answer_to",
    "decide",
    "explain",
    "failure_of",
    "log_accepted",
    "log_client_refused",
    "log_refused",
    "presented",
    "unknown_issuers",
    "withdraw",
]
