"""Reading the posted text: RFC 7519 section 7.2 and RFC 7515 section 5.2."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from oauth_jwt_grant.assertion import Reason, Step, UnverifiedAssertion
from oauth_jwt_grant.assertion.tokens import media_type
from tests.factories import (
    DROP,
    ISSUER,
    NOW,
    b64,
    default_claims,
    ec_key,
    jwk,
    mint,
    mint_raw,
    rsa_key,
    unb64,
)

from .support import MAX_LENGTH, check, parse, policy, public, refusal

HEADER = b64('{"alg":"ES256"}')
CLAIMS = b64(f'{{"iss":"{ISSUER}"}}')
SIGNATURE = b64(bytes(64))
PLAIN = f"{HEADER}.{CLAIMS}.{SIGNATURE}"


def reason(text: str) -> Reason:
    return refusal(parse, text).reason


def with_header(text: str | bytes) -> str:
    return mint_raw(ec_key(), text, json.dumps(default_claims(now=NOW)))


def with_claims(text: str | bytes) -> str:
    return mint_raw(ec_key(), '{"alg":"ES256"}', text)


def test_the_valid_baseline_is_read() -> None:
    assertion = parse(mint(ec_key(), now=NOW, jti="x"))
    assert (assertion.alg, assertion.kid, assertion.typ) == ("ES256", "ec-P-256", "jwt")
    assert assertion.issuer == ISSUER
    assert assertion.claims == default_claims(now=NOW, jti="x")
    assert len(assertion.signature) == 64
    assert assertion.signing_input.count(b".") == 1


def test_a_bare_header_is_enough() -> None:
    assertion = parse(PLAIN)
    assert (assertion.kid, assertion.typ) == (None, None)


def test_representations_hold_no_signature() -> None:
    text = mint(ec_key(), now=NOW)
    assertion, verified = parse(text), check(text)
    assert text.rsplit(".", 1)[1] not in repr(assertion)
    assert repr(assertion.signature) not in repr(assertion)
    assert text.split(".")[0] not in repr(assertion)
    assert verified.signing_input_digest not in repr(verified)


class TestParts:
    @pytest.mark.standard("JOSE-15", "JOSE-16", "JOSE-31", "JOSE-32", "REQ-12")
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="nothing"),
            pytest.param(".", id="one dot"),
            pytest.param("..", id="two dots"),
            pytest.param("....", id="four dots"),
            pytest.param("foo", id="one part"),
            pytest.param(f"{HEADER}.{CLAIMS}", id="two parts"),
            pytest.param(f"{PLAIN}.{SIGNATURE}", id="four parts"),
            pytest.param(f"{PLAIN}.AAAA.AAAA", id="five parts: encrypted"),
            pytest.param(f"{PLAIN}.", id="dot at the end"),
            pytest.param(f".{PLAIN}", id="dot at the beginning"),
            pytest.param(f"{HEADER}..{SIGNATURE}", id="no claims: detached"),
            pytest.param(f".{CLAIMS}.{SIGNATURE}", id="no header"),
            pytest.param(f"{PLAIN},{PLAIN}", id="two with a comma"),
            pytest.param(f"{PLAIN} {PLAIN}", id="two with a space"),
            pytest.param(f"{PLAIN}\n{PLAIN}", id="two with a line break"),
            pytest.param(f"Bearer {PLAIN}", id="with a scheme"),
            pytest.param(f'"{PLAIN}"', id="in quotes"),
            pytest.param(
                json.dumps({"payload": CLAIMS, "protected": HEADER, "signature": SIGNATURE}),
                id="flattened JSON",
            ),
            pytest.param(
                json.dumps(
                    {"payload": CLAIMS, "signatures": [{"protected": HEADER, "signature": SIGNATURE}]}
                ),
                id="general JSON",
            ),
            pytest.param(json.dumps({"payload": CLAIMS, "x": "a.b"}), id="JSON with dots"),
        ],
    )
    def test_three_parts_and_nothing_else(self, text: str) -> None:
        assert reason(text) is Reason.MALFORMED

    def test_the_operator_is_told_of_an_encrypted_jwt(self) -> None:
        assert refusal(parse, f"{PLAIN}.AAAA.AAAA").detail == "five parts: an encrypted JWT"
        assert refusal(parse, f"{PLAIN}.AAAA").detail == "4 parts instead of three"

    @pytest.mark.standard("JOSE-02")
    def test_an_empty_signature_is_none(self) -> None:
        assert reason(f"{HEADER}.{CLAIMS}.") is Reason.MALFORMED

    @pytest.mark.standard("JOSE-15")
    @pytest.mark.parametrize("index", [0, 1, 2])
    @pytest.mark.parametrize(
        "spoil",
        [
            pytest.param(lambda part: part + "=" * (-len(part) % 4 or 4), id="padded"),
            pytest.param(lambda part: part + "\n", id="line break after"),
            pytest.param(lambda part: "\n" + part, id="line break before"),
            pytest.param(lambda part: part[:4] + " " + part[4:], id="space within"),
            pytest.param(lambda part: part[:4] + "\r\n" + part[4:], id="folded"),
            pytest.param(lambda part: part[:4] + "+" + part[5:], id="plus"),
            pytest.param(lambda part: part[:4] + "/" + part[5:], id="slash"),
            pytest.param(lambda part: part[:4] + "!" + part[4:], id="other character"),
            pytest.param(lambda part: part[:4] + "\0" + part[4:], id="NUL"),
            pytest.param(lambda part: part[:4] + "\u0430" + part[5:], id="Cyrillic"),
            pytest.param(lambda part: part[:4] + "\ud800" + part[5:], id="lone surrogate"),
            pytest.param(lambda part: part[: len(part) // 4 * 4] + "A", id="impossible length"),
            pytest.param(
                lambda part: part.replace("A", "%41", 1) if "A" in part else part + "%", id="escaped"
            ),
        ],
    )
    def test_strict_base64url(self, index: int, spoil: Any) -> None:
        parts = PLAIN.split(".")
        parts[index] = spoil(parts[index])
        assert reason(".".join(parts)) is Reason.MALFORMED

    @pytest.mark.standard("JOSE-15")
    @pytest.mark.parametrize("index", [0, 1, 2])
    def test_spare_bits_give_no_second_spelling(self, index: int) -> None:
        """The last character of a part may hold bits that decode to nothing."""
        texts = ['{"alg":"ES256"}', f'{{"iss":"{ISSUER}"}}', "x" * 64]
        texts[index] += " " * ((1 - len(texts[index])) % 3) if index < 2 else ""
        parts = [b64(text) for text in texts]
        assert parse(".".join(parts)).issuer == ISSUER
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        twin = parts[index][:-1] + alphabet[alphabet.index(parts[index][-1]) + 1]
        assert unb64(twin) == unb64(parts[index])
        parts[index] = twin
        assert reason(".".join(parts)) is Reason.MALFORMED


class TestLength:
    def test_counted_before_anything_is_read(self) -> None:
        assert refusal(UnverifiedAssertion.parse, "x" * 11, 10).reason is Reason.TOO_LONG
        assert refusal(UnverifiedAssertion.parse, "x" * 10, 10).reason is Reason.MALFORMED

    def test_the_longest_is_read(self) -> None:
        text = mint(ec_key(), now=NOW)
        assert UnverifiedAssertion.parse(text, len(text)).issuer == ISSUER
        assert refusal(UnverifiedAssertion.parse, text, len(text) - 1).reason is Reason.TOO_LONG


class TestJson:
    """What :mod:`strict_json` refuses, a JWT may not hold in either part."""

    TEXTS = (
        pytest.param(b"[]", id="array"),
        pytest.param(b'"x"', id="string"),
        pytest.param(b"{}x", id="text after"),
        pytest.param(b'{"alg":"ES256","iss":"a","x":NaN}', id="NaN"),
        pytest.param(b'{"alg":"ES256","iss":"a","exp":1e400}', id="1e400"),
        pytest.param(b'{"alg":"ES256","iss":"a","exp":1' + b"0" * 5000 + b"}", id="10**5000"),
        pytest.param(b'\xef\xbb\xbf{"alg":"ES256","iss":"a"}', id="byte order mark"),
        pytest.param('{"alg":"ES256","iss":"a"}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"alg":"ES256","iss":"a"}'.encode("utf-16-le"), id="UTF-16 unmarked"),
        pytest.param(b'{"alg":"ES256","iss":"a","iss":"b","alg":"ES256"}', id="repeated name"),
        pytest.param(b'{"alg":"ES256","iss":"a","x":{"y":1,"y":1}}', id="repeated name below"),
        pytest.param(b'{"alg":"ES256","iss":"a","x":"\\u0000"}', id="NUL"),
        pytest.param(b'{"alg":"ES256","iss":"a","x":"\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"alg":"ES256","iss":"a","x":' + b"[" * 6000 + b"]" * 6000 + b"}", id="6000 deep"),
    )

    @pytest.mark.standard("JOSE-17", "JOSE-18", "JOSE-19")
    @pytest.mark.parametrize("text", TEXTS)
    def test_in_the_header(self, text: bytes) -> None:
        error = refusal(UnverifiedAssertion.parse, with_header(text), 10**6)
        assert (error.reason, error.detail.startswith("the header: ")) == (Reason.MALFORMED, True)

    @pytest.mark.standard("JOSE-17", "JOSE-18", "JOSE-20", "TIM-09")
    @pytest.mark.parametrize("text", TEXTS)
    def test_in_the_claims(self, text: bytes) -> None:
        error = refusal(UnverifiedAssertion.parse, with_claims(text), 10**6)
        assert (error.reason, error.detail.startswith("the claims: ")) == (Reason.MALFORMED, True)

    def test_without_them_both_are_read(self) -> None:
        assert parse(with_header('{"alg":"ES256","iss":"a"}')).alg == "ES256"
        assert parse(with_claims('{"alg":"ES256","iss":"a"}')).issuer == "a"

    def test_the_default_limit_stops_the_deepest_before_they_are_read(self) -> None:
        assert reason(with_claims(b'{"iss":' + b"[" * 6000 + b"]" * 6000 + b"}")) is Reason.MALFORMED
        assert reason(with_claims(b"[" * MAX_LENGTH)) is Reason.TOO_LONG


class TestHeader:
    @pytest.mark.standard("JOSE-04", "JOSE-28")
    @pytest.mark.parametrize(
        ("name", "value"),
        [("alg", value) for value in (DROP, None, 5, True, ["ES256"], {})]
        + [("kid", value) for value in (None, 5, 1.5, False, ["x"], {"kid": "x"})]
        + [("typ", value) for value in (None, 5, ["JWT"], {})]
        + [("cty", value) for value in (None, 5, ["x"], {})],
    )
    def test_members_of_a_wrong_type(self, name: str, value: object) -> None:
        assert reason(mint(ec_key(), now=NOW, header={name: value})) is Reason.MALFORMED

    @pytest.mark.standard("JOSE-35")
    @pytest.mark.parametrize("value", ["JWT", "jwt", "Jwt", "application/jwt", "APPLICATION/JWT"])
    def test_a_nested_jwt_is_refused(self, value: str) -> None:
        assert reason(mint(ec_key(), now=NOW, header={"cty": value})) is Reason.MALFORMED

    @pytest.mark.standard("JOSE-35")
    @pytest.mark.parametrize("value", ["", "json", "application/json", "text/jwt", "application/jwt/x"])
    def test_other_content_types_say_nothing(self, value: str) -> None:
        assert check(mint(ec_key(), now=NOW, header={"cty": value})).issuer == ISSUER

    @pytest.mark.standard("JOSE-21", "JOSE-22", "JOSE-23")
    @pytest.mark.parametrize(
        "header",
        [
            {"crit": []},
            {"crit": None},
            {"crit": "exp"},
            {"crit": {}},
            {"crit": ["exp"], "exp": 1},
            {"crit": ["alg"]},
            {"crit": ["kid", "kid"]},
            {"crit": ["nowhere"]},
            {"crit": [1]},
            {"crit": ["b64"], "b64": True},
            {"crit": ["b64"], "b64": False},
            {"b64": False},
            {"b64": 1},
            {"b64": None},
            {"b64": "true"},
        ],
        ids=repr,
    )
    def test_nothing_may_be_critical(self, header: dict[str, Any]) -> None:
        assert reason(mint(ec_key(), now=NOW, header=header)) is Reason.CRITICAL_HEADER

    @pytest.mark.standard("JOSE-23", "JOSE-24", "JOSE-25", "JOSE-26")
    @pytest.mark.parametrize(
        "header",
        [
            {"b64": True},
            {"foo": {"bar": [1]}},
            {"CRIT": ["x"]},
            {"jwk": {"kty": "oct", "k": "AA"}},
            {"jku": "http://127.0.0.1:1/jwks"},
            {"x5u": "http://127.0.0.1:1/cert"},
            {"x5c": ["AA"]},
            {"x5t": 5},
            {"iss": "https://other.example", "exp": 0},
            {"kid": "../../etc/passwd"},
            {"kid": "' OR 1=1--"},
            {"kid": ""},
        ],
        ids=repr,
    )
    def test_what_is_not_understood_is_ignored(self, header: dict[str, Any]) -> None:
        assertion = parse(mint(ec_key(), now=NOW, header=header))
        assert assertion.issuer == ISSUER
        assert assertion.header.items() >= header.items()

    @pytest.mark.standard("JOSE-25")
    def test_a_key_in_the_header_verifies_nothing(self) -> None:
        attacker = ec_key("P-256", "attacker")
        for header in ({"jwk": jwk(attacker), "kid": DROP}, {"jwk": jwk(attacker), "kid": ec_key().kid}):
            text = mint(attacker, now=NOW, header=header)
            assert refusal(check, text).reason is Reason.BAD_SIGNATURE

    @pytest.mark.standard("JOSE-30")
    @pytest.mark.parametrize(
        ("value", "normal"),
        [
            ("JWT", "jwt"),
            ("application/JWT", "jwt"),
            ("APPLICATION/oauth-ID-JAG+jwt", "oauth-id-jag+jwt"),
            ("at+jwt", "at+jwt"),
            ("text/jwt", "text/jwt"),
            ("application/a/b", "application/a/b"),
            ("application/", ""),
            ("", ""),
        ],
    )
    def test_media_types(self, value: str, normal: str) -> None:
        assert media_type(value) == normal
        assert parse(mint(ec_key(), now=NOW, header={"typ": value})).typ == normal


class TestSteps:
    """What an operator sees of the reading: the last step announced is where it ended."""

    @pytest.mark.parametrize(
        ("text", "last"),
        [
            ("x" * (MAX_LENGTH + 1), Step.LENGTH),
            ("x", Step.FORM),
            (mint(ec_key(), now=NOW, header={"crit": []}), Step.CRITICAL),
            (mint(ec_key(), now=NOW, iss=DROP), Step.CRITICAL),
        ],
        ids=["length", "form", "crit", "iss"],
    )
    def test_the_last_step(self, text: str, last: Step) -> None:
        steps: list[Step] = []
        refusal(UnverifiedAssertion.parse, text, MAX_LENGTH, lambda step, wanted, found: steps.append(step))
        assert steps[-1] is last
        assert steps == [Step.LENGTH, Step.FORM, Step.CRITICAL][: len(steps)]


@pytest.mark.standard("RPL-05", "RPL-07")
class TestReplayKey:
    def key(self, text: str, **terms: Any) -> str:
        keys = [public(ec_key()), public(rsa_key())]
        return check(text, *keys, terms=policy(**terms)).replay_key

    def test_one_jti_is_one_key_whatever_else_differs(self) -> None:
        one = self.key(mint(ec_key(), now=NOW, jti="x", sub="alice"))
        other = self.key(mint(rsa_key(), now=NOW, jti="x", sub="bob", exp=NOW + 7))
        assert one == other
        assert len(one) == 64

    def test_another_jti_is_another_key(self) -> None:
        keys = {self.key(mint(ec_key(), now=NOW, jti=jti)) for jti in ("x", "X", "x ", "é", "e\u0301")}
        assert len(keys) == 5

    def test_the_same_jti_of_another_issuer_is_another_key(self) -> None:
        other = "https://other.example"
        text = mint(ec_key(), now=NOW, jti="x", iss=other)
        assert self.key(text, issuer=other) != self.key(mint(ec_key(), now=NOW, jti="x"))

    def test_without_a_jti_the_signing_input_counts(self) -> None:
        text = mint(ec_key(), now=NOW, jti=DROP)
        assert self.key(text) == self.key(text)
        assert self.key(text) != self.key(mint(ec_key(), now=NOW, jti=DROP, sub="bob"))

    def test_a_second_valid_signature_is_no_second_use(self) -> None:
        """ECDSA: with (r, s) also (r, order - s) is a signature, and anybody can compute it."""
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        text = mint(ec_key(), now=NOW, jti=DROP)
        signing_input, _, signature = text.rpartition(".")
        raw = unb64(signature)
        twin = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
        forged = f"{signing_input}.{base64.urlsafe_b64encode(twin).rstrip(b'=').decode()}"
        assert forged != text
        assert self.key(forged) == self.key(text)

    def test_a_jti_cannot_pose_as_a_signing_input(self) -> None:
        bare = check(mint(ec_key(), now=NOW, jti=DROP))
        posed = check(mint(ec_key(), now=NOW, jti=bare.signing_input_digest))
        assert bare.replay_key != posed.replay_key
