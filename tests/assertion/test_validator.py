"""RFC 7523 section 3 as a whole: type, algorithm, key, signature, claims, in that order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oauth_jwt_grant.assertion import (
    ALGORITHMS,
    AssertionPolicy,
    KeysUnavailable,
    Reason,
    Step,
    VerifiedAssertion,
    validate,
)
from tests.factories import (
    AUDIENCE,
    DROP,
    ISSUER,
    NOW,
    Key,
    b64,
    default_claims,
    ec_key,
    jwk,
    key_for,
    mint,
    mint_hmac,
    rsa_key,
    unb64,
)

from .support import POLICY, candidates, check, parse, policy, public, refusal


def why(text: str, *keys: Any, **terms: Any) -> Reason:
    return refusal(check, text, *keys, terms=policy(**terms)).reason


def minted(**header: Any) -> str:
    return mint(ec_key(), now=NOW, header=header)


@pytest.mark.standard("JOSE-01")
def test_the_valid_baseline_passes() -> None:
    verified = check(mint(ec_key(), now=NOW, jti="x"))
    assert isinstance(verified, VerifiedAssertion)
    assert (verified.key_id, verified.thumbprint) == (ec_key().kid, public(ec_key()).thumbprint)
    assert verified.header["kid"] == ec_key().kid


class TestType:
    """RFC 8725 sections 3.11 and 3.12."""

    @pytest.mark.standard("TYP-02", "JOSE-30")
    @pytest.mark.parametrize("typ", [DROP, "JWT", "jwt", "application/jwt", "JOSE", "application/jose"])
    def test_plain_jwts(self, typ: object) -> None:
        assert check(minted(typ=typ)).issuer == ISSUER

    @pytest.mark.standard("TYP-01", "TYP-02", "TYP-03", "TYP-08", "TYP-09", "TYP-10", "TYP-11")
    @pytest.mark.parametrize(
        "typ",
        [
            "",
            "at+jwt",
            "application/at+jwt",
            "AT+JWT",
            "client-authentication+jwt",
            "logout+jwt",
            "secevent+jwt",
            "dpop+jwt",
            "oauth-authz-req+jwt",
            "token-introspection+jwt",
            "entity-statement+jwt",
            "resolve-response+jwt",
            "trust-mark+jwt",
            "oauth-id-jag+jwt",
            "authorization-grant+jwt",
            "kb+jwt",
            "JOSE+JSON",
            "JWT ",
            "text/jwt",
        ],
    )
    def test_other_kinds_of_jwt(self, typ: str) -> None:
        assert why(minted(typ=typ)) is Reason.WRONG_TYPE

    @pytest.mark.standard("TYP-12", "JOSE-30")
    @pytest.mark.parametrize("typ", ["oauth-id-jag+jwt", "OAUTH-ID-JAG+JWT", "application/oauth-id-jag+jwt"])
    def test_an_id_jag_where_that_is_wanted(self, typ: str) -> None:
        assert check(minted(typ=typ), terms=policy(id_jag=True)).issuer == ISSUER

    @pytest.mark.standard("TYP-12")
    @pytest.mark.parametrize("typ", [DROP, "JWT", "JOSE", "at+jwt", "id-jag+jwt"])
    def test_nothing_else_where_an_id_jag_is_wanted(self, typ: object) -> None:
        assert why(minted(typ=typ), id_jag=True) is Reason.WRONG_TYPE


class TestAlgorithm:
    """RFC 8725 section 3.1."""

    @pytest.mark.standard("JOSE-02", "JOSE-03", "JOSE-04")
    @pytest.mark.parametrize(
        "alg",
        ["none", "None", "NONE", "nOnE", "", "HS256", "rs256", "RS256 ", "es256", "XX", "ES256K", "RSA-OAEP"],
    )
    def test_what_no_issuer_may_use(self, alg: str) -> None:
        assert why(minted(alg=alg)) is Reason.ALGORITHM

    @pytest.mark.standard("JOSE-02")
    @pytest.mark.parametrize("alg", ["none", "None", "nOnE"])
    @pytest.mark.parametrize("signature", ["", "AA", b64(bytes(64))])
    def test_unsigned(self, alg: str, signature: str) -> None:
        text = f"{b64(json.dumps({'alg': alg}))}.{b64(json.dumps(default_claims(now=NOW)))}.{signature}"
        assert why(text) is (Reason.ALGORITHM if signature else Reason.MALFORMED)

    @pytest.mark.standard("JOSE-06")
    @pytest.mark.parametrize("alg", ALGORITHMS)
    def test_the_list_of_the_issuer_decides(self, alg: str) -> None:
        key = public(key_for(alg))
        text = mint(key_for(alg), alg=alg, now=NOW)
        assert check(text, key, terms=policy(algorithms=frozenset({alg}))).header["alg"] == alg
        assert why(text, key, algorithms=frozenset(ALGORITHMS) - {alg}) is Reason.ALGORITHM


class TestKey:
    @pytest.mark.standard("JOSE-27")
    @pytest.mark.parametrize("kid", ["other", "", "../../x", "' OR 1=1--", "EC-P-256"])
    def test_unknown_key_id(self, kid: str) -> None:
        assert why(minted(kid=kid)) is Reason.NO_SUCH_KEY

    @pytest.mark.standard("JOSE-29", "KEY-08")
    def test_without_a_key_id_each_fitting_key_is_tried(self) -> None:
        keys = [rsa_key(), ec_key("P-384"), ec_key("P-256", "old"), ec_key()]
        verified = check(minted(kid=DROP), *map(public, keys))
        assert verified.thumbprint == public(ec_key()).thumbprint

    @pytest.mark.standard("KEY-08")
    def test_of_keys_with_one_id_the_fitting_one(self) -> None:
        keys = [public(key, kid="same") for key in (rsa_key(), ec_key("P-384"), ec_key())]
        assert check(minted(kid="same"), *keys).thumbprint == public(ec_key()).thumbprint

    @pytest.mark.standard("KEY-01", "KEY-02", "JOSE-25")
    def test_the_key_of_somebody_else(self) -> None:
        attacker = ec_key("P-256", "attacker")
        for header in ({"kid": ec_key().kid}, {"kid": DROP}, {"kid": ec_key().kid, "jwk": jwk(attacker)}):
            assert why(mint(attacker, now=NOW, header=header)) is Reason.BAD_SIGNATURE
        assert why(mint(attacker, now=NOW)) is Reason.NO_SUCH_KEY

    @pytest.mark.standard("JOSE-08")
    def test_a_key_for_another_algorithm(self) -> None:
        text = mint(rsa_key(), alg="PS256", now=NOW)
        assert why(text, public(rsa_key(), alg="RS256")) is Reason.NO_SUCH_KEY
        assert check(text, public(rsa_key(), alg="PS256")).issuer == ISSUER

    @pytest.mark.standard("KEY-14")
    def test_keys_that_cannot_be_had(self) -> None:
        def unreachable(header: Any) -> list[Any]:
            raise KeysUnavailable("no route", retry_after=7)

        error = refusal(validate, parse(minted()), policy(), unreachable, now=NOW)
        assert isinstance(error, KeysUnavailable)
        assert (error.retry_after, error.answer.status) == (7, 503)

    def test_the_source_is_asked_with_the_header(self) -> None:
        asked: list[Any] = []

        def source(header: Any) -> list[Any]:
            asked.append(header)
            return [public(ec_key())]

        validate(parse(minted(foo=1)), policy(), source, now=NOW)
        assert asked == [{"alg": "ES256", "kid": "ec-P-256", "typ": "JWT", "foo": 1}]


class TestSignature:
    @pytest.mark.standard("JOSE-01")
    @pytest.mark.parametrize("key", [rsa_key, ec_key, lambda: key_for("EdDSA")], ids=["RSA", "EC", "OKP"])
    @pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
    def test_a_change_in_any_part(self, key: Any, part: int) -> None:
        parts = mint(key(), now=NOW, header={"foo": "a"}, foo="a").split(".")
        raw = unb64(parts[part])
        changed = raw.replace(b'"foo":"a"', b'"foo":"b"') if part < 2 else bytes([raw[0] ^ 1]) + raw[1:]
        assert changed != raw
        parts[part] = b64(changed)
        assert why(".".join(parts), public(key())) is Reason.BAD_SIGNATURE

    @pytest.mark.standard("JOSE-01")
    def test_the_signature_of_another_assertion(self) -> None:
        one, other = mint(ec_key(), now=NOW), mint(ec_key(), now=NOW, sub="admin")
        forged = other.rpartition(".")[0] + "." + one.rpartition(".")[2]
        assert why(forged) is Reason.BAD_SIGNATURE

    def test_the_bytes_are_signed_not_their_meaning(self) -> None:
        """The same claims in another spelling are another signing input."""
        header, claims, signature = mint(ec_key(), now=NOW).split(".")
        respelt = b64(json.dumps(json.loads(unb64(claims)), indent=1))
        assert why(f"{header}.{respelt}.{signature}") is Reason.BAD_SIGNATURE


#: The limit is a step only where the issuer has one.
EACH = [step for step in Step if step is not Step.ISSUED_AFTER]


class TestOrder:
    """Nothing is said of the claims before the signature has been verified."""

    @pytest.mark.standard("RPL-07")
    @pytest.mark.parametrize(
        "claims", [{"exp": 0}, {"aud": "x"}, {"sub": DROP}, {"jti": 5}, {"nonce": "x"}, {"cnf": {}}], ids=repr
    )
    def test_claims_come_last(self, claims: dict[str, Any]) -> None:
        forger = Key("ec-P-256", "ES256", ec_key("P-256", "forger").private)
        assert why(mint(forger, now=NOW, **claims)) is Reason.BAD_SIGNATURE

    def test_type_before_algorithm_before_key(self) -> None:
        assert why(minted(typ="at+jwt", alg="none", kid="x")) is Reason.WRONG_TYPE
        assert why(minted(alg="none", kid="x")) is Reason.ALGORITHM
        assert why(minted(kid="x")) is Reason.NO_SUCH_KEY

    @pytest.mark.parametrize(
        ("text", "last"),
        [
            (minted(typ="at+jwt"), Step.TYPE),
            (minted(alg="none"), Step.ALGORITHM),
            (minted(kid="x"), Step.KEY),
            (mint_hmac(b"x", header={"alg": "ES256"}, now=NOW), Step.SIGNATURE),
            (mint(ec_key(), now=NOW, iss="x"), Step.ISS),
            (mint(ec_key(), now=NOW, sub=""), Step.SUB),
            (mint(ec_key(), now=NOW, aud="x"), Step.AUD),
            (mint(ec_key(), now=NOW, exp=0), Step.EXP),
            (mint(ec_key(), now=NOW, exp=NOW + 86400), Step.LIFETIME),
            (mint(ec_key(), now=NOW, nbf=NOW + 86400), Step.NBF),
            (mint(ec_key(), now=NOW, iat=0), Step.IAT),
            (mint(ec_key(), now=NOW, jti=5), Step.JTI),
            (mint(ec_key(), now=NOW, nonce=""), Step.KIND),
            (mint(ec_key(), now=NOW, cnf=""), Step.CNF),
        ],
        ids=lambda value: str(value) if isinstance(value, Step) else "",
    )
    def test_the_last_step_announced_is_where_it_ended(self, text: str, last: Step) -> None:
        seen: list[tuple[Step, Any, Any]] = []
        refusal(check, text, watch=lambda *step: seen.append(step))
        assert seen[-1][0] is last
        steps = EACH
        first, end = steps.index(Step.TYPE), steps.index(last)
        assert [step for step, _, _ in seen] == steps[first : end + 1]

    def test_each_step_says_what_was_wanted_and_what_was_found(self) -> None:
        seen: dict[Step, tuple[Any, Any]] = {}
        check(mint(ec_key(), now=NOW, jti="x"), watch=lambda step, *values: seen.update({step: values}))
        assert list(seen) == EACH[EACH.index(Step.TYPE) : EACH.index(Step.CNF) + 1]
        assert seen[Step.TYPE] == (["(absent)", "jose", "jwt"], "jwt")
        assert seen[Step.ALGORITHM] == (sorted(ALGORITHMS), "ES256")
        assert seen[Step.KEY][1] == "ec-P-256"
        assert seen[Step.SIGNATURE][1] == ["ec-P-256"]
        assert seen[Step.AUD] == ([AUDIENCE, f"{AUDIENCE}/o/token/"], AUDIENCE)
        assert seen[Step.EXP] == (NOW - 30, NOW + 300)
        assert seen[Step.LIFETIME] == (NOW + 3630, NOW + 300)
        assert seen[Step.NBF] == (NOW + 30, None)
        assert seen[Step.IAT] == ([NOW - 3630, NOW + 30], NOW)
        assert seen[Step.JTI] == ("optional", "present")
        assert seen[Step.KIND][1] == []
        assert seen[Step.CNF] == ("absent", "absent")

    def test_a_key_without_an_id_is_shown_by_its_thumbprint(self) -> None:
        seen: dict[Step, tuple[Any, Any]] = {}
        key = public(ec_key(), kid=DROP)
        check(minted(kid=DROP), key, watch=lambda step, *values: seen.update({step: values}))
        assert (seen[Step.KEY][1], seen[Step.SIGNATURE][1]) == (None, [key.thumbprint])


class TestPolicy:
    def test_the_valid_baseline(self) -> None:
        assert AssertionPolicy(**POLICY).types == {None, "jwt", "jose"}

    @pytest.mark.standard("AUD-01", "JOSE-03", "JOSE-06", "JOSE-12")
    @pytest.mark.parametrize(
        "change",
        [
            {"issuer": ""},
            {"audiences": []},
            {"audiences": [""]},
            {"audiences": [AUDIENCE, ""]},
            {"algorithms": []},
            {"algorithms": ["none"]},
            {"algorithms": ["RS256", "HS256"]},
            {"algorithms": ["rs256"]},
            {"leeway": -1},
            {"max_lifetime": 0},
            {"max_lifetime": -1},
        ],
        ids=repr,
    )
    def test_terms_that_admit_everything_or_nothing(self, change: dict[str, Any]) -> None:
        # Lists: the order in a set's repr, and so the test's id, would differ between processes.
        change = {
            name: frozenset(value) if isinstance(value, list) else value for name, value in change.items()
        }
        with pytest.raises(ValueError, match=r"empty|no audience|no algorithm|out of range"):
            policy(**change)

    def test_terms_do_not_change(self) -> None:
        with pytest.raises(AttributeError):
            policy().leeway = 10**9  # type: ignore[misc]


def test_candidates_of_no_source_verify_nothing() -> None:
    assert refusal(validate, parse(minted()), policy(), candidates(), now=NOW).reason is Reason.NO_SUCH_KEY
