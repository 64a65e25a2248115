"""Which rule decides: the first whose conditions hold and that admits the client; otherwise none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from oauth_jwt_grant.assertion import AssertionRefused, Door, Reason, is_for
from oauth_jwt_grant.rules import Client, ClientPolicy, Condition, Miss, NoMatch, Operator, first_match
from tests.support import cases

CLAIMS = {"repository": "acme/app", "environment": "production"}
APP = Client(pk=1)
OTHER = Client(pk=2, client_id="the-other")


@dataclass(frozen=True)
class Rule:
    name: str
    client_policy: str = ClientPolicy.LISTED
    conditions: tuple[Condition, ...] = ()
    listed: frozenset[int] = frozenset({1})

    accepted_as: tuple[str, ...] = ()

    def why_not_for(self, door: Door) -> str:
        return "" if is_for(self.accepted_as, door) else f"not for {door}"

    def lists(self, client: Client) -> bool:
        return client.pk in self.listed

    def __str__(self) -> str:
        return self.name


def where(claim: str, *values: str) -> Condition:
    return Condition(claim, Operator.IN, values)


def no_match(rules: list[Rule], client: Client | None = APP) -> NoMatch:
    with pytest.raises(NoMatch) as caught:
        first_match(rules, CLAIMS, client)
    return caught.value


@cases(
    ("policy", "client", "admitted"),
    [
        (ClientPolicy.LISTED, APP, True),
        (ClientPolicy.LISTED, OTHER, False),
        (ClientPolicy.LISTED, None, False),
        (ClientPolicy.ANONYMOUS, APP, True),
        (ClientPolicy.ANONYMOUS, OTHER, True),
        (ClientPolicy.ANONYMOUS, None, True),
        ("registered", APP, False),
        ("everybody", APP, False),
        ("", None, False),
    ],
)
@pytest.mark.standard("CLI-01", "CLI-04", "CLI-20")
def test_who_is_admitted(policy: str, client: Client | None, admitted: bool) -> None:
    rule = Rule("one", policy)
    if admitted:
        assert first_match([rule], CLAIMS, client) == (rule, [])
    else:
        reason = Reason.CLIENT_NOT_ADMITTED if client else Reason.CLIENT_REQUIRED
        assert no_match([rule], client).reason is reason


def test_an_empty_list_of_clients_admits_nobody() -> None:
    assert no_match([Rule("one", listed=frozenset())]).reason is Reason.CLIENT_NOT_ADMITTED


def test_no_rules_admit_nobody() -> None:
    refused = no_match([])
    assert (refused.reason, refused.misses) == (Reason.NO_RULE, [])
    assert refused.detail == "the issuer must have an enabled rule; it has none"
    assert isinstance(refused, AssertionRefused)


def test_the_first_match_decides() -> None:
    rules = [
        Rule("other repository", conditions=(where("repository", "acme/lib"),)),
        Rule("other client", listed=frozenset({2})),
        Rule("fits", conditions=(where("repository", "acme/app"),)),
        Rule("fits too"),
    ]
    rule, misses = first_match(rules, CLAIMS, APP)
    assert rule.name == "fits"
    assert [(miss.rule, miss.why) for miss in misses] == [
        (rules[0], 'repository must equal "acme/lib"; the JWT has "acme/app"'),
        (rules[1], "the client must be among the rule's applications; it is 1"),
    ]


def test_all_conditions_of_a_rule_must_hold() -> None:
    both = (where("repository", "acme/app"), where("environment", "staging"))
    refused = no_match([Rule("both", conditions=both)])
    assert refused.reason is Reason.NO_RULE
    assert refused.detail == 'Rule "both": environment must equal "staging"; the JWT has "production"'
    held = (where("repository", "acme/app"), where("environment", "staging", "production"))
    assert first_match([Rule("both", conditions=held)], CLAIMS, APP)[1] == []


def test_a_condition_that_cannot_hold_refuses() -> None:
    assert no_match([Rule("invalid", conditions=(where("repository"),))]).reason is Reason.NO_RULE


@pytest.mark.parametrize(
    ("client", "reason", "why"),
    [
        (
            OTHER,
            Reason.CLIENT_NOT_ADMITTED,
            'the client must be among the rule\'s applications; it is "the-other"',
        ),
        (
            None,
            Reason.CLIENT_REQUIRED,
            "the request must have a client among the rule's applications; it has none",
        ),
    ],
    ids=["other client", "no client"],
)
def test_where_only_the_client_is_wrong_that_is_said(client: Client | None, reason: Reason, why: str) -> None:
    """Whatever the order of the rules: one match is enough to say it."""
    rules = [Rule("a", conditions=(where("repository", "x"),)), Rule("b"), Rule("c", ClientPolicy.LISTED)]
    for order in (rules, rules[::-1]):
        refused = no_match(order, client)
        assert refused.reason is reason
        assert f'Rule "b": {why}' in refused.detail
    assert no_match(rules[:1], client).reason is Reason.NO_RULE


def test_rules_may_come_from_an_iterator() -> None:
    assert first_match(iter([Rule("one")]), CLAIMS, APP)[0].name == "one"


@pytest.mark.standard("JAG-13")
@pytest.mark.parametrize("claim", ["environment", "/environment"])
def test_a_claim_that_may_not_be_passed_over(claim: str) -> None:
    silent, other = Rule("silent"), Rule("other", conditions=(where("repository", "acme/app"),))
    speaks = Rule("speaks", conditions=(where(claim, "production"),))
    why = "a condition must be on the claim environment, which the JWT has"

    chosen, misses = first_match([silent, other, speaks], CLAIMS, APP, ["environment"])
    assert (chosen, misses) == (speaks, [Miss(silent, why), Miss(other, why)])
    with pytest.raises(NoMatch) as caught:
        first_match([silent, other], CLAIMS, APP, ["environment"])
    assert caught.value.reason is Reason.NO_RULE
    assert caught.value.detail == f'Rule "silent": {why}; Rule "other": {why}'
    with pytest.raises(NoMatch):
        first_match([Rule("elsewhere", conditions=(where(claim, "test"),))], CLAIMS, APP, ["environment"])
    anything = (Condition(claim, Operator.EXISTS, ()), Condition(claim, Operator.NONE_OF, ("test",)))
    for condition in anything:
        with pytest.raises(NoMatch):
            first_match([Rule("any", conditions=(condition,))], CLAIMS, APP, ["environment"])
