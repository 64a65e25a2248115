"""Conditions on claims: types count, nothing empty, no part of a text."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_jwt_grant.rules import ABSENT, Condition, InvalidCondition, Moment, Operator, claim_value, same
from tests.support import cases

CLAIMS: dict[str, Any] = {
    "sub": "repo:acme/app:ref:refs/heads/main",
    "email": "ann@acme.example",
    "verified": True,
    "run": 1,
    "ratio": 1.5,
    "none": None,
    "groups": ["dev", "ops", 1, True, {"a": [1]}],
    "empty": [],
    "text": "",
    "/odd": "slash",
    "kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "build", "uids": ["a", "b"]}},
    "a/b": {"m~n": "x", "": "nothing"},
}


def holds(claim: str, operator: Operator, *values: Any) -> bool:
    condition = Condition(claim, operator, values)
    condition.check()
    return condition.holds(CLAIMS)


class TestEquals:
    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("email", "ann@acme.example"),
            ("verified", True),
            ("run", 1),
            ("run", 1.0),
            ("ratio", 1.5),
            ("groups", ["dev", "ops", 1, True, {"a": [1]}]),
            ("kubernetes.io", CLAIMS["kubernetes.io"]),
            ("/kubernetes.io/namespace", "prod"),
        ],
    )
    def test_holds(self, claim: str, value: object) -> None:
        assert holds(claim, Operator.EQUALS, value)

    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("email", "ANN@acme.example"),
            ("email", "ann@acme.exampl"),
            ("email", "ann@acme.example "),
            ("email", "*"),
            ("verified", 1),
            ("verified", "true"),
            ("verified", False),
            ("run", "1"),
            ("run", True),
            ("run", 2),
            ("ratio", "1.5"),
            ("groups", "dev"),
            ("groups", ["dev", "ops", 1, 1, {"a": [1]}]),
            ("groups", ["dev", "ops", 1, True]),
            ("groups", ["ops", "dev", 1, True, {"a": [1]}]),
            ("kubernetes.io", {"namespace": "prod"}),
            ("none", False),
            ("none", "None"),
            ("missing", "x"),
            ("text", "x"),
            ("empty", "x"),
        ],
        ids=repr,
    )
    def test_does_not_hold(self, claim: str, value: object) -> None:
        assert not holds(claim, Operator.EQUALS, value)


class TestIn:
    @pytest.mark.parametrize(
        ("claim", "values", "expected"),
        [
            ("run", (2, 1), True),
            ("run", ("1", True), False),
            ("email", ("bob@acme.example", "ann@acme.example"), True),
            ("email", ("bob@acme.example",), False),
            ("email", ("ann",), False),
            ("groups", ("dev", "ops"), False),
            ("missing", ("x",), False),
        ],
    )
    def test_any_one_of_them(self, claim: str, values: tuple[Any, ...], expected: bool) -> None:
        assert holds(claim, Operator.IN, *values) is expected


class TestContains:
    @pytest.mark.parametrize(
        ("claim", "values", "expected"),
        [
            ("groups", ("dev",), True),
            ("groups", ("ops", "dev"), True),
            ("groups", ("dev", "admin"), False),
            ("groups", ("de",), False),
            ("groups", (1,), True),
            ("groups", ("1",), False),
            ("groups", (False,), False),
            ("groups", ({"a": [1]},), True),
            ("groups", ({"a": [True]},), False),
            ("empty", ("dev",), False),
            ("email", ("ann",), False),
            ("email", ("ann@acme.example",), False),
            ("kubernetes.io", ("namespace",), False),
            ("/kubernetes.io/serviceaccount/uids", ("b",), True),
            ("missing", ("dev",), False),
        ],
        ids=repr,
    )
    def test_all_of_them_in_an_array(self, claim: str, values: tuple[Any, ...], expected: bool) -> None:
        assert holds(claim, Operator.CONTAINS, *values) is expected


class TestGlob:
    @pytest.mark.parametrize(
        ("pattern", "text", "expected"),
        [
            ("repo:acme/*", "repo:acme/app", True),
            ("repo:acme/*", "repo:acme/a/b\nc", True),
            ("repo:acme/*", "repo:acme/", True),
            ("repo:acme/*", "repo:acme", False),
            ("repo:acme/*", "repo:acme-evil/app", False),
            ("repo:acme/*", "x repo:acme/app", False),
            ("repo:acme/*", "repo:ACME/app", False),
            ("repo:acme/*:main", "repo:acme/app:main", True),
            ("repo:acme/*:main", "repo:acme/app:main2", False),
            ("a?c", "abc", True),
            ("a?c", "ac", False),
            ("a?c", "abbc", False),
            ("exact", "exact", True),
            ("exact", "exactly", False),
            ("bot[1]", "bot[1]", True),
            ("bot[1]", "bot1", False),
            ("[!a]*", "b", False),
            ("[!a]*", "[!a]b", True),
            ("a.c*", "abc", False),
            ("a|b*", "a", False),
            ("(?i)abc*", "ABC", False),
            ("a\\*", "a\\b", True),
        ],
    )
    def test_the_whole_text(self, pattern: str, text: str, expected: bool) -> None:
        condition = Condition("c", Operator.GLOB, (pattern,))
        condition.check()
        assert condition.holds({"c": text}) is expected

    @pytest.mark.parametrize("value", [1, True, None, ["abc"], {"abc": 1}], ids=repr)
    def test_strings_alone(self, value: object) -> None:
        assert not Condition("c", Operator.GLOB, ("a*",)).holds({"c": value})

    def test_any_one_of_the_patterns(self) -> None:
        assert holds("email", Operator.GLOB, "*@other.example", "*@acme.example")
        assert not holds("email", Operator.GLOB, "*@other.example", "*@acme.exampl")

    def test_no_pattern_takes_long(self) -> None:
        condition = Condition("c", Operator.GLOB, ("*a" * 40 + "*b",))
        begin = time.process_time()
        assert not condition.holds({"c": "a" * 16384})
        assert time.process_time() - begin < 2


class TestExists:
    @pytest.mark.parametrize(
        ("claim", "expected"),
        [
            ("email", True),
            ("text", True),
            ("empty", True),
            ("none", False),
            ("missing", False),
            ("/kubernetes.io/namespace", True),
            ("/kubernetes.io/missing", False),
        ],
    )
    def test_there_and_not_null(self, claim: str, expected: bool) -> None:
        assert holds(claim, Operator.EXISTS) is expected

    def test_false_is_there(self) -> None:
        assert Condition("c", Operator.EXISTS, ()).holds({"c": False})


INVALID = [
    Condition("", Operator.EXISTS, ()),
    Condition("/", Operator.EXISTS, ()),
    Condition("/a~", Operator.EXISTS, ()),
    Condition("/a~2b", Operator.EXISTS, ()),
    Condition("email", Operator.EXISTS, ("x",)),
    Condition("email", Operator.EQUALS, ()),
    Condition("email", Operator.EQUALS, ("ann@acme.example", "ann@acme.example")),
    Condition("email", Operator.IN, ()),
    Condition("text", Operator.IN, ("",)),
    Condition("none", Operator.IN, (None,)),
    Condition("email", Operator.IN, ("ann@acme.example", "")),
    Condition("empty", Operator.EQUALS, ([],)),
    Condition("email", Operator.IN, ("ann@acme.example", {})),
    Condition("groups", Operator.CONTAINS, ()),
    Condition("groups", Operator.CONTAINS, ("dev", "")),
    Condition("email", Operator.GLOB, ()),
    Condition("email", Operator.GLOB, ("",)),
    Condition("email", Operator.GLOB, ("*",)),
    Condition("email", Operator.GLOB, ("**",)),
    Condition("email", Operator.GLOB, ("?*",)),
    Condition("email", Operator.GLOB, ("ann*", "*")),
    Condition("email", Operator.GLOB, (5,)),
    Condition("email", Operator.GLOB, (True,)),
]


@pytest.mark.standard("H-25")
@cases("condition", INVALID)
def test_a_condition_that_is_empty_or_contradicts_itself(condition: Condition) -> None:
    """It is reported; and were it stored all the same, it would hold for nobody."""
    with pytest.raises(InvalidCondition):
        condition.check()
    assert not condition.holds(CLAIMS)


def test_an_operator_that_nobody_knows_holds_for_nobody() -> None:
    assert not Condition("email", "substring", ("ann",)).holds(CLAIMS)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["~", "a~b", "https://acme.example/role", "a/b~2", "kubernetes.io"])
def test_a_name_is_no_pointer(name: str) -> None:
    condition = Condition(name, Operator.EQUALS, ("x",))
    condition.check()
    assert condition.holds({name: "x"})


@pytest.mark.parametrize("value", [0, False, 0.0], ids=repr)
def test_zero_and_false_are_values(value: object) -> None:
    condition = Condition("c", Operator.EQUALS, (value,))
    condition.check()
    assert condition.holds({"c": value})


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition("a", Operator.EQUALS, ("x",)), "a is 'x'"),
        (Condition("a", Operator.IN, ("x", 1)), "a is one of 'x', 1"),
        (Condition("a", Operator.CONTAINS, ("x", "y")), "a contains 'x' and 'y'"),
        (Condition("a", Operator.GLOB, ("x*", "y*")), "a matches 'x*' or 'y*'"),
        (Condition("a", Operator.EXISTS, ()), "a is present"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_in_words(condition: Condition, words: str) -> None:
    assert str(condition) == words


class TestResolve:
    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("run", 1),
            ("none", None),
            ("kubernetes.io", CLAIMS["kubernetes.io"]),
            ("/run", 1),
            ("/kubernetes.io/serviceaccount/name", "build"),
            ("/kubernetes.io/serviceaccount/uids/0", "a"),
            ("/kubernetes.io/serviceaccount/uids/1", "b"),
            ("/groups/4/a/0", 1),
            ("/a~1b/m~0n", "x"),
            ("/a~1b/", "nothing"),
            ("/~1odd", "slash"),
        ],
    )
    def test_found(self, claim: str, value: object) -> None:
        assert claim_value(CLAIMS, claim) == value

    @pytest.mark.parametrize(
        "claim",
        [
            "missing",
            "",
            "/",
            "/odd",
            "kubernetes.io/namespace",
            "kubernetes.io.namespace",
            "/kubernetes.io/namespace/0",
            "/email/0",
            "/run/0",
            "/none/x",
            "/verified/0",
            "/kubernetes.io/serviceaccount/uids/2",
            "/kubernetes.io/serviceaccount/uids/-",
            "/kubernetes.io/serviceaccount/uids/-1",
            "/kubernetes.io/serviceaccount/uids/00",
            "/kubernetes.io/serviceaccount/uids/01",
            "/kubernetes.io/serviceaccount/uids/+1",
            "/kubernetes.io/serviceaccount/uids/1.0",
            "/kubernetes.io/serviceaccount/uids/ 1",
            "/kubernetes.io/serviceaccount/uids/\u0661",
            "/kubernetes.io/serviceaccount/uids/",
            "/kubernetes.io/serviceaccount/uids/1" + "0" * 5000,
            "/kubernetes.io/serviceaccount/uids/1000000000",
            "/kubernetes.io/serviceaccount/uids/99999",
        ],
        ids=lambda claim: claim[:50],
    )
    def test_absent(self, claim: str) -> None:
        assert claim_value(CLAIMS, claim) is ABSENT

    def test_a_tilde_is_unescaped_once(self) -> None:
        """RFC 6901 section 4: ``~01`` is ``~1``, not a slash."""
        assert claim_value({"~1": "tilde", "/": "slash"}, "/~01") == "tilde"


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from([1, 1.0, True, "1"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.one_of(
    st.text(max_size=6), st.text("/~01ab-", max_size=8).map("/".__add__), st.sampled_from(list(CLAIMS))
)
FAST = settings(max_examples=100, deadline=None)


@FAST
@given(
    st.dictionaries(names, json_values, max_size=4),
    names,
    st.sampled_from(Operator),
    st.lists(json_values, max_size=3),
)
def test_any_condition_on_any_claims(
    claims: dict[str, Any], claim: str, operator: Operator, values: list[Any]
) -> None:
    """It holds or it does not; it never holds of a claim that is not there."""
    condition = Condition(claim, operator, tuple(values))
    if condition.holds(claims):
        condition.check()
        assert claim_value(claims, claim) not in (ABSENT, None)
    assert isinstance(str(condition), str)


@FAST
@given(json_values, json_values)
def test_same_is_symmetric_and_minds_types(one: Any, other: Any) -> None:
    assert same(one, other) == same(other, one)
    if same(one, other):
        assert one == other
        assert isinstance(one, bool) == isinstance(other, bool)
        assert isinstance(one, str) == isinstance(other, str)


@pytest.mark.parametrize("wrong", [1, 1.0, "True", "true", [True]], ids=repr)
def test_true_is_true_alone(wrong: object) -> None:
    assert same(True, True)
    assert not same(True, wrong)
    assert not same({"a": [True]}, {"a": [wrong]})


FACTS: dict[str, Any] = {
    "groups": ["ops", 1, ["x"]],
    "empty": [],
    "level": 3,
    "float": 2.5,
    "yes": True,
    "digits": "3",
    "null": None,
    "actor": "acme",
    "owner": {"name": "acme", "null": None},
    "three": 3.0,
    "auth_time": 1000,
}


@cases(
    ("claim", "operator", "values", "holds"),
    [
        ("groups", "contains_any", ["dev", "ops"], True),
        ("groups", "contains_any", [["x"]], True),
        ("groups", "contains_any", ["dev", "1", True], False),
        ("actor", "contains_any", ["acme"], False),
        ("empty", "contains_any", ["ops"], False),
        ("null", "contains_any", ["ops"], False),
        ("groups", "none_of", ["dev", "1"], True),
        ("groups", "none_of", ["dev", "ops"], False),
        ("groups", "none_of", [["ops", 1, ["x"]]], False),
        ("groups", "none_of", [["x"]], False),
        ("actor", "none_of", ["other"], True),
        ("actor", "none_of", ["other", "acme"], False),
        ("empty", "none_of", ["ops"], True),
        ("absent", "none_of", ["ops"], False),
        ("null", "none_of", ["ops"], False),
        ("level", "at_least", [3], True),
        ("level", "at_least", [3.5], False),
        ("float", "at_least", [2], True),
        ("level", "at_most", [3], True),
        ("level", "at_most", [2], False),
        ("yes", "at_least", [0], False),
        ("digits", "at_least", [1], False),
        ("groups", "at_most", [9], False),
        ("absent", "at_most", [9], False),
        ("auth_time", "younger_than", [101], True),
        ("auth_time", "younger_than", [100], False),
        ("level", "younger_than", [10], False),
        ("digits", "younger_than", [5000], False),
        ("actor", "same_as", ["/owner/name"], True),
        ("level", "same_as", ["three"], True),
        ("level", "same_as", ["digits"], False),
        ("absent", "same_as", ["missing"], False),
        ("actor", "same_as", ["missing"], False),
        ("null", "same_as", ["/owner/null"], False),
    ],
)
def test_operators_that_compare(claim: str, operator: str, values: list[Any], holds: bool) -> None:
    condition = Condition(claim, Operator(operator), tuple(values))
    moment = Moment(1100, 30)
    condition.check()
    assert condition.holds(FACTS, moment) is holds
    assert claim in str(condition)
    if not holds:
        why = condition.why_not(FACTS, moment)
        assert why.startswith(f"{claim} must ")
        assert "the JWT" in why


@pytest.mark.parametrize(("auth_time", "holds"), [(1131, False), (1130, True), (1100, True), (10**30, False)])
def test_time_to_come_is_younger_only_within_the_leeway(auth_time: float, holds: bool) -> None:
    condition = Condition("auth_time", Operator.YOUNGER_THAN, (60,))
    assert condition.holds({"auth_time": auth_time}, Moment(1100, 30)) is holds
    assert not condition.holds({"auth_time": auth_time})


@cases(
    ("operator", "values"),
    [
        ("contains_any", []), ("none_of", []), ("none_of", [""]), ("contains_any", [None]), ("at_least", []),
        ("at_least", ["3"]), ("at_most", [True]), ("at_most", [1, 2]), ("at_least", [float("inf")]),
        ("at_least", [float("nan")]), ("younger_than", [0]), ("younger_than", [-1]), ("younger_than", [None]),
        ("same_as", [1]), ("same_as", [""]), ("same_as", ["/"]), ("same_as", ["a", "b"]), ("same_as", ["c"]),
        ("same_as", ["/c"]), ("at_least", [10**400]), ("younger_than", [10**400]),
    ],
)  # fmt: skip
def test_operand_that_can_do_nothing_is_refused(operator: str, values: list[Any]) -> None:
    condition = Condition("c", Operator(operator), tuple(values))
    with pytest.raises(InvalidCondition):
        condition.check()
    assert not condition.holds({"c": 3, "a": 3}, Moment(3))


@pytest.mark.parametrize(
    ("claim", "counts"), [("/act/sub", True), ("/act/act", False), ("/act/act/sub", False)]
)
def test_only_the_outermost_actor_counts(claim: str, counts: bool) -> None:
    condition = Condition(claim, Operator.EXISTS, ())
    assert condition.holds({"act": {"sub": "a", "act": {"sub": "b"}}}) is counts
    assert Condition("/act/actor", Operator.EXISTS, ()).holds({"act": {"actor": 1}})
