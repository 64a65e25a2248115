"""Characters that cannot be seen, as they come along when a URL is copied, by each way of configuration."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from oauth_jwt_grant.conf.settings import STRINGS
from oauth_jwt_grant.validators import validate_json, validate_strings
from tests.support import cases

UNSEEN = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u00a0", "\ud800", "\0", "\n"]


@cases("character", UNSEEN)
@cases("text", ["https://as.{}example.com", "{}https://a.example", "https://a.example{}"])
def test_no_list_of_strings_takes_them(text: str, character: str) -> None:
    spoiled = text.format(character)
    assert not STRINGS.accepts([spoiled])
    with pytest.raises(ValidationError):
        validate_strings([spoiled])


@pytest.mark.parametrize("text", ["https://as.example.com", "münchen", "a b", "\U0001f600"])
def test_what_can_be_seen_is_taken(text: str) -> None:
    assert STRINGS.accepts([text])
    validate_strings([text])


VALUES = [[float("inf")], ["\ud800"], ["\0"], [10**5000], [[[]] * 3], [1.5, None, {"a": "é"}]]


@cases("value", VALUES)
def test_what_each_database_stores_as_json(value: Any) -> None:
    if value in ([[[]] * 3], [1.5, None, {"a": "é"}]):
        validate_json(value)
        return
    with pytest.raises(ValidationError):
        validate_json(value)


def test_json_that_is_nested_too_deeply() -> None:
    value: Any = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(ValidationError):
        validate_json(value)
