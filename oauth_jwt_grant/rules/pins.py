"""Pins: the conditions that tell the customers of a shared issuer from each other."""

from __future__ import annotations

import re
from collections.abc import Iterable
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

    def is_met_by(self, condition: Condition) -> bool:
        """Whether ``condition`` holds for chosen customers alone.

        Whatever does not name them never does: ``exists``, ``none_of``, comparisons, ``same_as``.
        Whether it can hold at all is not asked: one that cannot lets in nobody.
        """
        if not _is_same_claim(condition.claim, self.claim) or not condition.values:
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


def is_pinned(conditions: Iterable[Condition], pins: Iterable[Pin]) -> bool:
    """Whether ``conditions``, all of which must hold, let in chosen customers alone.

    One condition that meets one of ``pins`` suffices.
    """
    pins = tuple(pins)
    return any(pin.is_met_by(condition) for condition in conditions for pin in pins)


def _is_same_claim(one: str, other: str) -> bool:
    """A name and a JSON Pointer may mean the same claim."""
    if one == other:
        return True
    return (one.startswith("/") or other.startswith("/")) and claim_path(one) == claim_path(other)
