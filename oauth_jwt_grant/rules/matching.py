"""Finds the rule that decides: the first one with all conditions met that admits the client."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from ..assertion import NOTHING, AssertionRefused, Door, Reason, Text, _, both, shown, within
from .conditions import NAMING, Condition, Moment


class ClientPolicy(StrEnum):
    """Who may present the assertions of a rule."""

    LISTED = "listed"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request, after its credentials have been checked; ``client_id`` is for operators.

    ``must_be_listed``: no rule for anybody admits it.
    """

    pk: Any
    client_id: str = field(default="", compare=False)
    must_be_listed: bool = False


class MatchableRule(Protocol):
    """The parts of a rule that decide whether it matches."""

    @property
    def conditions(self) -> Iterable[Condition]: ...

    @property
    def client_policy(self) -> str: ...

    def why_not_for(self, door: Door) -> Text:
        """Why the rule cannot match at ``door``, or an empty string."""

    def lists(self, client: Client) -> bool:
        """Whether ``client`` is among the rule's applications."""


RuleT = TypeVar("RuleT", bound=MatchableRule)


@dataclass(frozen=True, slots=True)
class Miss(Generic[RuleT]):
    """The reason why a rule did not match: a ``fault``, or conditions that ``claims`` do not meet.

    If it ``is_for_another_client``, its conditions hold.
    Put into words only where somebody reads it: an accepted request has misses, too.
    """

    rule: RuleT
    fault: Text = NOTHING
    is_for_another_client: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    moment: Moment | None = field(default=None, repr=False, compare=False)

    @property
    def why(self) -> Text:
        """The reason: what was expected and what was found, of each condition that does not hold."""
        if self.fault:
            return self.fault
        unmet = (one for one in self.rule.conditions if not one.holds(self.claims, self.moment))
        return both([condition.why_not(self.claims, self.moment) for condition in unmet])

    @property
    def text(self) -> Text:
        """The rule and the reason."""
        return _('Rule "{rule}": {why}', rule=self.rule, why=self.why)

    def __str__(self) -> str:
        return str(self.text)


def first_match(
    rules: Iterable[RuleT],
    claims: Mapping[str, Any],
    client: Client | None,
    to_be_named: Collection[str] = (),
    door: Door = Door.AUTHORIZATION_GRANT,
    moment: Moment | None = None,
) -> tuple[RuleT, list[Miss[RuleT]]]:
    """The first of ``rules`` that matches, and why those before it did not.

    A rule that is not for ``door`` is a miss like any other. Where the assertion is the client's
    authentication, there is no client yet, and its policy is not asked.
    ``to_be_named`` are claims that must not be ignored: a condition of the rule must name the values of each.
    Raises :class:`NoMatch`: ``NO_RULE`` if the conditions of no rule hold; if some do
    but none admits the client, ``CLIENT_NOT_ADMITTED``, or ``CLIENT_REQUIRED`` where
    the request has no client at all.
    """
    misses: list[Miss[RuleT]] = []
    held = False
    for rule in rules:
        unnamed = _unnamed(rule, to_be_named) if to_be_named else ()
        unfit = rule.why_not_for(door)
        if unfit:
            misses.append(Miss(rule, unfit))
        elif unnamed:
            misses.append(
                Miss(rule, _("a condition must be on the claim {claim}, which the JWT has", claim=unnamed[0]))
            )
        elif not all(condition.holds(claims, moment) for condition in rule.conditions):
            misses.append(Miss(rule, claims=claims, moment=moment))
        elif door is not Door.CLIENT_ASSERTION and not admits(rule, client):
            held = True
            misses.append(Miss(rule, _not_admitted(rule, client), is_for_another_client=True))
        else:
            return rule, misses
    if not held:
        raise NoMatch(Reason.NO_RULE, misses)
    raise NoMatch(Reason.CLIENT_NOT_ADMITTED if client else Reason.CLIENT_REQUIRED, misses)


class NoMatch(AssertionRefused):
    """No rule decides; ``misses`` has the reason for each."""

    def __init__(self, reason: Reason, misses: list[Any]) -> None:
        detail = (
            within(miss.text for miss in misses)
            if misses
            else _("the issuer must have an enabled rule; it has none")
        )
        super().__init__(reason, detail=detail)
        self.misses = misses


def _not_admitted(rule: MatchableRule, client: Client | None) -> Text:
    if rule.client_policy == ClientPolicy.ANONYMOUS:
        return _("a public client must be among the rule's applications; the rule lists none")
    if rule.client_policy != ClientPolicy.LISTED:
        return _("the client policy {policy} admits nobody", policy=shown(rule.client_policy))
    if client is None:
        return _("the request must have a client among the rule's applications; it has none")
    return _(
        "the client must be among the rule's applications; it is {client_id}",
        client_id=shown(client.client_id or client.pk),
    )


def _unnamed(rule: MatchableRule, claims: Collection[str]) -> list[str]:
    """Return those of ``claims`` for which no condition of ``rule`` names values."""
    named = names_values_of(rule.conditions)
    return [claim for claim in claims if claim not in named]


def names_values_of(conditions: Iterable[Condition]) -> set[str]:
    """The claims of which ``conditions`` name the values that they let in."""
    return {one.claim.removeprefix("/") for one in conditions if one.operator in NAMING}


def admits(rule: MatchableRule, client: Client | None) -> bool:
    """Whether the client policy of ``rule`` lets ``client`` (``None``: nobody) present the assertion.

    A policy of another name, which only a row written past the form can have, admits nobody.
    """
    if rule.client_policy == ClientPolicy.ANONYMOUS:
        return client is None or not client.must_be_listed
    return rule.client_policy == ClientPolicy.LISTED and client is not None and rule.lists(client)
