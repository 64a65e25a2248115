"""Conditions on the claims of a verified assertion.

JSON types count: ``"1"`` is not ``1`` and ``true`` is not ``1``. There is no
operator that searches for a part of a string, and no operand may be empty: with both,
a condition for one client has accepted similar ones too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from ..assertion import ABSENT, all_of, mismatch, one_of, shown, typed

_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)


class Operator(StrEnum):
    """How a claim is compared with the values of a condition."""

    EQUALS = "equals"
    IN = "in"
    CONTAINS = "contains"
    GLOB = "glob"
    EXISTS = "exists"


class InvalidCondition(ValueError):
    """The condition can never do what its author meant; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement on one claim.

    ``claim`` is the name of a claim, or, where it starts with a slash, a JSON
    Pointer (RFC 6901): ``/kubernetes.io/namespace``. ``values`` are JSON values:
    one for ``equals``, any one of which for ``in``, all of which for ``contains``
    (the claim is an array), any one of which as a pattern for ``glob`` (``*`` and
    ``?``, case counts, the claim is a string), none for ``exists`` (the claim is
    there and not ``null``).
    """

    claim: str
    operator: Operator
    values: tuple[Any, ...]

    def check(self) -> None:
        """Raise :class:`InvalidCondition` for a condition that is empty or contradicts itself."""
        check_claim(self.claim)
        if self.operator is Operator.EXISTS:
            if self.values:
                raise InvalidCondition("The operator exists takes no values.")
            return
        if not self.values or any(_is_empty(value) for value in self.values):
            raise InvalidCondition("There must be a value, and none may be empty.")
        if self.operator is Operator.EQUALS and len(self.values) != 1:
            raise InvalidCondition("The operator equals takes one value; use the operator in for several.")
        if self.operator is Operator.GLOB:
            for value in self.values:
                _check_pattern(value)

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Whether ``claims`` meet this condition; one that fails its :meth:`check` never holds."""
        try:
            self.check()
        except InvalidCondition:
            return False
        actual = claim_value(claims, self.claim)
        if actual is ABSENT or actual is None:
            return False
        match self.operator:
            case Operator.EXISTS:
                return True
            case Operator.EQUALS | Operator.IN:
                return any(same(actual, value) for value in self.values)
            case Operator.CONTAINS:
                return isinstance(actual, list) and all(
                    any(same(member, value) for member in actual) for value in self.values
                )
            case Operator.GLOB:
                return isinstance(actual, str) and any(_matches(actual, value) for value in self.values)

    def why_not(self, claims: Mapping[str, Any]) -> str:
        """Why ``claims``, which do not meet this condition, do not: what it demands, and what they have."""
        try:
            self.check()
        except InvalidCondition as error:
            return f"the condition on {self.claim} can never hold: {error}"
        # What an array contains says nothing of the claim itself.
        operands = () if self.operator in (Operator.EXISTS, Operator.CONTAINS) else self.values
        return mismatch(f"{self.claim} must {self._demand()}", claim_value(claims, self.claim), *operands)

    def _demand(self) -> str:
        match self.operator:
            case Operator.EXISTS:
                return "be there and not null"
            case Operator.CONTAINS:
                return f"be an array that contains {all_of(self.values)}"
            case Operator.GLOB:
                return f"be a string that matches {one_of(self.values)}"
            case _ if len(self.values) == 1:
                value = self.values[0]
                return f"equal {shown(value) if isinstance(value, str) else typed(value)}"
            case _:
                return f"be {one_of(self.values)}"

    def __str__(self) -> str:
        values = " or ".join(map(repr, self.values))
        words = {
            Operator.EQUALS: f"is {values}",
            Operator.IN: f"is one of {', '.join(map(repr, self.values))}",
            Operator.CONTAINS: f"contains {' and '.join(map(repr, self.values))}",
            Operator.GLOB: f"matches {values}",
            Operator.EXISTS: "is present",
        }
        return f"{self.claim} {words[self.operator]}"


def check_claim(claim: str) -> None:
    """Raise :class:`InvalidCondition` unless ``claim`` is a name or a JSON Pointer."""
    if not claim or (claim.startswith("/") and not _is_pointer(claim)):
        raise InvalidCondition("The claim must be a name or a JSON Pointer such as /kubernetes.io/namespace.")


def claim_value(claims: Mapping[str, Any], claim: str) -> Any:
    """The value of ``claim`` in ``claims``, or :data:`ABSENT`.

    A name is a member of the claims set; a string that starts with a slash is a JSON
    Pointer (RFC 6901 section 4).
    """
    if not claim.startswith("/"):
        return claims.get(claim, ABSENT)
    value: Any = claims
    for member in claim_path(claim):
        value = _step(value, member)
    return value


def claim_path(claim: str) -> list[str]:
    """The names of the members that lead to ``claim``, a name or a JSON Pointer (RFC 6901 section 4)."""
    if not claim.startswith("/"):
        return [claim]
    return [token.replace("~1", "/").replace("~0", "~") for token in claim[1:].split("/")]


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, their types included (a number is a number: 1 and 1.0)."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def _step(value: Any, token: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(token, ABSENT)
    if isinstance(value, Sequence) and not isinstance(value, str) and _ARRAY_INDEX.fullmatch(token):
        # Ten digits index more than fits into an assertion, and int() of thousands would raise.
        return value[int(token)] if len(token) < 10 and int(token) < len(value) else ABSENT
    return ABSENT


def _is_pointer(text: str) -> bool:
    """RFC 6901 section 3: after a tilde comes 0 or 1. The pointer ``/`` names no useful claim."""
    return text != "/" and not re.search(r"~(?![01])", text)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _check_pattern(value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidCondition("A pattern of the operator glob is a string.")
    if not value.strip("*?"):
        raise InvalidCondition("A pattern of wildcards alone matches everything; use the operator exists.")


def _matches(text: str, pattern: str) -> bool:
    # "[" is no wildcard here: some real claims contain it, and character sets are easy to get wrong.
    return fnmatchcase(text, pattern.replace("[", "[[]"))
