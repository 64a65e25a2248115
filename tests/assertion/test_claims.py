"""RFC 7523 section 3, items 1 to 8: a table for each demand, each line one change away from a valid JWT."""

from __future__ import annotations

from typing import Any

import pytest

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.assertion.claims import CLAIM_CHECKS, LAST_DATE, MAX_STRING, numeric_date, string_claim
from tests.factories import AUDIENCE, DROP, ISSUER, NOW, SUBJECT, ec_key, mint, mint_raw

from .support import LEEWAY, MAX_LIFETIME, check, check_claims, parse, policy, refusal

NO_STRINGS = [None, True, False, 0, 5, 1.5, [], ["a"], {}, {"a": "b"}, ""]
NO_NUMBERS = [None, True, False, "", str(NOW + 60), [NOW + 60], {"at": NOW + 60}, [], {}]


def refused(**claims: Any) -> tuple[Reason, str]:
    error = refusal(check_claims, **claims)
    return error.reason, error.name


@pytest.mark.standard("CLM-08", "AUD-02", "RPL-01", "TIM-05", "JOSE-29")
def test_the_valid_baseline_passes() -> None:
    verified = check_claims(jti="abc")
    assert (verified.issuer, verified.subject, verified.jti) == (ISSUER, SUBJECT, "abc")
    assert verified.expires_at == NOW + 300
    assert verified.claims["aud"] == AUDIENCE


@pytest.mark.standard("RPL-01", "TIM-05")
@pytest.mark.parametrize("name", ["iat", "jti"])
def test_optional_claims_may_be_absent(name: str) -> None:
    assert name not in check_claims(**{name: DROP}).claims


@pytest.mark.standard("CLM-08")
@pytest.mark.parametrize(
    "extra",
    [
        {"foo": None},
        {"email": "a@b.example"},
        {"groups": ["a", 1]},
        {"https://x/": {"y": [{}]}},
        {"azp": "x"},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_claims_that_are_not_understood_are_ignored(extra: dict[str, Any]) -> None:
    assert check_claims(**extra).claims.items() >= extra.items()


class TestIssuer:
    """Item 1."""

    @pytest.mark.standard("CLM-01")
    def test_missing(self) -> None:
        assert refused(iss=DROP) == (Reason.MISSING_CLAIM, "iss")

    @pytest.mark.standard("CLM-03")
    @pytest.mark.parametrize("value", NO_STRINGS, ids=repr)
    def test_malformed(self, value: object) -> None:
        assert refused(iss=value) == (Reason.MALFORMED_CLAIM, "iss")

    @pytest.mark.standard("CLM-02", "KEY-01")
    @pytest.mark.parametrize(
        "other",
        [
            "https://issuer.example/",
            "https://ISSUER.example",
            "HTTPS://issuer.example",
            "https://issuer.example:443",
            "https://issuer%2Eexample",
            " https://issuer.example",
            "https://issuer.example ",
            "https://issuer.example.attacker.example",
            "https://issuer.exampl",
            "https://issuer\u200b.example",
        ],
    )
    def test_compared_character_by_character(self, other: str) -> None:
        assert refused(iss=other) == (Reason.UNKNOWN_ISSUER, "")

    @pytest.mark.standard("CLM-02")
    def test_unicode_is_not_normalised(self) -> None:
        terms = policy(issuer="caf\u00e9")
        assert check_claims(terms, iss="caf\u00e9").issuer == "caf\u00e9"
        assert refusal(check_claims, terms, iss="cafe\u0301").reason is Reason.UNKNOWN_ISSUER

    @pytest.mark.standard("TYP-13")
    def test_this_server_is_no_issuer_of_grants(self) -> None:
        terms = policy(audiences=frozenset({AUDIENCE, ISSUER}))
        assert refusal(check_claims, terms).reason is Reason.OWN_ISSUER


class TestSubject:
    """Item 2."""

    @pytest.mark.standard("CLM-04")
    def test_missing(self) -> None:
        assert refused(sub=DROP) == (Reason.MISSING_CLAIM, "sub")

    @pytest.mark.standard("CLM-03", "CLM-04")
    @pytest.mark.parametrize("value", [*NO_STRINGS, "x" * (MAX_STRING + 1)], ids=lambda v: repr(v)[:12])
    def test_malformed(self, value: object) -> None:
        assert refused(sub=value) == (Reason.MALFORMED_CLAIM, "sub")

    @pytest.mark.standard("CLM-11")
    @pytest.mark.parametrize(
        "value", ["a", "x" * MAX_STRING, "' OR 1=1--", "${jndi:x}", "é\U0001f511", " "], ids=repr
    )
    def test_any_other_string_is_taken_as_it_is(self, value: str) -> None:
        assert check_claims(sub=value).subject == value

    @pytest.mark.standard("CLM-04")
    def test_fallback_to_the_issuer_where_the_policy_says_so(self) -> None:
        assert check_claims(policy(subject_fallback=True), sub=DROP).subject == ISSUER

    @pytest.mark.standard("CLM-04")
    @pytest.mark.parametrize("value", NO_STRINGS, ids=repr)
    def test_the_fallback_is_for_an_absent_subject_alone(self, value: object) -> None:
        error = refusal(check_claims, policy(subject_fallback=True), sub=value)
        assert (error.reason, error.name) == (Reason.MALFORMED_CLAIM, "sub")

    def test_the_fallback_leaves_a_present_subject_alone(self) -> None:
        assert check_claims(policy(subject_fallback=True)).subject == SUBJECT


class TestAudience:
    """Item 3."""

    @pytest.mark.standard("AUD-01")
    def test_missing(self) -> None:
        assert refused(aud=DROP) == (Reason.MISSING_CLAIM, "aud")

    @pytest.mark.standard("AUD-06")
    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            7,
            {},
            {AUDIENCE: 1},
            "",
            [],
            [1],
            [[AUDIENCE]],
            [AUDIENCE, 1],
            [AUDIENCE, ""],
            [AUDIENCE, None],
        ],
        ids=repr,
    )
    def test_malformed(self, value: object) -> None:
        assert refused(aud=value) == (Reason.MALFORMED_CLAIM, "aud")

    @pytest.mark.standard("AUD-01", "AUD-05", "TYP-04", "TYP-05", "TYP-07")
    @pytest.mark.parametrize(
        "value",
        [
            "https://other.example",
            "https://AS.example.com",
            "https://as.example.com/",
            "https://as.example.com:443",
            "https://as.example.com/o/token",
            "https://as.example.co",
            "https://as.example.com.attacker.example",
            f"x {AUDIENCE}",
            f"{AUDIENCE} ",
            f"{AUDIENCE},https://other.example",
            ["https://other.example", "https://third.example"],
            ISSUER,
            "my-client-id",
            "*",
        ],
        ids=repr,
    )
    def test_foreign(self, value: object) -> None:
        assert refused(aud=value) == (Reason.AUDIENCE, "")

    @pytest.mark.standard("AUD-02", "AUD-03", "AUD-04", "AUD-07")
    @pytest.mark.parametrize(
        "value",
        [
            AUDIENCE,
            f"{AUDIENCE}/o/token/",
            [AUDIENCE],
            ["https://other.example", AUDIENCE],
            [AUDIENCE, AUDIENCE],
        ],
        ids=repr,
    )
    def test_accepted(self, value: object) -> None:
        assert check_claims(aud=value).claims["aud"] == value

    @pytest.mark.standard("AUD-07")
    def test_an_id_jag_names_one_audience(self) -> None:
        error = refusal(check_id_jag, aud=[AUDIENCE, "https://other.example"])
        assert error.reason is Reason.AUDIENCE
        assert check_id_jag(aud=[AUDIENCE]).subject == SUBJECT


class TestTime:
    """Items 4, 5 and 6."""

    @pytest.mark.standard("TIM-01")
    def test_expiry_missing(self) -> None:
        assert refused(exp=DROP) == (Reason.MISSING_CLAIM, "exp")

    @pytest.mark.standard("TIM-01", "TIM-07", "TIM-09", "CLM-09")
    @pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
    @pytest.mark.parametrize("value", [*NO_NUMBERS, -1, -1e300, 1e30, 10**18, LAST_DATE + 1], ids=repr)
    def test_malformed(self, name: str, value: object) -> None:
        assert refused(**{name: value}) == (Reason.MALFORMED_CLAIM, name)

    @pytest.mark.standard("TIM-02")
    @pytest.mark.parametrize(
        ("exp", "fine"),
        [
            (NOW - LEEWAY + 1, True),
            (NOW - LEEWAY + 0.5, True),
            (NOW - LEEWAY, False),
            (NOW - LEEWAY - 1, False),
            (0, False),
        ],
    )
    def test_expired_on_or_after_that_second(self, exp: float, fine: bool) -> None:
        assert outcome(exp=exp) == (None if fine else Reason.EXPIRED)

    @pytest.mark.standard("TIM-03", "TIM-08")
    @pytest.mark.parametrize("iat", [DROP, NOW, NOW - 60], ids=["no iat", "now", "a minute ago"])
    @pytest.mark.parametrize(
        ("exp", "fine"),
        [
            (NOW + MAX_LIFETIME, True),
            (NOW + MAX_LIFETIME + LEEWAY, True),
            (NOW + MAX_LIFETIME + LEEWAY + 0.5, False),
            (NOW + 10 * 365 * 86400, False),
            (NOW * 1000, False),
            (LAST_DATE, False),
        ],
    )
    def test_lifetime_is_counted_from_now(self, exp: float, fine: bool, iat: object) -> None:
        expected = None if fine else Reason.MALFORMED_CLAIM if exp > LAST_DATE else Reason.LIFETIME
        assert outcome(exp=exp, iat=iat) == expected

    @pytest.mark.standard("TIM-04")
    @pytest.mark.parametrize(
        ("nbf", "fine"), [(0, True), (NOW, True), (NOW + LEEWAY, True), (NOW + LEEWAY + 1, False)]
    )
    def test_not_before(self, nbf: float, fine: bool) -> None:
        assert outcome(nbf=nbf) == (None if fine else Reason.NOT_YET_VALID)

    @pytest.mark.standard("TIM-05", "TIM-06")
    @pytest.mark.parametrize(
        ("iat", "reason"),
        [
            (NOW + LEEWAY, None),
            (NOW + LEEWAY + 1, Reason.ISSUED_IN_FUTURE),
            (NOW - MAX_LIFETIME - LEEWAY, None),
            (NOW - MAX_LIFETIME - LEEWAY - 1, Reason.TOO_OLD),
            (0, Reason.TOO_OLD),
        ],
    )
    def test_issued_at(self, iat: float, reason: Reason | None) -> None:
        assert outcome(iat=iat) == reason

    @pytest.mark.parametrize(
        ("iat", "reason"),
        [
            (NOW - 60, None),
            (NOW - 60.5, Reason.ISSUED_BEFORE),
            (NOW - 61, Reason.ISSUED_BEFORE),
            (DROP, Reason.ISSUED_BEFORE),
            ("yesterday", Reason.MALFORMED_CLAIM),
        ],
    )
    def test_what_is_older_than_the_limit_of_the_issuer_is_refused(
        self, iat: Any, reason: Reason | None
    ) -> None:
        limited = policy(issued_after=NOW - 60)
        if reason is None:
            assert check_claims(limited, iat=iat).claims["iat"] == iat
        else:
            assert refusal(check_claims, limited, iat=iat).reason is reason

    @pytest.mark.standard("TIM-07")
    def test_dates_may_be_no_whole_numbers(self) -> None:
        assert check_claims(exp=NOW + 60.25, nbf=NOW - 0.5, iat=NOW - 0.75).expires_at == NOW + 60.25

    @pytest.mark.standard("TIM-07")
    def test_dates_may_be_written_with_an_exponent(self) -> None:
        payload = f'{{"iss":"{ISSUER}","sub":"a","aud":"{AUDIENCE}","exp":18000001e2}}'
        assert check(mint_raw(ec_key(), '{"alg":"ES256"}', payload)).expires_at == 1_800_000_100

    @pytest.mark.standard("TIM-02")
    def test_leeway_and_lifetime_are_the_issuers(self) -> None:
        strict = policy(leeway=0, max_lifetime=60)
        assert check_claims(strict, exp=NOW + 60).expires_at == NOW + 60
        for change, reason in [
            ({"exp": NOW}, Reason.EXPIRED),
            ({"exp": NOW + 61}, Reason.LIFETIME),
            ({"exp": NOW + 60, "nbf": NOW + 1}, Reason.NOT_YET_VALID),
            ({"exp": NOW + 60, "iat": NOW - 61}, Reason.TOO_OLD),
        ]:
            assert refusal(check_claims, strict, **change).reason is reason

    @pytest.mark.standard("TIM-05")
    def test_an_id_jag_says_when_it_was_issued(self) -> None:
        error = refusal(check_id_jag, iat=DROP)
        assert (error.reason, error.name) == (Reason.MISSING_CLAIM, "iat")


class TestJwtId:
    """Item 7."""

    @pytest.mark.standard("CLM-10")
    @pytest.mark.parametrize("value", NO_STRINGS, ids=lambda v: repr(v)[:12])
    def test_malformed(self, value: object) -> None:
        assert refused(jti=value) == (Reason.MALFORMED_CLAIM, "jti")

    def test_any_length(self) -> None:
        assert check_claims(policy(), jti="x" * 10_000).jti == "x" * 10_000

    @pytest.mark.standard("RPL-08")
    def test_required_by_policy(self) -> None:
        error = refusal(check_claims, policy(require_jti=True), jti=DROP)
        assert (error.reason, error.name) == (Reason.MISSING_CLAIM, "jti")
        assert check_claims(policy(require_jti=True), jti="1").jti == "1"

    @pytest.mark.standard("RPL-08")
    def test_required_of_an_id_jag(self) -> None:
        error = refusal(check_id_jag, jti=DROP)
        assert (error.reason, error.name) == (Reason.MISSING_CLAIM, "jti")


class TestKind:
    """RFC 8725 section 3.12."""

    @pytest.mark.standard("TYP-01", "TYP-06")
    @pytest.mark.parametrize("name", ["nonce", "at_hash", "c_hash"])
    @pytest.mark.parametrize("value", ["x", "", None, 1])
    def test_id_tokens_are_refused(self, name: str, value: object) -> None:
        assert refused(**{name: value}) == (Reason.ID_TOKEN, name)

    @pytest.mark.standard("TYP-01")
    @pytest.mark.parametrize("value", [{"jkt": "x"}, {"x5t#S256": "x"}, {}, None], ids=repr)
    def test_a_key_bound_jwt_is_no_bearer_assertion(self, value: object) -> None:
        assert refused(cnf=value) == (Reason.SENDER_CONSTRAINED, "")

    @pytest.mark.standard("TYP-01")
    @pytest.mark.parametrize(
        ("cnf", "reason"),
        [
            ({"jkt": "other"}, Reason.PROOF_KEY),
            ({"jkt": "proven", "x5t#S256": "x"}, Reason.SENDER_CONSTRAINED),
            ({"jwk": {"kty": "EC"}}, Reason.SENDER_CONSTRAINED),
            (["jkt"], Reason.SENDER_CONSTRAINED),
        ],
    )
    def test_with_a_proof_only_its_key_and_nothing_else_may_be_named(self, cnf: Any, reason: Reason) -> None:
        terms = policy(dpop=True, proof_key="proven")
        assert check_claims(terms, cnf={"jkt": "proven"}).claims["cnf"] == {"jkt": "proven"}
        assert refusal(check_claims, terms, cnf=cnf).reason is reason


def test_the_first_demand_that_fails_is_the_one_that_is_named() -> None:
    """Each rule is reached only if all before it have passed."""
    wrong: dict[str, Any] = {
        "cnf": {},
        "nonce": "x",
        "jti": 1,
        "iat": 0,
        "nbf": LAST_DATE,
        "exp": 0,
        "aud": "x",
    }
    order = []
    while True:
        reason = outcome(**wrong)
        if reason is None:
            break
        order.append(reason)
        wrong.pop(list(wrong)[-1])
    assert order == [
        Reason.AUDIENCE,
        Reason.EXPIRED,
        Reason.NOT_YET_VALID,
        Reason.TOO_OLD,
        Reason.MALFORMED_CLAIM,
        Reason.ID_TOKEN,
        Reason.SENDER_CONSTRAINED,
    ]


def test_every_rule_names_its_source() -> None:
    assert all("RFC" in (rule.__doc__ or "") for rule in CLAIM_CHECKS)


@pytest.mark.standard("TIM-09")
@pytest.mark.parametrize(
    "value",
    [float("inf"), float("-inf"), float("nan"), 10**5000, -(10**5000)],
    ids=["inf", "-inf", "nan", "huge", "-huge"],
)
def test_numeric_date_stands_on_its_own(value: float) -> None:
    """Not even numbers that the reader lets nobody write become a date or an unexpected error."""
    with pytest.raises(AssertionRefused) as caught:
        numeric_date({"exp": value}, "exp")
    assert caught.value.reason is Reason.MALFORMED_CLAIM


def test_an_absent_date_that_is_not_required_is_still_no_date() -> None:
    assert refusal(numeric_date, {}, "exp").reason is Reason.MALFORMED_CLAIM
    assert string_claim({}, "jti") is None


def test_the_time_is_what_the_caller_says() -> None:
    text = mint(ec_key(), now=NOW)
    assert check(text, now=NOW + 329).expires_at == NOW + 300
    assert refusal(check, text, now=NOW + 330).reason is Reason.EXPIRED
    assert refusal(check, text, now=NOW - 31).reason is Reason.ISSUED_IN_FUTURE
    assert parse(text).claims["exp"] == NOW + 300


def outcome(**claims: Any) -> Reason | None:
    try:
        check_claims(**claims)
    except AssertionRefused as error:
        return error.reason
    return None


def check_id_jag(**claims: Any) -> Any:
    text = mint(ec_key(), header={"typ": "oauth-id-jag+jwt"}, now=NOW, **claims)
    return check(text, terms=policy(id_jag=True))
