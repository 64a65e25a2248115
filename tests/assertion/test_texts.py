"""Texts are English wherever they are used as strings, and keep what a translation needs."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from oauth_jwt_grant.assertion import (
    NOTHING,
    AssertionRefused,
    Clause,
    Joined,
    Reason,
    Text,
    both,
    either,
    ngettext,
    text_of,
    verbatim,
)


def loud(template: str, plural: str, number: int) -> str:
    """A language that writes all words in capitals, and has one plural, for 0 as well."""
    chosen = plural if plural and number != 1 else template
    return "".join(part if part.startswith("{") else part.upper() for part in _parts(chosen))


def _parts(template: str) -> list[str]:
    return template.replace("{", "\0{").replace("}", "}\0").split("\0")


def test_a_text_is_its_english() -> None:
    text = Text("the {kind} is {size}", kind="box", size=3)
    assert text == "the box is 3"
    assert f"{text}!" == "the box is 3!"
    assert json.dumps(text) == '"the box is 3"'


def test_values_stay_as_they_are() -> None:
    assert Text("the {kind} is {size}", kind="box", size=3).translated(loud) == "THE box IS 3"


def test_a_text_in_a_text_is_translated() -> None:
    inner = Text("no {what}", what="key")
    assert Text("refused: {why}", why=inner).translated(loud) == "REFUSED: NO key"


def test_what_an_exception_says_is_translated() -> None:
    error = ValueError(Text("too {size}", size="long"))
    assert text_of(error).translated(loud) == "TOO long"
    assert Text("refused: {why}", why=error).translated(loud) == "REFUSED: TOO long"


@pytest.mark.parametrize("error", [ValueError("as it is"), OSError(2, "as it is"), KeyError()], ids=repr)
def test_what_others_raise_stays_as_it_is(error: Exception) -> None:
    assert text_of(error).translated(loud) == str(error)


@pytest.mark.parametrize(("number", "words"), [(1, "1 KEY"), (2, "2 KEYS"), (0, "0 KEYS")])
def test_the_number_decides(number: int, words: str) -> None:
    text = ngettext("{number} key", "{number} keys", number)
    assert text == words.lower()
    assert text.translated(loud) == words


def test_braces_in_values_and_in_texts_without_values_are_no_names() -> None:
    assert Text("in {place}", place="{here}").translated(loud) == "IN {here}"
    assert Text("write ${}").translated(lambda template, plural, number: template) == "write ${}"


def test_texts_are_joined() -> None:
    joined = Joined("; ", (Text("one"), "{two}", Text("three")))
    assert joined == "one; {two}; three"
    assert joined.translated(loud) == "ONE; {two}; THREE"
    assert verbatim("as it is").translated(loud) == "as it is"
    assert not NOTHING


def test_a_clause_has_no_full_stop() -> None:
    clause = Clause(Text("It is there."))
    assert clause == "It is there"
    assert clause.translated(loud) == "IT IS THERE"


def test_and_and_or() -> None:
    texts = [Text("one"), "two", Text("three")]
    assert both(texts) == "one and two and three"
    assert either(texts).translated(loud) == "ONE OR two OR THREE"
    assert both(texts[:1]).translated(loud) == "ONE"
    assert either([]) == ""


def test_a_text_with_names_is_filled_later() -> None:
    template = Text("{claim} is {values}")
    assert template.filled(claim="ref", values="main").translated(loud) == "ref IS main"


def test_a_copy_and_a_pickle_are_plain_text() -> None:
    text = Text("in {place}", place="{here}")
    for other in (copy.copy(text), copy.deepcopy(text), pickle.loads(pickle.dumps(text))):  # noqa: S301
        assert type(other) is str
        assert other == text


def test_a_refusal_keeps_its_text_and_takes_any_string() -> None:
    refused = AssertionRefused(Reason.MISSING_CLAIM, "exp", Text("is required"))
    assert refused.explanation.translated(loud) == "exp IS REQUIRED"
    assert (
        AssertionRefused(Reason.NO_RULE, detail="as a site says").detail.translated(loud) == "as a site says"
    )
