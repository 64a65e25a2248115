"""RFC 9449 section 4.3: each item of what is checked of a proof, and the proof that nothing is wrong with."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from oauth_jwt_grant.assertion import ALGORITHMS, AssertionRefused, Reason
from oauth_jwt_grant.dpop import Proof
from oauth_jwt_grant.dpop.proof import MAX_PROOF_LENGTH, PROOF_LIFETIME, ProofTerms, verify_proof
from tests.assertion.test_fuzz import FAST, dump, values
from tests.factories import (
    DROP,
    NOW,
    Key,
    b64,
    ec_key,
    ed25519_key,
    jwk,
    key_for,
    mint_hmac,
    mint_raw,
    proof,
    rsa_key,
    thumbprint,
    unb64,
)
from tests.support import cases

URL = "https://as.example.com/o/token/"
TOKEN = "the.access_token~of+a/client=="
LEEWAY = 30

made = partial(proof, ec_key(), now=NOW)


def terms(**changes: Any) -> ProofTerms:
    return ProofTerms(**{"method": "POST", "urls": [URL], "now": NOW, "leeway": LEEWAY, **changes})


def why(text: str, **changes: Any) -> str:
    """What is said to be wrong with the proof."""
    with pytest.raises(AssertionRefused) as raised:
        verify_proof(text, terms(**changes))
    assert raised.value.reason is Reason.DPOP_PROOF
    assert raised.value.public_text == f"The DPoP proof is not accepted: {raised.value.name}."
    return raised.value.name


@pytest.mark.standard("POP-03")
@cases("alg", ALGORITHMS)
def test_a_good_proof_of_every_algorithm(alg: str) -> None:
    key = key_for(alg)

    found = verify_proof(proof(key, now=NOW, alg=alg, jti="one"), terms())

    assert found == Proof(thumbprint(key), "one")


@pytest.mark.standard("POP-03")
def test_the_proof_of_the_rfc() -> None:
    """Figure 2 of the RFC: its key, its claims and its signature."""
    text = (
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpD"
        "a0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6"
        "IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGU"
        "uY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NV"
        "Y-FNyJK70nfbV37xRZT3Lg"
    )

    found = verify_proof(text, terms(urls=["https://server.example.com/token"], now=1562262616))

    assert found == Proof("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "-BwC3ESc6acc2lTc")


def nested(depth: int) -> str:
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk(ec_key())}
    return json.dumps(header)[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"


#: Item 2: not one well-formed JWT in compact serialization.
MALFORMED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no JWT": lambda: "x",
    "two parts": lambda: made().rpartition(".")[0],
    "encrypted": lambda: "a.b.c.d.e",
    "two joined by a comma": lambda: f"{made()},{made()}",
    "two joined by a comma and a space": lambda: f"{made()}, {made()}",
    "space in front": lambda: f" {made()}",
    "padding": lambda: f"{made()}=",
    "spare bits": lambda: made()[:-1] + "_" * (made()[-1] != "_"),
    "bytes that are not ASCII": lambda: f"{made()}\xff",
    "a lone surrogate": lambda: f"{made()}\ud800",
    "NUL": lambda: f"{made()}\0",
    "JSON serialization": lambda: json.dumps({"payload": "a", "protected": "b", "signature": "c"}),
    "too long": lambda: made(pad="a" * MAX_PROOF_LENGTH),
    "header nested deeply": lambda: mint_raw(ec_key(), nested(40), b"{}"),
    "header nested without end": lambda: mint_raw(ec_key(), nested(2000), b"{}"),
    "header twice the same name": lambda: mint_raw(ec_key(), '{"alg":"ES256","alg":"ES256"}', "{}"),
    "header no object": lambda: mint_raw(ec_key(), "[]", "{}"),
    "header without alg": lambda: made(header={"alg": DROP}),
    "alg no string": lambda: made(header={"alg": 1}),
    "kid no string": lambda: made(header={"kid": 1}),
    "typ no string": lambda: made(header={"typ": ["dpop+jwt"]}),
    "critical header": lambda: made(header={"crit": ["x"], "x": 1}),
    "detached payload": lambda: made(header={"b64": False}),
    "claims no object": lambda: mint_raw(ec_key(), json.dumps({"alg": "ES256"}), "[]"),
    "claims twice the same name": lambda: mint_raw(ec_key(), json.dumps({"alg": "ES256"}), '{"a":1,"a":1}'),
    "claim with half a surrogate pair": lambda: made(jti="\ud800"),
    "claim with NUL": lambda: made(jti="\0"),
    "claim not a number": lambda: made(iat=float("nan")),
}


@pytest.mark.standard("POP-03")
@cases("name", MALFORMED)
def test_not_one_well_formed_jwt(name: str) -> None:
    assert why(MALFORMED[name]()) == "form"


@pytest.mark.standard("POP-03")
@cases("claim", ["jti", "htm", "htu", "iat"])
@cases("value", [DROP, None, True, {}, [], ["POST"], "", float("inf")])
def test_a_required_claim_is_missing_or_of_a_wrong_type(claim: str, value: Any) -> None:
    assert why(made(**{claim: value})) == ("form" if value == float("inf") else claim)


@pytest.mark.standard("POP-03")
@cases(
    ("claim", "value"),
    [("jti", 1), ("jti", "a" * 513), ("htm", 1), ("htu", 1), ("iat", "1"), ("iat", -1), ("iat", 10**400)],
)
def test_a_required_claim_of_another_wrong_type(claim: str, value: Any) -> None:
    assert why(made(**{claim: value})) == ("form" if value == 10**400 else claim)


@pytest.mark.standard("POP-03")
@cases("typ", [DROP, "", "JWT", "at+jwt", "oauth-id-jag+jwt", "dpop", "text/dpop+jwt"])
def test_another_kind_of_jwt(typ: Any) -> None:
    assert why(made(header={"typ": typ})) == "typ"


@pytest.mark.parametrize("typ", ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"])
def test_the_type_is_compared_as_a_media_type(typ: str) -> None:
    assert verify_proof(made(header={"typ": typ}), terms())


@pytest.mark.standard("POP-03")
@cases("alg", ["none", "None", "HS256", "HS512", "RS1", "ES256K", "A128KW", "", "ES256 "])
def test_an_algorithm_that_proves_nothing(alg: str) -> None:
    assert why(made(header={"alg": alg})) == "alg"


@pytest.mark.standard("POP-03")
def test_the_public_key_is_no_secret_of_an_hmac() -> None:
    header = {"typ": "dpop+jwt", "jwk": jwk(rsa_key())}
    assert why(mint_hmac(rsa_key().pem().encode(), header=header)) == "alg"


@pytest.mark.standard("POP-03")
def test_a_signature_of_another_key() -> None:
    assert why(made(header={"jwk": jwk(ec_key(name="other"))})) == "signature"


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("part", [0, 1])
def test_what_was_signed_was_changed(part: int) -> None:
    parts = made().split(".")
    members = json.loads(unb64(parts[part]))
    parts[part] = b64(json.dumps(members | {"changed": True}))

    assert why(".".join(parts)) == "signature"


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("signature", ["AA", b64(bytes(64)), b64(b"\xff" * 64)])
def test_no_signature_of_anybody(signature: str) -> None:
    assert why(f"{made().rpartition('.')[0]}.{signature}") == "signature"


def weak() -> Key:
    return Key("weak", "RS256", rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505 - by intention


#: Item 7, and what else is no public key to verify with.
KEYS: dict[str, Any] = {
    "missing": DROP,
    "null": None,
    "no object": "x",
    "empty": {},
    "a set": {"keys": [jwk(ec_key())]},
    "private": {**jwk(ec_key()), "d": "AA"},
    "private in part": {**jwk(rsa_key()), "qi": "AA"},
    "symmetric": {"kty": "oct", "k": "AA"},
    "unknown type": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
    "type no string": {**jwk(ec_key()), "kty": ["EC"]},
    "of another type": jwk(rsa_key()),
    "of another curve": jwk(ec_key("P-384")),
    "for another algorithm": {**jwk(ec_key()), "alg": "ES384"},
    "for encryption": {**jwk(ec_key()), "use": "enc"},
    "to sign": {**jwk(ec_key()), "key_ops": ["sign"]},
    "without a coordinate": jwk(ec_key(), y=DROP),
    "off the curve": {**jwk(ec_key()), "y": jwk(ec_key())["x"]},
    "coordinate no string": {**jwk(ec_key()), "x": 1},
    "coordinate no base64url": {**jwk(ec_key()), "x": "\u00e9"},
}


@pytest.mark.standard("POP-03")
@cases("name", KEYS)
def test_no_public_key_that_fits(name: str) -> None:
    assert why(made(header={"jwk": KEYS[name]})) == "jwk"


@pytest.mark.standard("POP-03")
def test_a_weak_key() -> None:
    assert why(proof(weak(), now=NOW)) == "jwk"


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("method", ["GET", "post", "Post", "POST ", "*"])
def test_another_method(method: str) -> None:
    assert why(made(method=method)) == "htm"


@pytest.mark.standard("POP-03")
@cases(
    "url",
    [
        "https://as.example.com/o/token",
        "https://as.example.com/o/token//",
        "https://as.example.com/O/token/",
        "https://as.example.com/o/token/%20",
        "https://as.example.com/",
        "https://as.example.com",
        "https://other.example/o/token/",
        "https://as.example.com.other.example/o/token/",
        "https://as.example.com:8443/o/token/",
        "https://as.example.com:0/o/token/",
        "https://as.example.com:x/o/token/",
        "https://as.example.com:99999/o/token/",
        "https://as.example.com@other.example/o/token/",
        "https://other@as.example.com/o/token/",
        "http://as.example.com/o/token/",
        "ftp://as.example.com/o/token/",
        "//as.example.com/o/token/",
        "/o/token/",
        "https:///o/token/",
        "https://[as.example.com/o/token/",
        " https://as.example.com/o/token/",
        "https://as.example.com/o/\ttoken/",
        "https://as.example.com/o/token/\n",
        "https://as.example.com/o/token/ ",
        "https://as.ex\u00e4mple.com/o/token/",
        "https://as.example.com\\o\\token/",
    ],
)  # fmt: skip
def test_another_url(url: str) -> None:
    assert why(made(url=url)) == "htu"


@pytest.mark.standard("POP-03")
@cases(
    "url",
    [
        "https://as.example.com/o/token/?a=b",
        "https://as.example.com/o/token/#a",
        "https://as.example.com/o/token/?a=%zz#b?c",
        "HTTPS://AS.Example.COM/o/token/",
        "https://as.example.com:443/o/token/",
        "https://as.example.com:/o/token/",
        "https://as.example.com/o/%74oken/",
    ],
)
def test_the_same_url_written_in_another_way(url: str) -> None:
    assert verify_proof(made(url=url), terms())
    assert verify_proof(made(), terms(urls=["https://other.example/", url]))


def test_an_empty_path_and_the_root_are_one() -> None:
    assert verify_proof(made(url="http://as.example.com"), terms(urls=["http://as.example.com:80/"]))


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("urls", [[], ["/o/token/"], [""]])
def test_no_url_that_can_be_believed(urls: list[str]) -> None:
    assert why(made(), urls=urls) == "htu"
    assert why(made(url="/o/token/"), urls=urls) == "htu"


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("age", [-LEEWAY - 1, PROOF_LIFETIME + LEEWAY + 1, -(10**9), 10**9])
def test_not_made_just_now(age: int) -> None:
    assert why(made(iat=NOW - age)) == "iat"


@pytest.mark.standard("POP-03")
@pytest.mark.parametrize("age", [-LEEWAY, -0.5, 0, PROOF_LIFETIME + LEEWAY])
def test_made_just_now(age: float) -> None:
    assert verify_proof(made(iat=NOW - age), terms())


@pytest.mark.standard("POP-03")
@cases("ath", [DROP, None, 1, "", TOKEN, b64(b"\0" * 32), [b64(b"\0" * 32)]])
def test_made_for_another_access_token(ath: Any) -> None:
    assert why(made(ath=ath), token=TOKEN) == "ath"
    assert why(made(token=f"{TOKEN}a"), token=TOKEN) == "ath"


@pytest.mark.standard("POP-03")
def test_made_for_this_access_token() -> None:
    assert verify_proof(made(token=TOKEN), terms(token=TOKEN))


def test_what_is_there_besides_means_nothing() -> None:
    more = {"nonce": "x", "iss": "https://evil.example", "exp": 1, "cnf": {}}
    assert verify_proof(made(header={"kid": "x", "jku": "https://evil.example", "x5c": 1}, **more), terms())


@FAST
@given(
    st.one_of(st.none(), values),
    st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath"]), values),
)
def test_whatever_stands_in_it(key: Any, claims: dict[str, Any]) -> None:
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk(ec_key()) if key is None else key}
    good = {"htm": "POST", "htu": URL, "iat": NOW, "jti": "a"}
    text = mint_raw(ec_key(), dump(header), dump(good | claims))

    assert why(text, token=TOKEN) in {"form", "jwk", "htm", "htu", "iat", "jti", "ath"}


@FAST
@given(st.text(st.characters(codec=None), max_size=200))
def test_whatever_is_posted(text: str) -> None:
    assert why(text) == "form"


def test_keys_of_every_kind_have_their_own_thumbprint() -> None:
    keys = [ec_key(), ec_key("P-384"), rsa_key(), ed25519_key()]
    found = {verify_proof(proof(key, now=NOW), terms()).thumbprint for key in keys}
    assert found == set(map(thumbprint, keys))
