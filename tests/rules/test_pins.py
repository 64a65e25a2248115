"""Which conditions tell the customers of a shared issuer from each other."""

from __future__ import annotations

from oauth_jwt_grant.rules import Condition, Operator, Pin, is_pinned
from tests.support import cases

ID = Pin("repository_id")
NAME = Pin("repository", "", "/")
SUB = Pin("sub", "repo:", "/")
PINS = (ID, NAME, SUB)
EQUALS, IN, GLOB = Operator.EQUALS, Operator.IN, Operator.GLOB
CONTAINS, CONTAINS_ANY = Operator.CONTAINS, Operator.CONTAINS_ANY


@cases(
    ("claim", "operator", "values"),
    [
        ("repository_id", EQUALS, ["770123456"]),
        ("repository_id", EQUALS, [770123456]),
        ("repository_id", IN, ["1", "2"]),
        ("repository_id", CONTAINS, ["1"]),
        ("repository_id", CONTAINS_ANY, ["1", "2"]),
        ("/repository_id", EQUALS, ["1"]),
        ("repository", EQUALS, ["acme/deploy"]),
        ("repository", GLOB, ["acme/*"]),
        ("repository", GLOB, ["acme/*", "umbrella/app-?"]),
        ("sub", EQUALS, ["repo:acme/deploy:ref:refs/heads/main"]),
        ("sub", IN, ["repo:acme/deploy:environment:production", "repo:acme@90210/deploy@7:pull_request"]),
        ("sub", GLOB, ["repo:acme/*"]),
        ("sub", GLOB, ["repo:acme/deploy:*"]),
    ],
)
def test_condition_that_names_customers_pins(claim, operator, values):
    other = Condition("ref", EQUALS, ("refs/heads/main",))
    assert is_pinned([other, Condition(claim, operator, tuple(values))], PINS)


@cases(
    ("claim", "operator", "values"),
    [
        ("ref", EQUALS, ["refs/heads/main"]),
        ("job_workflow_ref", EQUALS, ["acme/deploy/.github/workflows/x.yml@refs/heads/main"]),
        ("repository_id", Operator.EXISTS, []),
        ("repository_id", Operator.NONE_OF, ["1"]),
        ("repository_id", Operator.AT_LEAST, [1]),
        ("repository_id", Operator.AT_MOST, [1]),
        ("repository_id", Operator.SAME_AS, ["repository_owner_id"]),
        ("repository_id", EQUALS, [True]),
        ("repository_id", EQUALS, [" "]),
        # A claim without a separator has no end that a pattern could name.
        ("repository_id", GLOB, ["77*"]),
        ("repository_id", GLOB, ["*"]),
        ("repository", GLOB, ["acme*"]),
        ("repository", GLOB, ["*/deploy"]),
        ("repository", GLOB, ["acme?/deploy"]),
        ("repository", GLOB, ["acme/*", "*/deploy"]),
        ("repository", GLOB, ["/*"]),
        ("repository", EQUALS, ["/deploy"]),
        ("sub", EQUALS, ["environment:production"]),
        ("sub", EQUALS, ["repo:"]),
        ("sub", EQUALS, [5]),
        ("sub", IN, ["repo:acme/deploy:pull_request", "environment:production"]),
        ("sub", CONTAINS_ANY, ["repo:acme/deploy:pull_request", "environment:production"]),
        ("sub", GLOB, ["repo:*"]),
        ("sub", GLOB, ["repo:acme*"]),
        ("sub", GLOB, ["repo:*/deploy:*"]),
        ("sub", GLOB, ["*:repo:acme/*"]),
        # No form would save these.
        ("repository_id", IN, []),
        ("repository", GLOB, ["acme/*", 5]),
    ],
)
def test_condition_that_names_no_customer_does_not_pin(claim, operator, values):
    assert not is_pinned([Condition(claim, operator, tuple(values))], PINS)


def test_pin_may_be_a_member_of_a_claim():
    inside = Condition("/kubernetes.io/namespace", EQUALS, ("payments",))
    assert is_pinned([inside], [Pin("/kubernetes.io/namespace")])
    assert not is_pinned([inside], [Pin("kubernetes.io"), Pin("namespace")])


def test_nothing_pins_where_there_is_no_pin():
    assert not is_pinned([Condition("repository_id", EQUALS, ("1",))], [])
    assert not is_pinned([], PINS)
