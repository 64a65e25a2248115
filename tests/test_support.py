"""What the tests themselves stand on: a test of many cases runs all, and says which of them fail."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.support import World, cases, make_user


def test_every_case_that_fails_is_named() -> None:
    @cases("number", range(4))
    def is_odd(number: int) -> None:
        assert number % 2

    with pytest.raises(ExceptionGroup, match="2 cases fail") as caught:
        is_odd()
    assert [error.__notes__ for error in caught.value.exceptions] == [
        ["in the case (0,)"],
        ["in the case (2,)"],
    ]


def test_one_case_that_fails_is_the_failure() -> None:
    @cases(("first", "second"), [(1, 2), pytest.param(2, 2, id="equal")])
    def differ(first: int, second: int) -> None:
        assert first != second

    with pytest.raises(AssertionError) as caught:
        differ()
    assert caught.value.__notes__ == ["in the case (2, 2)"]


@cases("name", ["alice", "bob"])
@cases("number", range(2))
def test_each_case_finds_the_rows_and_the_cache_as_they_were(world: World, name: str, number: int) -> None:
    make_user("carol")  # a second one could not be made
    assert cache.add("carol", name)
    assert world.issuer.rules.count() == 1


def test_no_case_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no case"):
        cases("name", [])
