"""The steps of a decision, in their order, for code that watches one.

A check announces itself *before* it decides: ``watch(step, expected, actual)``.
So in a list of what was announced the last one is where a refusal happened, all
before it have passed, and every later step was not reached. The hot path pays
for one call of an empty function.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: Called for each step as it starts: the step, the expected value, the value found.
Watch = Callable[["Step", Any, Any], None]


class Step(StrEnum):
    """The checks of an assertion, in their order."""

    LENGTH = "length"
    FORM = "form"
    CRITICAL = "crit"
    ISSUER = "issuer"
    TYPE = "typ"
    ALGORITHM = "alg"
    KEY = "key"
    SIGNATURE = "signature"
    ISS = "iss"
    SUB = "sub"
    AUD = "aud"
    EXP = "exp"
    LIFETIME = "lifetime"
    NBF = "nbf"
    IAT = "iat"
    ISSUED_AFTER = "issued_after"
    JTI = "jti"
    KIND = "kind"
    CNF = "cnf"
    TENANT = "tenant"
    DETAILS = "authorization_details"
    CLIENT = "client_id"
    CONDITIONS = "conditions"
    RULE = "rule"
    PROOF = "dpop"
    SUBJECT = "subject"
    SCOPE = "scope"
    RESOURCE = "resource"
    REPLAY = "replay"


#: Not for every assertion: only for ID-JAGs, where the issuer has a limit or conditions, or where a DPoP
#: proof is present or required.
OPTIONAL_STEPS = frozenset(
    {Step.ISSUED_AFTER, Step.TENANT, Step.DETAILS, Step.CLIENT, Step.CONDITIONS, Step.PROOF}
)


class Attempt(Protocol):
    """Makes a check, the outcome of which no later check needs."""

    def __call__(self, check: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what ``check`` returns. In a dry run a refusal is noted, and ``None`` returned instead."""


def at_once(check: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
    """An :class:`Attempt` that leaves a refusal alone: it ends the request."""
    return check(*args, **kwargs)


def unwatched(step: Step, expected: Any, actual: Any) -> None:
    """A :data:`Watch` that looks away."""
