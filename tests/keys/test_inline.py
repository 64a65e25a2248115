"""Keys that an operator enters: what is taken, in which forms, and what is refused in clear words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.keys import InlineKeys, KeyStatus, normalise_jwks, why_no_key

from .authority import Authority
from .material import ec_jwk, ec_key, ed_jwk, header, number, rsa_jwk, rsa_key


def pem(key: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, form).decode()  # type: ignore[no-any-return]


def private_pem(key: Any, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, serialization.NoEncryption()).decode()  # type: ignore[no-any-return]


def complaint(value: object) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what the tests look at
        normalise_jwks(value)
    return str(caught.value)


#: What RFC 7517 section 5 wants ignored in a set, and why it is.
LEFT_OUT: list[tuple[dict[str, Any], str]] = [
    ({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, "key type (kty) is unknown"),
    (rsa_jwk("weak", rsa_key(1024)), "RSA key of 1024 bits, allowed are 2048 to 8192"),
    (rsa_jwk("e", use="enc"), "key is not for signatures (use)"),
    (rsa_jwk("ops", key_ops=["encrypt"]), "key is not for verifying (key_ops)"),
    (ec_jwk("crv", crv="secp256k1"), "curve (crv) is unknown"),
    (ec_jwk("y", y=None), "key material is incomplete"),
    (rsa_jwk("alg", alg="RSA-OAEP"), "algorithm (alg) is not one that assertions may be signed with"),
]


class TestForms:
    @pytest.mark.parametrize(("jwk", "text"), LEFT_OUT)
    def test_members_of_a_set_that_are_not_understood(self, jwk: Any, text: str) -> None:
        """They are named and left out, the rest is used (RFC 7517 section 5)."""
        for members in ([ec_jwk("good"), jwk], [jwk, ec_jwk("good")]):
            source = InlineKeys(normalise_jwks({"keys": members}))
            assert [key.kid for key in source.candidates(header("good"))] == ["good"]
            (left_out,) = source.status().left_out
            assert (left_out.position, left_out.why) == (members.index(jwk), text)

    @pytest.mark.parametrize(
        "value",
        [
            {"keys": [ec_jwk("a"), rsa_jwk("b")]},
            json.dumps({"keys": [ec_jwk("a"), rsa_jwk("b")]}),
            "\n" + json.dumps({"keys": [ec_jwk("a"), rsa_jwk("b")], "other": 1}, indent=2) + "\n",
        ],
        ids=["object", "text", "indented"],
    )
    def test_jwk_set(self, value: object) -> None:
        assert normalise_jwks(value) == {"keys": [ec_jwk("a"), rsa_jwk("b")]}

    @pytest.mark.parametrize("value", [ed_jwk(), json.dumps(ed_jwk())], ids=["object", "text"])
    def test_jwk(self, value: object) -> None:
        assert normalise_jwks(value) == {"keys": [ed_jwk()]}

    def test_what_was_normalised_stays_as_it_is(self) -> None:
        once = normalise_jwks(pem(rsa_key()))
        assert normalise_jwks(once) == once

    @pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
    def test_pem_of_an_rsa_key(self, form: PublicFormat) -> None:
        assert normalise_jwks(pem(rsa_key(), form)) == {"keys": [rsa_jwk(None)]}

    def test_pem_of_several_keys_and_words_between(self) -> None:
        text = f"Ours:\n{pem(ec_key('a'))}\nTheirs:\r\n{pem(rsa_key())}"
        assert normalise_jwks(text) == {
            "keys": [{k: v for k, v in ec_jwk("a").items() if k != "kid"}, rsa_jwk(None)]
        }

    def test_pem_of_a_certificate(self) -> None:
        authority = Authority("Root")
        [jwk] = normalise_jwks(authority.pem)["keys"]
        numbers = authority.key.public_key().public_numbers()
        assert jwk["kty"] == "EC"
        assert (jwk["x"], jwk["y"]) == (number(numbers.x, 32), number(numbers.y, 32))


class TestRefused:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ({"keys": []}, "There is no key in it."),
            ({}, "Neither a JWK Set (no list of keys) nor a JWK (no kty)."),
            ({"keys": {"kty": "EC"}}, "Neither a JWK Set (no list of keys) nor a JWK (no kty)."),
            (None, "Neither PEM nor a JWK Set or JWK in JSON: not a JSON object."),
            (5, "Neither PEM nor a JWK Set or JWK in JSON: not a JSON object."),
            ([ec_jwk()], "Neither PEM nor a JWK Set or JWK in JSON: not a JSON object."),
            ("", "Neither PEM nor a JWK Set or JWK in JSON: not JSON."),
            ("https://keys.example/", "Neither PEM nor a JWK Set or JWK in JSON: not JSON."),
            (
                '{"keys": [], "keys": []}',
                "Neither PEM nor a JWK Set or JWK in JSON: a name occurs twice in one object.",
            ),
            (object(), "Neither PEM nor a JWK Set or JWK in JSON."),
            ({"keys": [float("nan")]}, "Neither PEM nor a JWK Set or JWK in JSON."),
            (
                {"kty": "EC", "kid": "a\0b"},
                "Neither PEM nor a JWK Set or JWK in JSON: a string holds NUL or half a surrogate pair.",
            ),
            ("\ud800", "Neither PEM nor a JWK Set or JWK in JSON: not UTF-8."),
        ],
    )
    def test_no_keys(self, value: object, text: str) -> None:
        assert complaint(value) == text

    @pytest.mark.parametrize(
        ("jwk", "text"),
        [
            (ec_jwk("a", d="c2VjcmV0"), "Key 2 (a) cannot be used: holds private or symmetric key material."),
            (
                {"kty": "oct", "k": "c2VjcmV0"},
                "Key 2 cannot be used: holds private or symmetric key material.",
            ),
            ("x", "Key 2 cannot be used: not a JSON object."),
        ],
    )
    def test_what_must_not_be_stored(self, jwk: Any, text: str) -> None:
        said = complaint({"keys": [ec_jwk("good"), jwk]})
        assert said == text
        assert "c2VjcmV0" not in said

    @pytest.mark.parametrize(("jwk", "text"), LEFT_OUT)
    def test_alone_it_is_no_key(self, jwk: Any, text: str) -> None:
        for value in (jwk, {"keys": [jwk]}):
            assert f"cannot be used: {text}." in complaint(value)
        both = complaint({"keys": [jwk, {"kty": "X", "kid": "other"}]})
        assert both.endswith("Key 2 (other) cannot be used: key type (kty) is unknown.")
        assert both.startswith("Key 1")

    @pytest.mark.parametrize(
        "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
    )
    def test_private_pem(self, form: serialization.PrivateFormat) -> None:
        text = pem(rsa_key()) + private_pem(rsa_key(), form)
        assert complaint(text) == "The PEM text holds a private key: enter the public key alone."

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                "PEM block 1 cannot be used: malformed.",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
                "PEM block 1 cannot be used: malformed.",
            ),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
                "PEM block 1 cannot be used: neither a public key nor a certificate.",
            ),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "There is no key in it."),
        ],
    )
    def test_pem_that_is_none(self, text: str, said: str) -> None:
        assert complaint(text) == said

    def test_pem_of_a_key_that_is_too_short(self) -> None:
        assert complaint(pem(rsa_key(1024))).startswith("PEM block 1 cannot be used: RSA key of 1024 bits")

    def test_pem_of_a_curve_that_is_not_used(self) -> None:
        assert complaint(pem(ec.generate_private_key(ec.SECP256K1()))).startswith(
            "PEM block 1 cannot be used: "
        )

    def test_pem_of_a_key_for_something_else(self) -> None:
        key = x25519.X25519PrivateKey.generate()
        assert complaint(pem(key)) == "PEM block 1 cannot be used: curve (crv) is unknown."


class TestSource:
    def test_candidates(self) -> None:
        source = InlineKeys({"keys": [ec_jwk("a"), ec_jwk("b"), rsa_jwk("c")]})
        assert [key.kid for key in source.candidates(header("b"))] == ["b"]
        assert [key.kid for key in source.candidates(header())] == ["a", "b"]
        assert source.candidates(header("a", "RS256")) == ()

    def test_pem_key_serves_any_kid(self) -> None:
        source = InlineKeys(normalise_jwks(pem(ec_key("a"))))
        assert [key.kid for key in source.candidates(header("whatever"))] == [None]

    def test_limit(self) -> None:
        source = InlineKeys({"keys": [ec_jwk("a"), ec_jwk("b")]}, max_keys=1)
        assert [key.kid for key in source.candidates(header())] == ["a"]

    def test_status_and_refresh(self) -> None:
        source = InlineKeys({"keys": [ec_jwk("a"), rsa_jwk("e", use="enc")]})
        source.refresh()
        status = source.status()
        assert [key.kid for key in status.keys] == ["a"]
        assert [entry.kid for entry in status.left_out] == ["e"]

    @pytest.mark.parametrize("stored", [None, {}, [], "x"])
    def test_rows_that_were_never_validated(self, stored: object) -> None:
        source = InlineKeys(stored)
        with pytest.raises(AssertionRefused) as caught:
            source.candidates(header())
        assert caught.value.reason == Reason.ISSUER_MISCONFIGURED
        assert source.status().last_error == "stored keys: not a JWK Set: there is no list of keys"


def test_a_source_that_has_failed_says_why_there_is_no_key() -> None:
    status = KeyStatus(last_error="stored keys: not JSON")
    said = why_no_key(status, {"alg": "ES256", "kid": "a"})
    assert said.endswith('with kid "a" must be there; there is none at all: stored keys: not JSON')
