"""Which claim names the person, and how that person is written."""

from __future__ import annotations

from typing import Any

import pytest

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.rules import check_sub, is_by_sub, subject_by_claim, subject_claim
from tests.support import cases

ISS = "https://idp.example"
ISS_SUB = {"format": "iss_sub", "iss": ISS, "sub": "alice"}
SAML = {"format": "saml-nameid", "issuer": "https://saml.example", "nameid": "alice"}
SAML_PIN = ("/sub_id/issuer",)


@pytest.mark.standard("JAG-14")
@cases(
    ("name", "claims", "pinned"),
    [
        ("oid", {"oid": "alice"}, ()),
        ("/ext/id", {"ext": {"id": "alice"}}, ()),
        ("email", {"email": "alice", "email_verified": True}, ()),
        ("/email", {"email": "alice", "email_verified": True}, ()),
        ("sub_id", {"sub_id": ISS_SUB}, ()),
        ("/sub_id", {"sub_id": ISS_SUB}, ()),
        ("/sub_id/nameid", {"sub_id": SAML}, SAML_PIN),
    ],
)
def test_a_claim_names_the_person(name: str, claims: dict[str, Any], pinned: tuple[str, ...]) -> None:
    assert subject_claim({"iss": ISS, **claims}, name, pinned) == "alice"


@pytest.mark.standard("JAG-15", "JAG-17", "JGC-12", "JGC-13", "SUB-02")
@cases(
    ("name", "claims", "pinned", "detail"),
    [
        ("oid", {}, (), "oid must be a string that is not empty; the JWT does not have it"),
        ("oid", {"oid": ""}, (), "not empty"),
        ("oid", {"oid": 7}, (), "the JWT has the number 7"),
        ("oid", {"oid": ["alice"]}, (), "not empty"),
        ("email", {"email": "alice"}, (), "email_verified must be true"),
        ("/email", {"email": "alice"}, (), "email_verified must be true"),
        ("email", {"email": "alice", "email_verified": "true"}, (), "email_verified must be true"),
        ("email", {"email": "alice", "email_verified": 1}, (), "email_verified must be true"),
        ("sub_id", {}, (), "sub_id must be an object with the format iss_sub"),
        ("sub_id", {"sub_id": "alice"}, (), "sub_id must be an object"),
        ("sub_id", {"sub_id": SAML}, SAML_PIN, "format iss_sub"),
        ("sub_id", {"sub_id": ISS_SUB | {"format": "email"}}, (), "format iss_sub"),
        ("sub_id", {"sub_id": ISS_SUB | {"iss": f"{ISS}/"}}, (), "iss of sub_id must equal"),
        ("sub_id", {"sub_id": {"format": "iss_sub", "sub": "alice"}}, (), "iss of sub_id must equal"),
        ("sub_id", {"sub_id": {"format": "iss_sub", "iss": ISS}}, (), "sub_id must be a string"),
        ("/sub_id/nameid", {"sub_id": SAML}, (), "a condition equals on /sub_id/issuer"),
        ("/sub_id/nameid", {"sub_id": SAML | {"iss": "x"}}, SAML_PIN, "on /sub_id/iss and /sub_id/issuer"),
        ("/sub_id/nameid", {"sub_id": {"nameid": "alice"}}, SAML_PIN, "on /sub_id/issuer"),
        ("/sub_id/sub", {"sub_id": ISS_SUB}, SAML_PIN, "on /sub_id/iss"),
        ("/sub_id/0", {"sub_id": ["alice"]}, SAML_PIN, "on /sub_id/issuer"),
        ("/sub_id/sub", {}, (), "on /sub_id/issuer"),
    ],
)
def test_nobody_is_named(name: str, claims: dict[str, Any], pinned: tuple[str, ...], detail: str) -> None:
    with pytest.raises(AssertionRefused) as caught:
        subject_claim({"iss": ISS, **claims}, name, pinned)
    assert caught.value.reason is Reason.UNKNOWN_SUBJECT
    assert detail in caught.value.detail


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("oid", "claim:oid:a:b"),
        ("/oid", "claim:oid:a:b"),
        ("/ext/id", "claim:/ext/id:a:b"),
        ("https://acme.example/id%", "claim:https%3A//acme.example/id%25:a:b"),
    ],
)
def test_how_the_person_is_written(name: str, written: str) -> None:
    assert subject_by_claim(name, "a:b") == written


def test_a_sub_never_looks_like_a_person_by_another_claim() -> None:
    with pytest.raises(AssertionRefused, match="must not begin with claim:"):
        check_sub({"sub": subject_by_claim("oid", "alice")})
    for claims in ({"sub": "alice"}, {"sub": "claims:oid:alice"}, {"sub": 1}, {}):
        check_sub(claims)


@pytest.mark.parametrize(
    ("name", "by_sub"), [("", True), ("sub", True), ("/sub", True), ("oid", False), ("/sub/id", False)]
)
def test_sub_unless_another_claim_is_named(name: str, by_sub: bool) -> None:
    assert is_by_sub(name) is by_sub
