"""Finds the rule that decides: the first one with all conditions met that admits the client."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from ..assertion import AssertionRefused, Reason
from .conditions import Condition


class ClientPolicy(StrEnum):
    """Who may present the assertions of a rule."""

    LISTED = "listed"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request, after its credentials have been checked."""

    pk: Any


class MatchableRule(Protocol):
    """The parts of a rule that decide whether it matches."""

    @property
    def conditions(self) -> Iterable[Condition]: ...

    @property
    def client_policy(self) -> str: ...

    def lists(self, client: Client) -> bool:
        """Whether ``client`` is among the rule's applications."""


RuleT = TypeVar("RuleT", bound=MatchableRule)


@dataclass(frozen=True, slots=True)
class Miss(Generic[RuleT]):
    """The reason why an earlier rule did not match."""

    rule: RuleT
    why: str


def first_match(
    rules: Iterable[RuleT],
    claims: Mapping[str, Any],
    client: Client | None,
    to_be_named: Collection[str] = (),
) -> tuple[RuleT, list[Miss[RuleT]]]:
    """The first of ``rules`` that matches, and why those before it did not.

    ``to_be_named`` are claims that must not be ignored: each must be the subject of one
    of the rule's conditions.
    Raises :class:`NoMatch`: ``NO_RULE`` if the conditions of no rule hold; if some do
    but none admits the client, ``CLIENT_NOT_ADMITTED``, or ``CLIENT_REQUIRED`` where
    the request has no client at all.
    """
    misses: list[Miss[RuleT]] = []
    held = False
    for rule in rules:
        failed = next((condition for condition in rule.conditions if not condition.holds(claims)), None)
        unnamed = _unnamed(rule, to_be_named) if to_be_named else ()
        if unnamed:
            misses.append(Miss(rule, f"no condition is on the claim {unnamed[0]}"))
        elif failed is not None:
            misses.append(Miss(rule, f"the claim is not so: {failed}"))
        elif not admits(rule, client):
            held = True
            misses.append(Miss(rule, "the client is not admitted" if client else "a client is needed"))
        else:
            return rule, misses
    if not held:
        raise NoMatch(Reason.NO_RULE, misses)
    raise NoMatch(Reason.CLIENT_NOT_ADMITTED if client else Reason.CLIENT_REQUIRED, misses)


class NoMatch(AssertionRefused):
    """No rule decides; ``misses`` has the reason for each."""

    def __init__(self, reason: Reason, misses: list[Any]) -> None:
        super().__init__(reason, detail="; ".join(f"{miss.rule}: {miss.why}" for miss in misses))
        self.misses = misses


def _unnamed(rule: MatchableRule, claims: Collection[str]) -> list[str]:
    """Return those of ``claims`` that no condition of ``rule`` is about."""
    named = {condition.claim.removeprefix("/") for condition in rule.conditions}
    return [claim for claim in claims if claim not in named]


def admits(rule: MatchableRule, client: Client | None) -> bool:
    """Whether the client policy of ``rule`` lets ``client`` (``None``: nobody) present the assertion.

    A policy of another name, which only a row written past the form can have, admits nobody.
    """
    if rule.client_policy == ClientPolicy.ANONYMOUS:
        return True
    return rule.client_policy == ClientPolicy.LISTED and client is not None and rule.lists(client)
