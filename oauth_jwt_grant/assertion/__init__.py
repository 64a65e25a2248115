"""The JWT as an authorization grant: RFC 7523 section 3, without Django, clock, network or database.

What goes in: the posted text, an :class:`AssertionPolicy` and the issuer's keys. What
comes out: a :class:`VerifiedAssertion`, or one of the exceptions
:class:`AssertionRefused` and :class:`Undecided`.
"""

from __future__ import annotations

from .claims import LAST_DATE
from .doors import Door, TokenType, is_for
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
from .id_jag import TENANTS, in_tenant, subject_of
from .jose import ALGORITHMS, PublicKey
from .own_client import client_of, may_authenticate
from .policy import ID_JAG_TYPE, MAX_SECONDS, AssertionPolicy
from .steps import OPTIONAL_STEPS, Attempt, Step, Watch, at_once, unwatched
from .texts import NOTHING, Clause, Joined, Text, _, ngettext, text_of, verbatim
from .tokens import UnverifiedAssertion, VerifiedAssertion
from .validator import Candidates, validate
from .wording import (
    ABSENT,
    MAX_DETAIL,
    all_of,
    both,
    either,
    mismatch,
    moment,
    near_miss,
    one_of,
    seconds,
    shown,
    the_jwt_has,
    typed,
    with_near,
    within,
)

__all__ = [
    "ABSENT",
    "ALGORITHMS",
    "ANSWERS",
    "ID_JAG_TYPE",
    "LAST_DATE",
    "MAX_DETAIL",
    "MAX_SECONDS",
    "NOTHING",
    "OPTIONAL_STEPS",
    "TENANTS",
    "Answer",
    "AssertionPolicy",
    "AssertionRefused",
    "Attempt",
    "Candidates",
    "Clause",
    "DatabaseBusy",
    "DatabasesDiffer",
    "Door",
    "Joined",
    "KeysUnavailable",
    "NotGranted",
    "PublicKey",
    "Reason",
    "Step",
    "Text",
    "TokenType",
    "Undecided",
    "UnverifiedAssertion",
    "VerifiedAssertion",
    "Watch",
    "_",
    "all_of",
    "at_once",
    "both",
    "client_of",
    "either",
    "in_tenant",
    "is_for",
    "may_authenticate",
    "mismatch",
    "moment",
    "near_miss",
    "ngettext",
    "one_of",
    "seconds",
    "shown",
    "subject_of",
    "text_of",
    "the_jwt_has",
    "typed",
    "unwatched",
    "validate",
    "verbatim",
    "with_near",
    "within",
]
