"""Project Wycheproof's vectors for JWS, JWK and bare signatures, put through the core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from oauth_jwt_grant.assertion import AssertionRefused, PublicKey, UnverifiedAssertion, validate
from oauth_jwt_grant.assertion.jose import UnusableKey, import_jwk, import_native, verify
from tests.support import cases

from .assertion.support import MAX_LENGTH, POLICY, candidates, policy
from .factories import NOW, b64

FOLDER = Path(__file__).parent / "vectors"
FILES = ["json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"]
#: Claims that can be read, where a vector's payload is any text.
CLAIMS = b64(json.dumps({"iss": POLICY["issuer"]}))
#: Signatures in the form that JWTs have.
SIGNATURES = {
    "ES256": "ecdsa_secp256r1_sha256_p1363_test.json",
    "ES512": "ecdsa_secp521r1_sha512_p1363_test.json",
    "EdDSA": "ed25519_test.json",
    "RS256": "rsa_signature_2048_sha256_test.json",
    "PS256": "rsa_pss_2048_sha256_mgf1_32_test.json",
}


def groups() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in FILES:
        for group in json.loads((FOLDER / name).read_text())["testGroups"]:
            yield name, group


def vectors() -> Iterator[Any]:
    for name, group in groups():
        for test in group["tests"]:
            label = f"{name.removesuffix('_test.json')}-{group['comment']}-{test['tcId']}-{test['comment']}"
            yield pytest.param(group, test, id=label)


def keys_of(group: dict[str, Any]) -> list[PublicKey]:
    """The keys of a group that are admitted, as from an issuer's JWK Set."""
    documents = group.get("public") or group["private"]
    keys = []
    for document in documents.get("keys", [documents]):
        try:
            keys.append(import_jwk(document))
        except UnusableKey:
            continue
    return keys


def text_of(test: dict[str, Any]) -> str:
    """What would be posted; vectors of the JSON serialization are objects."""
    posted = test["jws"] if "jws" in test else test["jwe"]
    return posted if isinstance(posted, str) else json.dumps(posted)


def accepts(jws: str, keys: list[PublicKey]) -> bool:
    """Whether the form of ``jws`` is right and one of ``keys`` has signed it, whatever the payload says.

    The payloads of the vectors are no claims, so the header and the signature are read
    beside claims that can be, and the signature is checked over the original.
    """
    header, _, rest = jws.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        assertion = UnverifiedAssertion.parse(f"{header}.{CLAIMS}.{signature}", MAX_LENGTH)
    except AssertionRefused:
        return False
    fitting = candidates(*keys)(assertion.header)
    message = f"{header}.{payload}".encode()
    return any(verify(message, assertion.signature, assertion.alg, key) for key in fitting)


@pytest.mark.standard(
    "JOSE-01", "JOSE-02", "JOSE-03", "JOSE-07", "JOSE-08", "JOSE-09", "JOSE-11", "JOSE-13", "JOSE-15"
)
@cases(("group", "test"), list(vectors()))
def test_valid_signatures_verify_and_no_other_does(group: dict[str, Any], test: dict[str, Any]) -> None:
    keys = keys_of(group)
    expected = test["result"] == "valid" and "jws" in test and bool(keys)
    if test["comment"] == "Figure20":
        # PS384, and the key says PS256: a key is used with one algorithm (RFC 8725 section 3.1).
        assert [key.alg for key in keys] == ["PS256"]
        expected = False
    assert accepts(text_of(test), keys) is expected


@pytest.mark.standard("ERR-07", "JOSE-31")
def test_no_vector_is_an_assertion() -> None:
    """None has the claims of one: each is refused, and with no other error."""
    for _, group in groups():
        source = candidates(*keys_of(group))
        for test in group["tests"]:
            with pytest.raises(AssertionRefused):
                validate(UnverifiedAssertion.parse(text_of(test), MAX_LENGTH), policy(), source, now=NOW)


def test_the_keys_that_are_not_admitted() -> None:
    """Public keys that are weak, malformed, for another purpose or of an unknown algorithm."""
    left_out = {group["comment"] for _, group in groups() if "public" in group and not keys_of(group)}
    assert left_out == {
        "ec_key_for_encryption",
        "exponentOne",
        "invalid_algorithm",
        "invalid_point",
        "invalid_use",
        "jws_rsa_roca_key",
        "keysize_too_small",
        "rfc7520",  # of its keys the one for "ES521", which is no algorithm
        "rfc7520WithKeyOps",
        "rs256",  # with the use "enc"
        "rsa_encryption",
        "wrong_algorithm",
        "wrong_curve",
        "wrong_kty",
    }


def test_enough_of_them_are_looked_at() -> None:
    """So that a change of their form does not pass as a success."""
    outcomes = [
        accepts(text_of(test), keys_of(group))
        for _, group in groups()
        for test in group["tests"]
        if "jws" in test
    ]
    assert len(outcomes) > 400
    assert sum(outcomes) > 30


def keys_of_signatures(group: dict[str, Any]) -> list[PublicKey]:
    """The key of a group as a certificate brings it and, where the group has it so, as a JWK Set does."""
    jwk = group.get("publicKeyJwk") or group.get("keyJwk")
    native = import_native(load_pem_public_key(group["publicKeyPem"].encode()))
    return [native, *([import_jwk(jwk)] if jwk else [])]


@pytest.mark.standard("JOSE-01")
@pytest.mark.parametrize("alg", SIGNATURES)
def test_signatures_of_odd_numbers_and_encodings(alg: str) -> None:
    """What a verifier may accept, such as a missing NULL before the hash, is refused."""
    outcomes = {
        (
            verify(bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]), alg, key),
            test["result"],
            test["tcId"],
        )
        for group in json.loads((FOLDER / SIGNATURES[alg]).read_text())["testGroups"]
        for key in keys_of_signatures(group)
        for test in group["tests"]
    }
    assert [outcome for outcome in outcomes if outcome[0] is not (outcome[1] == "valid")] == []
    assert {verified for verified, _, _ in outcomes} == {True, False}
