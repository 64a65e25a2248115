"""Scopes and resources: never more than every party to the token allows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.rules import grant_resources, grant_scopes, resource_claim, scope_claim, split_scope

ONE, TWO, THREE = "https://api.example/one", "https://api.example/two", "urn:three"


def reason(call: Any, *args: Any, **kwargs: Any) -> Reason:
    with pytest.raises(AssertionRefused) as caught:
        call(*args, **kwargs)
    return caught.value.reason


class TestSplit:
    @pytest.mark.parametrize(
        ("text", "scopes"),
        [
            ("", []),
            ("   ", []),
            ("read", ["read"]),
            ("read write", ["read", "write"]),
            (" read  write ", ["read", "write"]),
            ("write read write", ["write", "read"]),
            ("Read read", ["Read", "read"]),
            ("https://api.example/x:y!#[]~", ["https://api.example/x:y!#[]~"]),
        ],
    )
    def test_read(self, text: str, scopes: list[str]) -> None:
        assert split_scope(text) == scopes

    @pytest.mark.parametrize(
        "text",
        [
            "a\tb",
            "a\nb",
            "a\u00a0b",
            'a"b',
            "a\\b",
            "é",
            "a\0",
            "read \x7f",
            "a\u2028b",
            "\ud800",
            "read,\u0430",
        ],
        ids=repr,
    )
    def test_characters_that_no_scope_has(self, text: str) -> None:
        assert reason(split_scope, text) is Reason.SCOPE

    @settings(max_examples=200, deadline=None)
    @given(st.text(st.one_of(st.sampled_from(' a"\\\t~!\x7f'), st.characters(codec=None)), max_size=20))
    def test_any_text(self, text: str) -> None:
        grammar = re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", text)
        if grammar is None:
            assert reason(split_scope, text) is Reason.SCOPE
        else:
            scopes = split_scope(text)
            assert set(scopes) == set(text.split())
            assert len(scopes) == len(set(scopes))


class TestScopeClaim:
    @pytest.mark.parametrize(
        ("claims", "scopes"),
        [
            ({}, None),
            ({"scope": ""}, []),
            ({"scope": "  "}, []),
            ({"scope": []}, []),
            ({"scope": "a b"}, ["a", "b"]),
            ({"scope": ["a", "b"]}, ["a", "b"]),
            ({"scp": "a"}, None),
        ],
    )
    def test_read(self, claims: dict[str, Any], scopes: list[str] | None) -> None:
        assert scope_claim(claims) == scopes

    @pytest.mark.standard("JAG-08")
    @pytest.mark.parametrize("name", ["scp", "/scp", "/extra/scp", "https://x.example/scp"])
    def test_the_claim_has_the_name_that_the_rule_says(self, name: str) -> None:
        claims = {"scope": "b", "scp": ["a"], "extra": {"scp": "a"}, "https://x.example/scp": "a"}
        assert scope_claim(claims, name) == ["a"]
        assert scope_claim({"scope": "b"}, name) is None

    @pytest.mark.parametrize("value", [None, 1, True, ["a", 1], [None], {"a": 1}], ids=repr)
    def test_anything_but_a_string(self, value: object) -> None:
        assert reason(scope_claim, {"scope": value}) is Reason.MALFORMED_CLAIM

    def test_characters_that_no_scope_has(self) -> None:
        assert reason(scope_claim, {"scope": 'a"b'}) is Reason.SCOPE


def granted(
    requested: str = "",
    claimed: str | None = None,
    ceiling: str = "a b c",
    default: str = "",
    available: str = "a b c d",
    dispensable: str = "",
) -> list[str]:
    return grant_scopes(
        requested=requested.split(),
        claimed=None if claimed is None else claimed.split(),
        ceiling=ceiling.split(),
        default=default.split(),
        available=available.split(),
        dispensable=dispensable.split(),
    )


class TestGrantScopes:
    @pytest.mark.parametrize(
        ("given_scopes", "scopes"),
        [
            ({}, "a b c"),
            ({"default": "b"}, "b"),
            ({"default": "d b"}, "b"),
            ({"requested": "a"}, "a"),
            ({"requested": "c a"}, "c a"),
            ({"requested": "a", "default": "b"}, "a"),
            ({"claimed": "a b"}, "a b"),
            ({"claimed": "a b", "default": "c"}, "a b"),
            ({"claimed": "a b", "requested": "b"}, "b"),
            ({"claimed": "a z", "requested": "a"}, "a"),
            ({"available": "b"}, "b"),
            ({"available": "b z", "default": "a b"}, "b"),
            ({"ceiling": "a"}, "a"),
            ({"claimed": "", "requested": ""}, None),
            ({"requested": "a x", "dispensable": "x y"}, "a"),
            ({"requested": "a c", "dispensable": "c x"}, "a c"),
            ({"requested": "c", "dispensable": "c x"}, "c"),
            ({"claimed": "a", "requested": "a c", "dispensable": "c"}, "a"),
        ],
        ids=repr,
    )
    def test_what_is_left_of_all(self, given_scopes: dict[str, str], scopes: str | None) -> None:
        if scopes is None:
            assert reason(granted, **given_scopes) is Reason.SCOPE
        else:
            assert granted(**given_scopes) == scopes.split()

    @pytest.mark.parametrize(
        "given_scopes",
        [
            {"requested": "d"},
            {"requested": "a d"},
            {"requested": "A"},
            {"requested": "a b c d"},
            {"requested": "a", "available": "b"},
            {"requested": "c", "claimed": "a b"},
            {"claimed": "d"},
            {"claimed": "a d"},
            {"claimed": "a b", "available": "a"},
            {"ceiling": ""},
            {"ceiling": "", "default": "a"},
            {"ceiling": "", "requested": "a"},
            {"available": ""},
            {"default": "d"},
            {"default": "d", "available": "d"},
            {"requested": "x y", "dispensable": "x y"},
        ],
        ids=repr,
    )
    def test_nothing_beyond_any_of_them(self, given_scopes: dict[str, str]) -> None:
        assert reason(granted, **given_scopes) is Reason.SCOPE

    def test_the_operator_is_told_which(self) -> None:
        with pytest.raises(AssertionRefused, match='not so "d", "e": the rule has "a", "b", "c"'):
            granted(requested="a d e")
        with pytest.raises(AssertionRefused, match="a scope must be left"):
            granted(ceiling="")

    @settings(max_examples=150, deadline=None)
    @given(*[st.lists(st.sampled_from("abcd"), max_size=3).map(" ".join)] * 5, st.booleans())
    def test_never_more_than_any_party_allows(
        self, requested: str, claimed: str, ceiling: str, default: str, available: str, bounded: bool
    ) -> None:
        try:
            scopes = granted(requested, claimed if bounded else None, ceiling, default, available)
        except AssertionRefused:
            return
        assert scopes
        assert set(scopes) <= set(ceiling.split()) & set(available.split())
        if bounded:
            assert set(scopes) <= set(claimed.split())
        if requested:
            assert scopes == requested.split()


class TestResources:
    @pytest.mark.parametrize(
        ("requested", "claimed", "allowed", "resources"),
        [
            ([], None, [], []),
            ([], None, [ONE, TWO], [ONE, TWO]),
            ([ONE], None, [ONE, TWO], [ONE]),
            ([TWO, ONE], None, [ONE, TWO], [TWO, ONE]),
            ([ONE, ONE], None, [ONE], [ONE]),
            ([], [ONE], [ONE, TWO], [ONE]),
            ([ONE], [ONE, THREE], [ONE, TWO], [ONE]),
        ],
    )
    def test_what_is_left_of_all(
        self, requested: list[str], claimed: list[str] | None, allowed: list[str], resources: list[str]
    ) -> None:
        assert grant_resources(requested=requested, claimed=claimed, allowed=allowed) == resources

    @pytest.mark.parametrize(
        ("requested", "claimed", "allowed"),
        [
            ([ONE], None, []),
            ([THREE], None, [ONE]),
            ([ONE, THREE], None, [ONE]),
            ([f"{ONE}/"], None, [ONE]),
            ([ONE.upper()], None, [ONE]),
            ([TWO], [ONE], [ONE, TWO]),
            ([], [THREE], [ONE]),
            ([], [ONE], []),
            ([ONE], [THREE], [ONE]),
        ],
    )
    def test_nothing_beyond_any_of_them(
        self, requested: list[str], claimed: list[str] | None, allowed: list[str]
    ) -> None:
        call = {"requested": requested, "claimed": claimed, "allowed": allowed}
        assert reason(grant_resources, **call) is Reason.RESOURCE

    @pytest.mark.parametrize(
        ("claims", "resources"),
        [({}, None), ({"resource": ONE}, [ONE]), ({"resource": [ONE, TWO]}, [ONE, TWO])],
        ids=["absent", "string", "list"],
    )
    def test_the_claim(self, claims: dict[str, Any], resources: list[str] | None) -> None:
        assert resource_claim(claims) == resources

    @pytest.mark.parametrize(
        "value", [None, "", [], 1, True, {}, [1], [ONE, ""], [ONE, None], [[ONE]]], ids=repr
    )
    def test_malformed(self, value: object) -> None:
        assert reason(resource_claim, {"resource": value}) is Reason.MALFORMED_CLAIM
