"""Conditions on the claims of a verified assertion.

JSON types count: ``"1"`` is not ``1`` and ``true`` is not ``1``. There is no
operator that searches for a part of a string, and no operand may be empty: with both,
a condition for one client has accepted similar ones too.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from ..assertion import ABSENT, Text, _, all_of, both, either, mismatch, one_of, shown, the_jwt_has, typed

_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_LARGEST = sys.float_info.max


class Operator(StrEnum):
    """How a claim is compared with the values of a condition."""

    EQUALS = "equals"
    IN = "in"
    CONTAINS = "contains"
    CONTAINS_ANY = "contains_any"
    NONE_OF = "none_of"
    GLOB = "glob"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    YOUNGER_THAN = "younger_than"
    SAME_AS = "same_as"
    EXISTS = "exists"


#: Those that take one value.
_OF_ONE = (Operator.EQUALS, Operator.AT_LEAST, Operator.AT_MOST, Operator.YOUNGER_THAN, Operator.SAME_AS)
#: Those with a number as value.
NUMERIC = (Operator.AT_LEAST, Operator.AT_MOST, Operator.YOUNGER_THAN)
#: Those that hold for chosen values alone, so that a condition with one names what it lets in.
NAMING = (Operator.EQUALS, Operator.IN, Operator.CONTAINS, Operator.CONTAINS_ANY, Operator.GLOB)


#: The members of a condition that is stored as JSON, with what each is where it is left out.
STORED: Mapping[str, Any] = {"claim": "", "operator": Operator.EQUALS.value, "values": []}


class InvalidCondition(ValueError):
    """The condition can never do what its author meant; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which conditions are looked at, and the clock skew that is forgiven; in seconds."""

    now: float
    leeway: float = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement on one claim.

    ``claim`` is the name of a claim, or, where it starts with a slash, a JSON
    Pointer (RFC 6901): ``/kubernetes.io/namespace``. ``values`` are JSON values:
    one for ``equals``, any one of which for ``in``, all of which for ``contains``
    (the claim is an array), any one of which as a pattern for ``glob`` (``*`` and
    ``?``, case counts, the claim is a string), none for ``exists`` (the claim is
    there and not ``null``). Any one of them is in the array for ``contains_any``; none is
    the claim, or in the array, for ``none_of``. One number for ``at_least``, ``at_most`` and
    ``younger_than`` (so many seconds at most since the NumericDate in the claim); the
    name of another claim for ``same_as``.
    """

    claim: str
    operator: Operator
    values: tuple[Any, ...]

    def check(self) -> None:
        """Raise :class:`InvalidCondition` for a condition that is empty or contradicts itself."""
        check_claim(self.claim)
        if self.operator is Operator.EXISTS:
            if self.values:
                raise InvalidCondition(_("The operator exists takes no values."))
            return
        if not self.values or any(_is_empty(value) for value in self.values):
            raise InvalidCondition(_("There must be a value, and none may be empty."))
        if self.operator in _OF_ONE and len(self.values) != 1:
            if self.operator is Operator.EQUALS:
                raise InvalidCondition(
                    _("The operator equals takes one value; use the operator in for several.")
                )
            raise InvalidCondition(_("The operator {operator} takes one value.", operator=self.operator))
        for value in self.values:
            self._check_value(value)

    def _check_value(self, value: Any) -> None:
        """What the operator demands of a value."""
        if self.operator is Operator.GLOB:
            _check_pattern(value)
        elif self.operator in NUMERIC and not _is_number(value):
            raise InvalidCondition(
                _("The operator {operator} takes a number, such as [3600].", operator=self.operator)
            )
        elif self.operator is Operator.YOUNGER_THAN and value <= 0:
            raise InvalidCondition(_("The operator younger_than takes a number of seconds above 0."))
        elif self.operator is Operator.SAME_AS:
            if not isinstance(value, str):
                raise InvalidCondition(_("The operator same_as takes the name of another claim."))
            check_claim(value)
            if claim_path(value) == claim_path(self.claim):
                raise InvalidCondition(_("A claim is always the same as itself; name another one."))

    def holds(self, claims: Mapping[str, Any], moment: Moment | None = None) -> bool:
        """Whether ``claims`` meet this condition at ``moment``; one that fails its :meth:`check` never holds.

        Without ``moment`` no ``younger_than`` holds.
        """
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
            case Operator.CONTAINS_ANY | Operator.NONE_OF:
                return self._holds_for_members(actual)
            case Operator.SAME_AS:
                other = claim_value(claims, self.values[0])
                return other is not ABSENT and same(actual, other)
            case Operator.AT_LEAST | Operator.AT_MOST | Operator.YOUNGER_THAN:
                return _is_number(actual) and self._holds_for_number(actual, moment)

    def _holds_for_members(self, actual: Any) -> bool:
        members = actual if isinstance(actual, list) else [actual]
        found = any(same(member, value) for member in members for value in self.values)
        if self.operator is Operator.CONTAINS_ANY:
            return isinstance(actual, list) and found
        # A list may itself be among the values.
        return not found and not any(same(actual, value) for value in self.values)

    def _holds_for_number(self, actual: float, moment: Moment | None) -> bool:
        bound: float = self.values[0]
        if self.operator is Operator.AT_LEAST:
            return actual >= bound
        if self.operator is Operator.AT_MOST:
            return actual <= bound
        # A time to come is no age: the clock of the issuer is wrong, or the claim is no time.
        return moment is not None and moment.now - bound < actual <= moment.now + moment.leeway

    def why_not(self, claims: Mapping[str, Any], moment: Moment | None = None) -> Text:
        """Why ``claims``, which do not meet this condition, do not: what it demands, and what they have."""
        try:
            self.check()
        except InvalidCondition as error:
            return _("the condition on {claim} can never hold: {error}", claim=self.claim, error=error)
        # What an array contains says nothing of the claim itself.
        operands = self.values if self.operator in (Operator.EQUALS, Operator.IN, Operator.GLOB) else ()
        demand = self._demand()
        if self.operator is Operator.SAME_AS:
            other = the_jwt_has(claim_value(claims, self.values[0]))
            demand = _("{demand}, in which {found}", demand=demand, found=other)
        if self.operator is Operator.YOUNGER_THAN and moment is not None:
            least = math.floor(moment.now - self.values[0])
            demand = _("{demand}, which is after {time} and not in the future", demand=demand, time=least)
        return mismatch(demand, claim_value(claims, self.claim), *operands)

    def _demand(self) -> Text:
        values: str
        match self.operator:
            case Operator.EXISTS:
                template, values = _("{claim} must be there and not null"), ""
            case Operator.CONTAINS:
                template, values = _("{claim} must be an array that contains {values}"), all_of(self.values)
            case Operator.CONTAINS_ANY:
                template, values = _("{claim} must be an array that contains {values}"), one_of(self.values)
            case Operator.NONE_OF:
                template = _("{claim} must be there, and neither be nor contain {values}")
                values = one_of(self.values)
            case Operator.AT_LEAST:
                template, values = _("{claim} must be a number, at least {values}"), shown(self.values[0])
            case Operator.AT_MOST:
                template, values = _("{claim} must be a number, at most {values}"), shown(self.values[0])
            case Operator.YOUNGER_THAN:
                template = _("{claim} must be a time less than {values} seconds ago")
                values = shown(self.values[0])
            case Operator.SAME_AS:
                template, values = _("{claim} must equal the claim {values}"), self.values[0]
            case Operator.GLOB:
                template, values = _("{claim} must be a string that matches {values}"), one_of(self.values)
            case _one if len(self.values) == 1:
                value = self.values[0]
                template = _("{claim} must equal {values}")
                values = shown(value) if isinstance(value, str) else typed(value)
            case _several:
                template, values = _("{claim} must be {values}"), one_of(self.values)
        return template.filled(claim=self.claim, values=values)

    def __str__(self) -> str:
        return str(self.text)

    @property
    def text(self) -> Text:
        """The condition in words."""
        return self.in_words(str)

    def in_words(self, write: Callable[[str], str]) -> Text:
        """The condition in words; ``write`` has the last word on how its claim and values are written."""
        shown_as = str if self.operator is Operator.SAME_AS else repr
        texts = [write(shown_as(value)) for value in self.values]
        values: str = either(texts)
        if self.operator in (Operator.IN, Operator.NONE_OF):
            values = ", ".join(texts)
        elif self.operator is Operator.CONTAINS:
            values = both(texts)
        return _IN_WORDS[self.operator].filled(claim=write(self.claim), values=values)


_IN_WORDS = {
    Operator.EQUALS: _("{claim} is {values}"),
    Operator.IN: _("{claim} is one of {values}"),
    Operator.CONTAINS: _("{claim} contains {values}"),
    Operator.CONTAINS_ANY: _("{claim} contains {values}"),
    Operator.NONE_OF: _("{claim} is present and none of {values}"),
    Operator.AT_LEAST: _("{claim} is at least {values}"),
    Operator.AT_MOST: _("{claim} is at most {values}"),
    Operator.YOUNGER_THAN: _("{claim} is less than {values} seconds ago"),
    Operator.SAME_AS: _("{claim} is the same as the claim {values}"),
    Operator.GLOB: _("{claim} matches {values}"),
    Operator.EXISTS: _("{claim} is present"),
}


def condition_of(claim: str, operator: str, values: object) -> Condition:
    """The condition that is stored as ``claim``, ``operator`` and ``values``.

    Values that are not a list, and an operator of another name, make a condition that holds for nobody.
    """
    if not isinstance(values, list) or operator not in Operator.__members__.values():
        return Condition(claim, Operator.IN, ())
    return Condition(claim, Operator(operator), tuple(values))


def conditions_of(stored: Any) -> tuple[Condition, ...]:
    """The conditions that are stored as a list of objects with ``claim``, ``operator`` and ``values``.

    What only SQL can have written, all of it or a member, makes a condition that holds for nobody.
    """
    if not stored and stored in (None, "", [], (), {}):
        return ()
    if not isinstance(stored, list | tuple):
        return (condition_of("", "", None),)
    return tuple(map(_stored, stored))


def as_json(condition: Condition) -> dict[str, Any]:
    """``condition`` as :func:`conditions_of` reads it."""
    values = list(condition.values)
    return {"claim": condition.claim, "operator": condition.operator.value, "values": values}


def _stored(member: Any) -> Condition:
    if not isinstance(member, Mapping) or not member.keys() <= set(STORED):
        return condition_of("", "", None)
    claim, operator, values = (member.get(name, default) for name, default in STORED.items())
    return condition_of(claim if isinstance(claim, str) else "", operator, values)


def check_claim(claim: str) -> None:
    """Raise :class:`InvalidCondition` unless ``claim`` is a name or a JSON Pointer."""
    if not claim or (claim.startswith("/") and not _is_pointer(claim)):
        raise InvalidCondition(
            _("The claim must be a name or a JSON Pointer such as /kubernetes.io/namespace.")
        )
    if f"{claim}/".startswith("/act/act/"):
        # RFC 8693 section 4.1: who acted before says nothing about access now.
        raise InvalidCondition(
            _("Only the outermost actor counts (RFC 8693): write /act/sub, not /act/act/sub.")
        )


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


def _is_number(value: Any) -> bool:
    # As math.isfinite(), which raises for a whole number beyond a float: only SQL can have written one.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _check_pattern(value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidCondition(_("A pattern of the operator glob is a string."))
    if not value.strip("*?"):
        raise InvalidCondition(_("A pattern of wildcards alone matches everything; use the operator exists."))


def _matches(text: str, pattern: str) -> bool:
    # "[" is no wildcard here: some real claims contain it, and character sets are easy to get wrong.
    return fnmatchcase(text, pattern.replace("[", "[[]"))
