"""Keys and signatures: RFC 7515, 7517 and 7518, RFC 8725 sections 3.1 and 3.5."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import OKPKey

from oauth_jwt_grant.assertion import ALGORITHMS, Reason
from oauth_jwt_grant.assertion.jose import UnusableKey, import_jwk, import_native, verify
from tests.factories import (
    DROP,
    NOW,
    Key,
    b64,
    ec_key,
    ed25519_key,
    jwk,
    key_for,
    mint,
    mint_hmac,
    rsa_key,
    unb64,
)
from tests.keys.material import sized_exponent
from tests.support import cases

from .support import check, public, refusal

EVERY_KEY = [
    rsa_key,
    ec_key,
    functools.partial(ec_key, "P-384"),
    functools.partial(ec_key, "P-521"),
    ed25519_key,
]
MESSAGE = b"header.claims"


@functools.cache
def sized_key(bits: int) -> Key:
    return Key("sized", "RS256", rsa.generate_private_key(public_exponent=65537, key_size=bits))


def why_unusable(document: object) -> str:
    with pytest.raises(UnusableKey) as caught:
        import_jwk(document)
    return str(caught.value)


class TestVerify:
    @pytest.mark.standard("JOSE-01", "JOSE-05", "JOSE-36")
    @pytest.mark.parametrize("alg", ALGORITHMS)
    def test_each_algorithm_verifies_its_own(self, alg: str) -> None:
        key = key_for(alg)
        signature = key.sign(MESSAGE, alg)
        assert verify(MESSAGE, signature, alg, public(key))
        assert not verify(MESSAGE + b"x", signature, alg, public(key))
        assert not verify(MESSAGE, signature, alg, public(key_for(alg, "other")))

    @pytest.mark.standard("JOSE-08", "JOSE-13", "JOSE-14")
    @pytest.mark.parametrize("signed", ALGORITHMS)
    @pytest.mark.parametrize("claimed", ALGORITHMS)
    def test_no_algorithm_verifies_that_of_another(self, signed: str, claimed: str) -> None:
        key = key_for(signed)
        expected = signed == claimed or {signed, claimed} == {"EdDSA", "Ed25519"}
        assert verify(MESSAGE, key.sign(MESSAGE, signed), claimed, public(key)) is expected

    @pytest.mark.standard("JOSE-13")
    @pytest.mark.parametrize(("alg", "curve"), [("ES256", "P-384"), ("ES384", "P-256"), ("ES512", "P-256")])
    def test_the_curve_is_tied_to_the_algorithm(self, alg: str, curve: str) -> None:
        key = ec_key(curve)
        assert not verify(MESSAGE, key.sign(MESSAGE, alg), alg, public(key))

    @pytest.mark.standard("JOSE-13")
    @pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
    def test_ecdsa_signatures_have_one_form(self, curve: str) -> None:
        key = ec_key(curve)
        good = key.sign(MESSAGE)
        size = len(good) // 2
        r, s = int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big")
        for bad in (
            encode_dss_signature(r, s),
            good[:-1],
            good + b"\0",
            b"\0" + good,
            b"\0" + good[:size] + b"\0" + good[size:],
            good[size:] + good[:size],
            bytes(2 * size),
            good[:size] + bytes(size),
            bytes(size) + good[size:],
            b"\xff" * (2 * size),
            b"",
        ):
            assert not verify(MESSAGE, bad, key.alg, public(key))

    @pytest.mark.parametrize("alg", ["RS256", "PS256", "Ed25519"])
    def test_spoilt_signatures(self, alg: str) -> None:
        key = key_for(alg)
        good = key.sign(MESSAGE, alg)
        spoilt = bytes([good[0] ^ 1]) + good[1:]
        for bad in (
            b"",
            b"\0",
            good[:-1],
            good + b"\0",
            b"\0" + good,
            spoilt,
            bytes(len(good)),
            b"\xff" * 10_000,
        ):
            assert not verify(MESSAGE, bad, alg, public(key))

    @pytest.mark.standard("JOSE-14")
    def test_another_hash_within_the_signature(self) -> None:
        signature = rsa_key().private.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        assert not any(verify(MESSAGE, signature, alg, public(rsa_key())) for alg in ALGORITHMS)

    def test_pss_with_another_salt_or_mask(self) -> None:
        sha256 = hashes.SHA256()
        for pss in (
            padding.PSS(mgf=padding.MGF1(sha256), salt_length=0),
            padding.PSS(mgf=padding.MGF1(sha256), salt_length=64),
            padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=32),
        ):
            signature = rsa_key().private.sign(MESSAGE, pss, sha256)
            assert not verify(MESSAGE, signature, "PS256", public(rsa_key()))

    @pytest.mark.standard("JOSE-02", "JOSE-03", "JOSE-04", "JOSE-07", "JOSE-12")
    @pytest.mark.parametrize(
        "alg",
        [
            "none",
            "None",
            "nOnE",
            "NONE",
            "",
            "HS256",
            "HS512",
            "rs256",
            "RS256 ",
            "RS1",
            "ES256K",
            "Ed448",
            "dir",
        ],
    )
    @pytest.mark.parametrize("make", EVERY_KEY)
    def test_no_other_algorithm_exists(self, alg: str, make: Any) -> None:
        assert alg not in ALGORITHMS
        key = public(make())
        assert not verify(MESSAGE, b"", alg, key)
        assert not verify(MESSAGE, make().sign(MESSAGE), alg, key)
        assert not key.fits(alg, None)

    def test_a_key_that_is_not_what_it_says_verifies_nothing(self) -> None:
        other = OKPKey.import_key(x25519.X25519PrivateKey.generate().public_key())
        key = dataclasses.replace(public(ed25519_key()), native=other)
        assert not verify(MESSAGE, ed25519_key().sign(MESSAGE), "EdDSA", key)


class TestFits:
    @pytest.mark.standard("JOSE-08", "JOSE-29", "KEY-08")
    @pytest.mark.parametrize(
        ("members", "alg", "kid", "expected"),
        [
            ({}, "ES256", None, True),
            ({}, "ES256", "ec-P-256", True),
            ({}, "ES256", "ec-p-256", False),
            ({}, "ES256", "", False),
            ({"kid": DROP}, "ES256", None, True),
            ({"kid": DROP}, "ES256", "ec-P-256", False),
            ({"alg": "ES256"}, "ES256", None, True),
            ({}, "ES384", None, False),
            ({}, "RS256", None, False),
            ({}, "EdDSA", None, False),
            ({}, "HS256", None, False),
        ],
    )
    def test_kid_and_algorithm_select(
        self, members: dict[str, Any], alg: str, kid: str | None, expected: bool
    ) -> None:
        assert public(ec_key(), **members).fits(alg, kid) is expected

    @pytest.mark.standard("JOSE-08")
    def test_a_key_that_names_its_algorithm_serves_no_other(self) -> None:
        key = public(rsa_key(), alg="RS256")
        assert [alg for alg in ALGORITHMS if key.fits(alg, None)] == ["RS256"]
        assert sum(public(rsa_key()).fits(alg, None) for alg in ALGORITHMS) == 6

    @pytest.mark.standard("JOSE-36")
    @pytest.mark.parametrize("named", [DROP, "EdDSA", "Ed25519"], ids=["unnamed", "EdDSA", "Ed25519"])
    def test_eddsa_has_two_names(self, named: object) -> None:
        key = public(ed25519_key(), alg=named)
        assert [alg for alg in ALGORITHMS if key.fits(alg, None)] == ["EdDSA", "Ed25519"]


class TestImport:
    @pytest.mark.parametrize(
        ("make", "kty", "crv", "bits"),
        [
            (rsa_key, "RSA", None, 2048),
            (ec_key, "EC", "P-256", 256),
            (functools.partial(ec_key, "P-384"), "EC", "P-384", 384),
            (functools.partial(ec_key, "P-521"), "EC", "P-521", 521),
            (ed25519_key, "OKP", "Ed25519", 255),
        ],
        ids=["RSA", "P-256", "P-384", "P-521", "Ed25519"],
    )
    def test_public_signature_keys(self, make: Any, kty: str, crv: str | None, bits: int) -> None:
        key = public(make(), kid="k", key_ops=["verify"], unknown={"x": 1})
        assert (key.kty, key.crv, key.bits, key.kid, key.use, key.alg) == (kty, crv, bits, "k", "sig", None)
        assert import_native(make().public).thumbprint == key.thumbprint
        assert "RSAKey" not in repr(key)

    def test_the_thumbprint_of_the_standard(self) -> None:
        """RFC 7638 section 3.1."""
        modulus = (
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"
            "FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb"
            "9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls"
            "1jF44-csFCur-kEgU8awapJzKnqDKgw"
        )
        key = import_jwk({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
        assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

    @pytest.mark.standard("JOSE-12", "KEY-11")
    @pytest.mark.parametrize("document", [None, [], "x", 5, [("kty", "RSA")]], ids=repr)
    def test_no_object(self, document: object) -> None:
        assert why_unusable(document) == "not a JSON object"

    @pytest.mark.standard("JOSE-12", "KEY-11")
    @pytest.mark.parametrize(
        "members",
        [{"kty": "oct", "k": b64(bytes(32))}, {"kty": "oct"}]
        + [{name: "AQAB"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")]
        + [{"d": None}],
        ids=repr,
    )
    @pytest.mark.parametrize("make", [rsa_key, ec_key, ed25519_key])
    def test_private_and_symmetric_keys(self, make: Any, members: dict[str, Any]) -> None:
        document = {**jwk(make()), **members}
        assert why_unusable(document) == "holds private or symmetric key material"

    @pytest.mark.standard("KEY-06")
    @pytest.mark.parametrize("kty", [DROP, None, 5, "", "rsa", "AKP", ["RSA"], {}], ids=repr)
    def test_unknown_types(self, kty: object) -> None:
        assert why_unusable(jwk(rsa_key(), kty=kty)) == "key type (kty) is unknown"

    @pytest.mark.standard("JOSE-09", "JOSE-10", "JOSE-08")
    @pytest.mark.parametrize(
        ("members", "why"),
        [
            ({"use": "enc"}, "key is not for signatures (use)"),
            ({"use": "SIG"}, "key is not for signatures (use)"),
            ({"use": ""}, "key is not for signatures (use)"),
            ({"use": 5}, "member use is not a string"),
            ({"kid": 5}, "member kid is not a string"),
            ({"alg": ["ES256"]}, "member alg is not a string"),
            ({"key_ops": []}, "key is not for verifying (key_ops)"),
            ({"key_ops": ["sign"]}, "key is not for verifying (key_ops)"),
            ({"key_ops": ["encrypt", "wrapKey"]}, "key is not for verifying (key_ops)"),
            ({"key_ops": "verify"}, "key is not for verifying (key_ops)"),
            ({"key_ops": {"verify": 1}}, "key is not for verifying (key_ops)"),
            ({"alg": "HS256"}, "algorithm (alg) is not one that assertions may be signed with"),
            ({"alg": "none"}, "algorithm (alg) is not one that assertions may be signed with"),
            ({"alg": "ECDH-ES"}, "algorithm (alg) is not one that assertions may be signed with"),
            ({"alg": ""}, "algorithm (alg) is not one that assertions may be signed with"),
            ({"alg": "ES384"}, "algorithm (alg) does not fit the key type"),
            ({"alg": "RS256"}, "algorithm (alg) does not fit the key type"),
        ],
        ids=repr,
    )
    def test_keys_for_another_purpose(self, members: dict[str, Any], why: str) -> None:
        assert why_unusable(jwk(ec_key(), **members)) == why

    @pytest.mark.parametrize(
        "members",
        [
            {"use": DROP},
            {"use": "jwt-svid"},
            {"alg": "ES256"},
            {"key_ops": ["sign", "verify"]},
            {"x5t": "AA"},
        ],
        ids=["no use", "jwt-svid", "alg", "key_ops", "other member"],
    )
    def test_keys_for_verifying(self, members: dict[str, Any]) -> None:
        assert public(ec_key(), **members).crv == "P-256"

    @pytest.mark.standard("JOSE-11")
    def test_small_rsa_keys(self) -> None:
        assert why_unusable(jwk(sized_key(1024))) == "RSA key of 1024 bits, allowed are 2048 to 8192"
        with pytest.raises(UnusableKey, match="RSA key of 1024 bits"):
            import_native(sized_key(1024).public)

    @pytest.mark.standard("JOSE-11")
    @pytest.mark.parametrize(
        ("bits", "fine"),
        [(2047, False), (2048, True), (8192, True), (8193, False), (16384, False), (10**6, False)],
    )
    def test_the_range_of_rsa_keys(self, bits: int, fine: bool) -> None:
        document = jwk(rsa_key(), n=b64(((1 << bits) - 1).to_bytes((bits + 7) // 8, "big")))
        if fine:
            assert import_jwk(document).bits == bits
        else:
            assert why_unusable(document) == f"RSA key of {bits} bits, allowed are 2048 to 8192"

    @pytest.mark.parametrize(
        ("exponent", "fine"),
        [
            (3, True),
            (65537, True),
            (2**32 - 1, True),
            (2**32 + 1, False),
            (2**2047 + 1, False),
            (2, False),
            (1, False),
        ],
    )
    def test_the_exponents_of_rsa_keys(self, exponent: int, fine: bool) -> None:
        """A long one makes each verification slow; 1 and even ones verify nothing, or everything."""
        document = jwk(rsa_key(), e=b64(exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")))
        if fine:
            assert import_jwk(document).bits == 2048
        elif exponent < 65537:
            assert why_unusable(document) == "key material is malformed"
        else:
            bits = exponent.bit_length()
            assert why_unusable(document) == f"RSA key with an exponent of {bits} bits, allowed are 32"

    def test_an_exponent_in_a_certificate(self) -> None:
        with pytest.raises(UnusableKey, match="an exponent of 3000 bits"):
            import_native(sized_exponent(3072, 3000).public_key())

    def test_keys_of_a_broken_generator(self) -> None:
        """ROCA: a modulus that is a power of 65537 modulo each small prime."""
        step = math.prod((11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157))
        modulus = (1 << 2047) // step * step + step + 1
        for power in (0, 1, 65537):
            suspect = modulus + pow(65537, power, step) - 1
            assert "ROCA" in why_unusable(jwk(rsa_key(), n=b64(suspect.to_bytes(256, "big"))))
        # 3 is no power of 65537 modulo 11.
        assert import_jwk(jwk(rsa_key(), n=b64((modulus + 2).to_bytes(256, "big")))).bits == 2048

    @pytest.mark.standard("KEY-06", "JOSE-33")
    @pytest.mark.parametrize(
        ("make", "members"),
        [
            (rsa_key, {"n": DROP}),
            (rsa_key, {"e": DROP}),
            (rsa_key, {"n": ""}),
            (rsa_key, {"n": 65537}),
            (rsa_key, {"n": "A"}),
            (rsa_key, {"n": "\u00e9"}),
            (rsa_key, {"n": "\ud800"}),
            (rsa_key, {"e": ["AQAB"]}),
            (rsa_key, {"e": "AQ"}),
            (rsa_key, {"e": "Ag"}),
            (rsa_key, {"e": "AA"}),
            (rsa_key, {"e": "!"}),
            (ec_key, {"crv": DROP}),
            (ec_key, {"crv": "P-384"}),
            (ec_key, {"crv": "P-192"}),
            (ec_key, {"crv": "secp256k1"}),
            (ec_key, {"crv": "Ed25519"}),
            (ec_key, {"crv": ["P-256"]}),
            (ec_key, {"crv": 256}),
            (ec_key, {"x": DROP}),
            (ec_key, {"y": DROP}),
            (ec_key, {"y": None}),
            (ec_key, {"x": b64(bytes(32)), "y": b64(bytes(32))}),
            (ec_key, {"x": b64(b"\xff" * 32)}),
            (ec_key, {"x": b64(b"\x01" * 4000)}),
            (ed25519_key, {"crv": "X25519"}),
            (ed25519_key, {"crv": "Ed448"}),
            (ed25519_key, {"crv": "P-256"}),
            (ed25519_key, {"x": DROP}),
            (ed25519_key, {"x": "AA"}),
            (ed25519_key, {"x": "!!!!"}),
        ],
    )
    def test_malformed_material(self, make: Any, members: dict[str, Any]) -> None:
        assert why_unusable(jwk(make(), **members))

    def test_the_message_holds_no_key_material(self) -> None:
        document = jwk(ec_key(), x="AAAA")
        assert "AAAA" not in why_unusable(document)

    def test_native_keys_of_other_kinds(self) -> None:
        for key in (
            dsa.generate_parameters(1024).generate_private_key().public_key(),
            ed448.Ed448PrivateKey.generate().public_key(),
            x25519.X25519PrivateKey.generate().public_key(),
            ec.generate_private_key(ec.SECP256K1()).public_key(),
            ec.generate_private_key(ec.BrainpoolP256R1()).public_key(),
            None,
            object(),
        ):
            with pytest.raises(UnusableKey):
                import_native(key)
        assert import_native(ed25519.Ed25519PrivateKey.generate().public_key()).crv == "Ed25519"


@pytest.mark.standard("JOSE-07", "JOSE-12")
@pytest.mark.parametrize("make", EVERY_KEY)
def test_the_public_key_is_no_hmac_secret(make: Any) -> None:
    """The oldest attack on JWTs: an HMAC with what everybody knows (RFC 8725 section 2.1)."""
    key = make()
    document = jwk(key)
    secrets = [key.pem().encode(), key.pem().strip().encode(), unb64(document.get("n") or document["x"]), b""]
    for secret in secrets:
        text = mint_hmac(secret, header={"kid": key.kid}, now=NOW)
        assert refusal(check, text, public(key)).reason is Reason.ALGORITHM
        for alg in ALGORITHMS:
            disguised = mint_hmac(secret, header={"kid": key.kid, "alg": alg}, now=NOW)
            expected = Reason.BAD_SIGNATURE if public(key).fits(alg, None) else Reason.NO_SUCH_KEY
            assert refusal(check, disguised, public(key)).reason is expected


@pytest.mark.standard("JOSE-05")
@cases("alg", ALGORITHMS)
def test_an_assertion_in_each_algorithm(alg: str) -> None:
    assert check(mint(key_for(alg), alg=alg, now=NOW), public(key_for(alg))).header["alg"] == alg
