"""JWK Set documents: what is usable of them, what is left out and why."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest

from oauth_jwt_grant.assertion.jose import UnusableKey
from oauth_jwt_grant.keys import parse
from oauth_jwt_grant.keys.base import KeyLimits, select
from oauth_jwt_grant.keys.parse import (
    MalformedKeySet,
    ParsedSets,
    decode_certificate,
    parse_key_set,
    parse_text,
    without_secrets,
)
from tests.support import cases

from .authority import Authority, name_of
from .material import ec_jwk, ec_key, header, rsa_jwk, rsa_key


def why(jwk: Any) -> str:
    parsed = parse_key_set({"keys": [jwk, ec_jwk("good")]}, 10)
    assert [key.kid for key in parsed.keys] == ["good"]
    return parsed.left_out[0].why


@pytest.mark.standard("KEY-07")
@cases("document", [None, [], "keys", {}, {"keys": {}}, {"keys": None}, {"keys": "x"}])
def test_no_key_set(document: object) -> None:
    with pytest.raises(MalformedKeySet, match="not a JWK Set"):
        parse_key_set(document, 10)


def test_kids_are_those_of_all_members() -> None:
    parsed = parse_key_set({"keys": [ec_jwk("a"), rsa_jwk("b", use="enc"), ec_jwk(None), 5]}, 10)
    assert parsed.kids == {"a", "b"}


@pytest.mark.standard("KEY-06")
@pytest.mark.parametrize(
    ("jwk", "text"),
    [
        (5, "not a JSON object"),
        ({}, "key type (kty) is unknown"),
        (ec_jwk(kid=None) | {"kid": 5}, "member kid is not a string"),
        (rsa_jwk(use="enc"), "key is not for signatures (use)"),
        (rsa_jwk(d="x"), "holds private or symmetric key material"),
    ],
)
def test_left_out(jwk: Any, text: str) -> None:
    assert why(jwk) == text


@pytest.mark.standard("KEY-12")
class TestCertificate:
    """The first certificate of a JWK must be of its key."""

    def certificate(self, key_name: str) -> str:
        authority = Authority("Root")
        certificate = authority.issue(name_of("leaf"), key=ec_key(key_name))
        return authority.b64(certificate)

    def test_of_this_key(self) -> None:
        jwk = ec_jwk("a", x5c=[self.certificate("a"), "not looked at"])
        assert [key.kid for key in parse_key_set({"keys": [jwk]}, 10).keys] == ["a"]

    def test_of_this_key_in_another_form(self) -> None:
        """RFC 7518 section 6.3.1.1: some libraries write an extra octet before the modulus."""
        authority = Authority("Root")
        jwk = rsa_jwk(x5c=[authority.b64(authority.issue(name_of("leaf"), key=rsa_key()))])
        padded = base64.urlsafe_b64encode(b"\0" + base64.urlsafe_b64decode(f"{jwk['n']}=="))
        jwk["n"] = padded.rstrip(b"=").decode()
        assert [key.kid for key in parse_key_set({"keys": [jwk]}, 10).keys] == ["rsa"]

    def test_of_another_key(self) -> None:
        assert why(ec_jwk("a", x5c=[self.certificate("b")])) == "certificate (x5c) is not of this key"

    def test_of_a_key_on_an_unknown_curve(self) -> None:
        curve = bytes.fromhex("2a8648ce3d030107")
        der = base64.b64decode(self.certificate("a")).replace(curve, curve[:-1] + b"\x7f")
        jwk = ec_jwk("a", x5c=[base64.b64encode(der).decode()])
        assert [key.kid for key in parse_key_set({"keys": [jwk]}, 10).keys] == ["a"]

    @pytest.mark.parametrize("chain", [[], "AAAA", 5, {}, [5], ["AAAA"], ["-_-_"], ["AAA"], ["é"], [""]])
    def test_what_cannot_be_read_does_not_lose_the_key(self, chain: Any) -> None:
        jwk = ec_jwk("a", x5c=chain)
        assert [key.kid for key in parse_key_set({"keys": [jwk]}, 10).keys] == ["a"]


def test_secrets_are_emptied_in_place() -> None:
    document = {
        "keys": [ec_jwk("a"), ec_jwk("b", d="secret"), {"kty": "oct", "k": "secret"}, "secret"],
        "x": 1,
    }
    kept = without_secrets(document)
    assert "secret" not in repr(kept)
    assert kept["keys"][0] == ec_jwk("a")
    assert [entry.why for entry in parse_key_set(kept, 10).left_out] == [
        "holds private or symmetric key material",
        "holds private or symmetric key material",
        "not a JSON object",
    ]


class TestSelect:
    """Several keys may share a key ID if their types differ (RFC 7517 section 4.5)."""

    keys = parse_key_set(
        {"keys": [ec_jwk("one"), rsa_jwk("one"), rsa_jwk("pss", alg="PS256"), ec_jwk(None)]}, 10
    ).keys

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (header("one", "ES256"), [("EC", "one")]),
            (header("one", "RS256"), [("RSA", "one")]),
            (header("pss", "PS256"), [("RSA", "pss")]),
            (header("pss", "RS256"), []),
            (header("pss", "ES256"), []),
            (header("one", "ES384"), []),
            (header(None, "PS256"), [("RSA", "one"), ("RSA", "pss")]),
            (header("other", "ES256"), [("EC", None)]),
            (header("other", "RS256"), []),
            (header(None, "ES256"), [("EC", "one"), ("EC", None)]),
        ],
    )
    def test_select(self, wanted: dict[str, Any], found: list[tuple[str, str | None]]) -> None:
        assert [(key.kty, key.kid) for key in select(self.keys, wanted)] == found


def test_limits() -> None:
    limits = KeyLimits(min_age=100, max_age=200, refetch_cooldown=10)
    assert [limits.age(age) for age in (None, 0, 150, 1e9)] == [200, 100, 150, 200]
    assert [limits.backoff(failures) for failures in (1, 2, 4, 5, 10_000)] == [10, 20, 80, 100, 100]
    assert KeyLimits(min_age=0, refetch_cooldown=30).backoff(3) == 30


def test_base64_of_certificates_is_not_base64url() -> None:
    """The certificates above have both ``+`` and ``/`` at times: make sure that one does."""
    der = base64.b64decode(TestCertificate().certificate("a"))
    text = base64.urlsafe_b64encode(der + b"\xfb\xff" * 3).decode()
    with pytest.raises(UnusableKey, match="is not DER in base64"):
        decode_certificate(text)


class TestMemory:
    """Parsed sets are kept up to a number of bytes."""

    def test_a_set_that_changes_with_each_fetch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sets = ParsedSets(200_000)
        monkeypatch.setattr(parse, "_parsed", sets)
        for number in range(100):
            members = [ec_jwk("a", pad=f"{number}" * 500), ec_jwk("b")]
            assert len(parse_text(json.dumps({"keys": members}), 100).keys) == 2
            assert sets.size <= 200_000
        assert 0 < len(sets._sets) < 25

    def test_what_was_used_last_stays(self) -> None:
        sets = ParsedSets(30)
        parsed = parse_key_set({"keys": []}, 1)
        for name in "abc":
            sets.put(name, parsed, 10)
        assert sets.get("a") is parsed
        sets.put("d", parsed, 10)
        assert [sets.get(name) is parsed for name in "abcd"] == [True, False, True, True]
        sets.put("d", parsed, 30)
        assert (sets.get("a"), sets.get("d"), sets.size) == (None, parsed, 30)
        sets.put("e", parsed, 31)
        assert (sets.get("d"), sets.get("e"), sets.size) == (None, None, 0)

    def test_many_threads(self) -> None:
        sets, parsed = ParsedSets(50), parse_key_set({"keys": []}, 1)

        def work() -> None:
            for number in range(500):
                sets.put(number % 20, parsed, 5)
                sets.get(number % 7)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sets.size == 5 * len(sets._sets) <= 50
