"""Who was refused as unknown: a bounded list, which a cache that fails or lies does not break."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from oauth_jwt_grant.decision.unknown_issuers import _KEY, DAY, LONGEST, MOST, note_unknown, unknown_issuers

NOW = 1_800_000_000.0


def listed(now: float = NOW) -> dict[str, int]:
    return {entry.iss: entry.count for entry in unknown_issuers(now)}


def test_each_is_counted_and_the_latest_is_first() -> None:
    for at, iss in enumerate(["https://a", "https://b", "https://a"]):
        note_unknown(iss, NOW + at)
    assert list(listed(NOW + 9).items()) == [("https://a", 2), ("https://b", 1)]


def test_after_a_day_it_is_forgotten() -> None:
    note_unknown("https://a", NOW)
    note_unknown("https://b", NOW + 60)
    assert listed(NOW + DAY + 1) == {"https://b": 1}
    note_unknown("https://c", NOW + DAY + 1)
    assert set(listed(NOW + DAY + 2)) == {"https://b", "https://c"}


def test_made_up_names_do_not_push_out_one_that_comes_again() -> None:
    for at in range(2):
        note_unknown("https://real.example/", NOW + at)
    for at in range(500):
        note_unknown(f"https://made-up.example/{at}" + "x" * 1000, NOW + 10 + at)
    found = listed(NOW + 600)
    assert len(found) == MOST
    assert found["https://real.example/"] == 2
    assert max(map(len, found)) == LONGEST


@pytest.mark.parametrize("rubbish", [7, "text", [1], [("a",)], [("a", "b", "c")]], ids=repr)
def test_what_another_program_has_put_there_breaks_no_request(rubbish: Any) -> None:
    cache.set(_KEY, rubbish)
    note_unknown("https://a", NOW)


def test_a_cache_that_is_down_breaks_no_request(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.admin.broken_cache.BrokenCache"}}
    note_unknown("https://a", NOW)
    assert "cannot be written" in caplog.text
