"""The JWT as an authorization grant: RFC 7523 section 3, without Django, clock, network or database.

What goes in: the posted text, an :class:`AssertionPolicy` and the issuer's keys. What
comes out: a :class:`VerifiedAssertion`, or one of the exceptions
:class:`AssertionRefused` and :class:`Undecided`.
"""

from __future__ import annotations

from .errors import (
    ANSWERS,
    Answer,
    AssertionRefused,
    DatabaseBusy,
    DatabasesDiffer,
    KeysUnavailable,
    NotGranted,
    Reason,
    Undecided,
)
from .id_jag import TENANTS, subject_of
from .jose import ALGORITHMS, PublicKey
from .policy import ID_JAG_TYPE, MAX_SECONDS, AssertionPolicy
from .steps import OPTIONAL_STEPS, Step, Watch, unwatched
from .tokens import UnverifiedAssertion, VerifiedAssertion
from .validator import validate

__all__ = [
    "ALGORITHMS",
    "ANSWERS",
    "ID_JAG_TYPE",
    "MAX_SECONDS",
    "OPTIONAL_STEPS",
    "TENANTS",
    "Answer",
    "AssertionPolicy",
    "AssertionRefused",
    "DatabaseBusy",
    "DatabasesDiffer",
    "KeysUnavailable",
    "NotGranted",
    "PublicKey",
    "Reason",
    "Step",
    "Undecided",
    "UnverifiedAssertion",
    "VerifiedAssertion",
    "Watch",
    "subject_of",
    "unwatched",
    "validate",
]
