"""The claims of an ID-JAG beyond those of any assertion: tenants and authorization details."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_jwt_grant.assertion import AssertionRefused, Reason, VerifiedAssertion, subject_of
from oauth_jwt_grant.assertion.claims import MAX_STRING
from tests.factories import DROP, ISSUER, NOW, SUBJECT, ec_key, mint

from .support import check, check_claims, policy, refusal

NO_STRINGS = [None, 1, True, "", [], ["acme"], {"acme": 1}]


def check_id_jag(**claims: Any) -> VerifiedAssertion:
    terms = policy(id_jag=True, **claims.pop("terms", {}))
    return check(mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, now=NOW, **claims), terms=terms)


def refused(**claims: Any) -> tuple[Reason, str]:
    error: AssertionRefused = refusal(check_id_jag, **claims)
    return error.reason, error.name


class TestSubject:
    """ID-JAG sections 3.1 and 6.3."""

    @pytest.mark.standard("JAG-13", "SUB-01")
    @pytest.mark.parametrize(
        ("claims", "subject"),
        [
            ({}, SUBJECT),
            ({"tenant": "acme"}, "tenant:acme:alice"),
            ({"tenant": "ACME"}, "tenant:ACME:alice"),
            ({"tenant": "a:b"}, "tenant:a%3Ab:alice"),
            ({"tenant": "a%3Ab"}, "tenant:a%253Ab:alice"),
            ({"tenant": "acme", "sub": "x:y"}, "tenant:acme:x:y"),
            ({"tenant": "acme", "sub": "tenant:acme:alice"}, "tenant:acme:tenant:acme:alice"),
            ({"aud_tenant": "ours", "aud_sub": "al"}, SUBJECT),
        ],
    )
    def test_a_tenant_is_part_of_the_subject(self, claims: dict[str, Any], subject: str) -> None:
        assert check_id_jag(**claims).subject == subject

    @pytest.mark.standard("JAG-13")
    @given(*[st.tuples(st.none() | st.text(":%at", min_size=1), st.text(":%at", min_size=1))] * 2)
    @settings(max_examples=300, deadline=None)
    def test_no_two_look_alike(self, one: tuple[str | None, str], other: tuple[str | None, str]) -> None:
        for tenant, sub in (one, other):
            if tenant is None and sub.startswith("tenant:"):
                return
        keys = [
            subject_of({"sub": sub} if tenant is None else {"sub": sub, "tenant": tenant})
            for tenant, sub in (one, other)
        ]
        assert (keys[0] == keys[1]) == (one == other)

    @pytest.mark.standard("JAG-13")
    def test_no_subject_looks_like_one_in_a_tenant(self) -> None:
        assert refused(sub="tenant:acme:alice") == (Reason.MALFORMED_CLAIM, "sub")
        assert check_id_jag(sub="Tenant:acme:alice").subject == "Tenant:acme:alice"
        # It means nothing in a plain assertion.
        assert check_claims(sub="tenant:acme:alice", tenant="x").subject == "tenant:acme:alice"

    @pytest.mark.standard("JAG-13")
    @pytest.mark.parametrize("name", ["tenant", "aud_tenant"])
    @pytest.mark.parametrize("value", [*NO_STRINGS, "x" * (MAX_STRING + 1)], ids=lambda v: repr(v)[:12])
    def test_a_tenant_is_a_string(self, name: str, value: object) -> None:
        assert refused(**{name: value}) == (Reason.MALFORMED_CLAIM, name)

    def test_what_is_stored_fits_whole(self) -> None:
        longest = MAX_STRING - len("tenant:acme:")
        assert len(check_id_jag(tenant="acme", sub="x" * longest).subject) == MAX_STRING
        assert refused(tenant="acme", sub="x" * (longest + 1)) == (Reason.MALFORMED_CLAIM, "sub")

    @pytest.mark.standard("JAG-02")
    def test_the_issuer_never_stands_in_for_the_subject(self) -> None:
        fallback = {"subject_fallback": True}
        assert check_claims(policy(**fallback), sub=DROP).subject == ISSUER
        assert refused(sub=DROP, terms=fallback) == (Reason.MISSING_CLAIM, "sub")

    @pytest.mark.parametrize("value", [None, 1, ["alice"], {}, DROP])
    def test_of_what_has_not_been_checked(self, value: object) -> None:
        claims = {"tenant": "acme"} if value is DROP else {"tenant": "acme", "sub": value}
        assert subject_of(claims) == ""


class TestAuthorizationDetails:
    """ID-JAG section 4.4.1, RFC 9396 section 5."""

    @pytest.mark.standard("JAG-09", "JGC-14")
    @pytest.mark.parametrize("details", [[], [{}], [{"type": "chat_read", "actions": ["read"]}]])
    def test_they_are_refused_as_not_understood(self, details: object) -> None:
        assert refused(authorization_details=details) == (Reason.AUTHORIZATION_DETAILS, "")

    @pytest.mark.standard("JAG-09")
    @pytest.mark.parametrize("details", [None, 1, "[]", {}, {"type": "x"}, ["x"], [[]], [{}, None]], ids=repr)
    def test_malformed(self, details: object) -> None:
        assert refused(authorization_details=details) == (Reason.MALFORMED_CLAIM, "authorization_details")

    def test_in_a_plain_assertion_the_claim_means_nothing(self) -> None:
        assert check_claims(authorization_details=[{"type": "x"}]).subject == SUBJECT


@pytest.mark.standard("JAG-19", "JAG-22", "SUB-08")
@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "n", "at_hash": "h", "c_hash": "h"},
        {"auth_time": 1, "acr": "urn:mfa", "amr": ["mfa", "hwk"], "azp": "client", "email": "a@acme.example"},
        {"act": {"sub": "agent", "exp": 1}},
        {"sub_id": {"format": "saml-nameid", "issuer": "https://evil.example"}},
    ],
)
def test_what_an_id_token_may_have_is_no_fault_of_an_id_jag(claims: dict[str, Any]) -> None:
    found = check_id_jag(**claims)
    assert (found.subject, found.issuer) == (SUBJECT, ISSUER)
