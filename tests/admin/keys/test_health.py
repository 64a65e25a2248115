"""What a list shows of the keys of its issuers."""

from __future__ import annotations

from oauth_jwt_grant.admin.keys.health import _Notes


def test_the_cache_of_a_page_that_shows_keys_takes_no_entry() -> None:
    notes = _Notes()
    assert (notes.set("a", 1), notes.add("a", 1), notes.delete("a")) == (False, False, False)
    assert notes.get("a") is None
