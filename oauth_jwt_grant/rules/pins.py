"""Pins: the conditions that tell the customers of a shared issuer from each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from .conditions import Condition, Operator, claim_path

_WILDCARD = re.compile(r"[*?]")
_EXACT = (Operator.EQUALS, Operator.IN, Operator.CONTAINS, Operator.CONTAINS_ANY)


@dataclass(frozen=True, slots=True)
class Pin:
    """A claim that names one customer of a shared issuer, and where its value does.

    ``claim`` is the name of a claim or a JSON Pointer. A value that names a customer is ``prefix``, the
    customer, and ``separator`` with what else there is: ``Pin("sub", "repo:", "/")`` for
    ``repo:acme/deploy:ref:refs/heads/main``. Without a separator the whole rest is the customer.
    """

    claim: str
    prefix: str = ""
    separator: str = ""

    def __post_init__(self) -> None:
        """One claim has one spelling."""
        object.__setattr__(self, "claim", _spelled(self.claim))

    def is_met_by(self, condition: Condition) -> bool:
        """Whether ``condition``, which is on this claim, holds for chosen customers alone.

        What does not name them never does: ``exists``, ``none_of``, comparisons, ``same_as``.
        Whether it can hold at all is not asked: one that cannot lets in nobody.
        """
        if not condition.values:
            return False
        if condition.operator in _EXACT:
            return all(map(self._names_customer, condition.values))
        if condition.operator is Operator.GLOB:
            return all(map(self._confines, condition.values))
        return False

    def _names_customer(self, value: Any) -> bool:
        if not isinstance(value, str):
            # An id may be a number.
            return not self.prefix and isinstance(value, int) and not isinstance(value, bool)
        customer = value[len(self.prefix) :]
        if self.separator:
            customer = customer.partition(self.separator)[0]
        return value.startswith(self.prefix) and bool(customer.strip())

    def _confines(self, pattern: Any) -> bool:
        """Whether prefix, customer and separator of ``pattern`` come before its first wildcard."""
        if not self.separator or not isinstance(pattern, str):
            return False
        literal = _WILDCARD.split(pattern, maxsplit=1)[0]
        return self.separator in literal[len(self.prefix) :] and self._names_customer(literal)


def is_pinned(conditions: Iterable[Condition], pins: Collection[Pin]) -> bool:
    """Whether ``conditions``, all of which must hold, let in chosen customers alone.

    One condition that meets one of ``pins`` suffices.
    """
    for condition in conditions:
        claim = _spelled(condition.claim)
        for pin in pins:
            if pin.claim == claim and pin.is_met_by(condition):
                return True
    return False


def _spelled(claim: str) -> str:
    """A claim that a name and a JSON Pointer may mean, by its name."""
    if not claim.startswith("/"):
        return claim
    name, *rest = claim_path(claim)
    return claim if rest or name.startswith("/") else name
