"""Expected and found in words: JSON types, shortened, escaped, and in what little two values differ."""

from __future__ import annotations

import pytest

from oauth_jwt_grant.assertion import ABSENT, mismatch, near_miss, one_of, seconds, shown, typed, within
from oauth_jwt_grant.assertion.wording import MAX_SHOWN, all_of, json_type, kind_of, moment
from tests.support import cases

IN = "they differ in"


@cases(
    ("value", "text"),
    [
        ("acme", 'the string "acme"'),
        ("", 'the string ""'),
        (7, "the number 7"),
        (7.5, "the number 7.5"),
        (True, "the boolean true"),
        (None, "null"),
        ([], "the array []"),
        (["a", 1], 'the array ["a", 1]'),
        ({"a": None}, 'the object {"a": null}'),
    ],
)
def test_each_value_has_its_json_type(value: object, text: str) -> None:
    assert typed(value) == text
    assert json_type(value) in text
    assert json_type(value) in kind_of(value)
    assert "acme" not in kind_of(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("\u0430cme", '"\\u0430cme"'),
        ("a\u200bb", '"a\\u200bb"'),
        ("a\nb\x1b[31m", '"a\\nb\\u001b[31m"'),
        ('a"b', '"a\\"b"'),
        ("\ud800", '"\\ud800"'),
    ],
    ids=ascii,
)
def test_whatever_looks_like_something_else_is_escaped(value: str, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("x" * 3000, '..." (3000 characters)'),
        (["x"] * 300, "... (300 members)"),
        ({str(number): 0 for number in range(60)}, "... (60 members)"),
        (10**200, "..."),
    ],
    ids=["string", "array", "object", "number"],
)
def test_long_values_are_shortened_and_say_how_long_they_are(value: object, end: str) -> None:
    assert shown(value).endswith(end)
    assert len(shown(value)) <= MAX_SHOWN + len(end)


def test_what_json_cannot_write_is_named() -> None:
    assert shown(10**5000) == "(too large to be shown)"


@cases(
    ("wanted", "found", "difference"),
    [
        ("acme/App", "acme/app", "they differ in case alone"),
        ("https://a.example", "https://a.example/", "they differ in a slash at the end alone"),
        ("https://a.example", "http://a.example", "they differ in the scheme alone"),
        ("https://a.example", "a.example", "they differ in the scheme alone"),
        ("acme", " acme", "they differ in white space or invisible characters alone"),
        ("acme", "ac\u200bme", "they differ in white space or invisible characters alone"),
        ("caf\u00e9", "cafe\u0301", "they differ in the Unicode form of a character alone"),
        (
            "https://A.example/",
            "http://a.example",
            "they differ in case, slash, scheme or invisible characters alone",
        ),
        ("x" * 150 + "a", "x" * 150 + "b", "they differ from character 151 on"),
        ("x" * 150, "x" * 160, "they differ from character 151 on"),
        ("acme", "acme/app", ""),
        ("acme", 7, ""),
        (7, "7", ""),
    ],
)
def test_a_near_miss_is_named(wanted: object, found: object, difference: str) -> None:
    assert near_miss(["elsewhere", wanted], found) == difference


def test_a_mismatch_names_the_type_only_where_it_differs() -> None:
    assert mismatch('a must equal "x"', "y", "x") == 'a must equal "x"; the JWT has "y"'
    assert mismatch('a must equal "x"', 1, "x") == 'a must equal "x"; the JWT has the number 1'
    assert mismatch('a must equal "x"', ABSENT, "x") == 'a must equal "x"; the JWT does not have it'
    assert mismatch('a must equal "x"', None, "x") == 'a must equal "x"; the JWT has null'
    assert (
        mismatch('a must equal "x"', "X", "x")
        == 'a must equal "x"; the JWT has "X" (they differ in case alone)'
    )


def test_choices() -> None:
    assert one_of(["b", "a"]) == 'one of "a", "b"'
    assert one_of(["a"]) == '"a"'
    assert all_of(["b", 1]) == '"b", 1'
    assert one_of("abcdefgh") == 'one of "a", "b", "c", "d", "e" and 3 more'


def test_dates_have_their_distance() -> None:
    assert (
        moment(1000000000, 1000000045) == "the JWT has 1000000000 (2001-09-09 01:46:40 UTC), 45 seconds ago"
    )
    assert moment(1000000001.5, 1000000000).endswith("2 seconds from now")
    assert (seconds(1), seconds(0), seconds(3600)) == ("1 second", "0 seconds", "3600 seconds")


def test_many_texts_are_cut_between_two_and_counted() -> None:
    texts = [f"rule {number:03}" for number in range(200)]
    cut = within(texts, 100)
    assert len(cut) <= 100
    assert cut.startswith("rule 000; rule 001; ")
    shown_texts = cut.count("rule ")
    assert cut.endswith(f"; and {200 - shown_texts} more")
    assert within(texts[:2], 100) == "rule 000; rule 001"
    assert within(["x" * 200], 100) == "x" * 97 + "..."
    assert within([]) == ""
