"""The JWT as it is posted: its form, header and signature (RFC 7515, RFC 7519, RFC 8725)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from oauth_jwt_grant.models import TrustedIssuer
from tests.factories import (
    DROP,
    Key,
    b64,
    default_claims,
    ec_key,
    ed25519_key,
    jwk,
    jwks,
    mint,
    mint_hmac,
    mint_raw,
    rsa_key,
    unb64,
)
from tests.support import UNVERIFIED, World, assert_granted, assert_refused, cases

MALFORMED = "The assertion is not one signed JWT in compact serialization."
CRITICAL = "The assertion has a critical header parameter that is not understood here."


def parts(**claims: Any) -> list[str]:
    return mint(ec_key(), **claims).split(".")


def header(**members: Any) -> str:
    return json.dumps({"alg": "ES256", "kid": ec_key().kid, **members})


def claims(**members: Any) -> str:
    return json.dumps(default_claims(**members))


@pytest.mark.standard("JOSE-05", "JOSE-36")
@cases(
    ("key", "alg"),
    [
        *((rsa_key, alg) for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        *(
            (lambda c=c: ec_key(c), alg)
            for c, alg in (("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"))
        ),
        *((ed25519_key, alg) for alg in ("EdDSA", "Ed25519")),
    ],
)
def test_every_algorithm_gets_a_token(world: World, key: Any, alg: str) -> None:
    world.change(world.issuer, jwks=jwks(key()))

    assert_granted(world.post(assertion=mint(key(), alg=alg)))


@pytest.mark.standard("JOSE-01")
@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_nothing_of_a_signed_jwt_can_be_changed(world: World, part: int) -> None:
    tampered = parts()
    if part == 2:
        tampered[2] = b64(bytes(len(unb64(tampered[2]))))
    else:
        tampered[part] = b64(json.dumps({**json.loads(unb64(tampered[part])), "extra": 1}))

    assert_refused(world.post(assertion=".".join(tampered)), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JOSE-02", "JOSE-03")
@cases("alg", ["none", "None", "nOnE", "NONE", "HS256", "es256", "ES256 ", "ES256K", "RS1", "x"])
@cases("signature", ["", "AA", "good"])
def test_no_other_algorithm_is_accepted(world: World, alg: str, signature: str) -> None:
    signed = mint_raw(ec_key(), header(alg=alg), claims(), alg="ES256").rpartition(".")
    assertion = f"{signed[0]}.{signed[2] if signature == 'good' else signature}"

    answer = assert_refused(world.post(assertion=assertion), "invalid_grant")
    assert answer["error_description"] in (UNVERIFIED, MALFORMED)


@pytest.mark.standard("JOSE-04")
@cases("alg", [None, 1, True, [], ["ES256"], {}, ""])
def test_the_algorithm_is_a_string(world: World, alg: Any) -> None:
    assertion = mint_raw(ec_key(), header(alg=alg), claims())

    assert_refused(world.post(assertion=assertion), "invalid_grant")


@pytest.mark.standard("JOSE-04")
def test_the_algorithm_is_not_left_out(world: World) -> None:
    assertion = mint_raw(ec_key(), json.dumps({"kid": ec_key().kid}), claims())

    assert_refused(world.post(assertion=assertion), "invalid_grant", MALFORMED)


@pytest.mark.standard("JOSE-06")
def test_the_algorithms_are_those_of_the_issuer(world: World) -> None:
    world.change(world.issuer, jwks=jwks(rsa_key(), ec_key()), algorithms=["ES256"])

    assert_granted(world.post(assertion=mint(ec_key())))
    assert_refused(world.post(assertion=mint(rsa_key())), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JOSE-05", "JOSE-06")
def test_the_setting_is_the_ceiling_of_all_issuers(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "ALGORITHMS": ["ES384"]}
    assert_refused(world.post(), "invalid_grant", UNVERIFIED)

    world.change(world.issuer, algorithms=["ES256"])
    assert_refused(world.post(), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JOSE-07", "H-62")
@pytest.mark.parametrize("key", [rsa_key, ec_key], ids=["RSA", "EC"])
def test_a_public_key_is_no_secret_to_sign_with(world: World, key: Any) -> None:
    issuer_key: Key = key()
    world.change(world.issuer, jwks=jwks(issuer_key))
    pem = issuer_key.pem()

    for secret in (pem, pem.strip(), json.dumps(jwk(issuer_key)), jwk(issuer_key).get("n", "")):
        for kid in ({}, {"kid": issuer_key.kid}):
            forged = mint_hmac(secret.encode(), header=kid)
            assert_refused(world.post(assertion=forged), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JOSE-08")
def test_a_key_that_names_its_algorithm_is_used_with_no_other(world: World) -> None:
    world.change(world.issuer, jwks={"keys": [jwk(rsa_key(), alg="RS512")]})

    assert_granted(world.post(assertion=mint(rsa_key(), alg="RS512")))
    assert_refused(world.post(assertion=mint(rsa_key())), "invalid_grant", UNVERIFIED)
    assert_refused(world.post(assertion=mint(rsa_key(), alg="PS512")), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JOSE-09", "JOSE-10")
@pytest.mark.parametrize(
    "members", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": []}, {"key_ops": "verify"}]
)
def test_a_key_for_something_else_is_left_out(world: World, members: dict[str, Any]) -> None:
    other = ec_key(name="other")
    # Past the validation of the model, which refuses such a key by name.
    TrustedIssuer.objects.update(jwks={"keys": [jwk(ec_key()), jwk(other, **members)]})

    assert_refused(world.post(assertion=mint(other)), "invalid_grant", UNVERIFIED)
    assert_granted(world.post())


@pytest.mark.standard("JOSE-13")
def test_ecdsa_signatures_are_of_their_curve_and_length(world: World) -> None:
    world.change(world.issuer, jwks=jwks(ec_key(), ec_key("P-384")))
    signing_input = b64(header()) + "." + b64(claims())
    der = ec_key().private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    good = ec_key().sign(signing_input.encode())

    assert_granted(world.post(assertion=f"{signing_input}.{b64(good)}"))
    for signature in (der, good[:-1], good + b"\0", good[:32], b"\0" * 64):
        refused = world.post(assertion=f"{signing_input}.{b64(signature)}")
        assert_refused(refused, "invalid_grant", UNVERIFIED)
    wrong_curve = mint_raw(ec_key("P-384"), header(kid=ec_key("P-384").kid), claims(), alg="ES256")
    assert_refused(world.post(assertion=wrong_curve), "invalid_grant", UNVERIFIED)


@pytest.mark.standard("JOSE-14")
def test_an_rsa_signature_is_of_the_hash_that_the_header_names(world: World) -> None:
    world.change(world.issuer, jwks=jwks(rsa_key()))
    rs256 = json.dumps({"alg": "RS256", "kid": rsa_key().kid})

    for alg in ("RS384", "RS512", "PS256"):
        assertion = mint_raw(rsa_key(), rs256, claims(), alg=alg)
        assert_refused(world.post(assertion=assertion), "invalid_grant", UNVERIFIED)


def broken_forms() -> dict[str, str]:
    h, p, s = parts()
    padded = base64.urlsafe_b64encode(b" " * (len(unb64(p)) % 3 == 0) + unb64(p)).decode()
    return {
        "no periods": h + p + s,
        "two parts": f"{h}.{p}",
        "four parts": f"{h}.{p}.{s}.{s}",
        "five parts": f"{h}.{p}.{s}.{s}.{s}",
        "empty parts": "..",
        "empty header": f".{p}.{s}",
        "empty claims": f"{h}..{s}",
        "no signature": f"{h}.{p}.",
        "padding": f"{h}.{p}=.{s}",
        "padding of base64": f"{h}.{padded}.{s}",
        "plus and slash": f"{h}.{p}.+/{s[2:]}",
        "line break": f"{h}.{p}.\n{s}",
        "two line breaks at the end": f"{h}.{p}.{s}\n\n",
        "blank before": f" {h}.{p}.{s}",
        "blank within": f"{h}. {p}.{s}",
        "not ascii": f"{h}.{p}.é{s}",
        "quotes": f'"{h}.{p}.{s}"',
        "Bearer": f"Bearer {h}.{p}.{s}",
        "flattened JSON": json.dumps({"protected": h, "payload": p, "signature": s}),
        "general JSON": json.dumps({"payload": p, "signatures": [{"protected": h, "signature": s}]}),
        "a UUID": "6f2b2f3e-6b0c-4a54-9b5d-3b6f6d2f8a10",
        "NUL": f"{h}.{p}.\0{s}",
        "XML": "<saml:Assertion/>",
    }


@pytest.mark.standard("JOSE-15", "JOSE-16", "JOSE-31", "REQ-12", "ERR-01", "ERR-02", "H-61")
@cases("name", broken_forms())
def test_nothing_but_a_compact_signed_jwt(world: World, name: str) -> None:
    assert_refused(world.post(assertion=broken_forms()[name]), "invalid_grant", MALFORMED)


@pytest.mark.standard("JOSE-15")
def test_the_spare_bits_of_base64url_are_zero(world: World) -> None:
    h, p, s = parts()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sibling = s[:-1] + alphabet[alphabet.index(s[-1]) + 1]

    assert unb64(sibling) == unb64(s)
    assert_refused(world.post(assertion=f"{h}.{p}.{sibling}"), "invalid_grant", MALFORMED)


NOT_OBJECTS = [
    "[]",
    '"text"',
    "1",
    "null",
    "true",
    "{}x",
    "{} {}",
    "{/* */}",
    "",
    " ",
    "{'iss': 1}",
    "{,}",
    "nope",
]


@pytest.mark.standard("JOSE-17", "JOSE-18", "JOSE-19", "JOSE-20", "ROB-02", "ERR-07", "CLM-09")
@cases("where", ["header", "claims"])
@cases(
    "text",
    [
        *NOT_OBJECTS,
        *(
            f'{{"a": {value}}}'
            for value in ("NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "1e400", "-1e999")
        ),
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 40 + "1" + "]" * 40 + "}",
        '{"a":' * 3000 + "1" + "}" * 3000,
        '{"a": 1, "a": 1}',
        '{"o": {"a": 1, "a": 2}}',
        r'{"a": "\u0000"}',
        r'{"\u0000": 1}',
        r'{"a": "\ud800"}',
        r'{"a": "\udc00\ud800"}',
        '{"a": "\n"}',
        '{"a": "\\x"}',
    ],
)
def test_header_and_claims_are_strict_json_objects(world: World, where: str, text: str) -> None:
    # Merged into a good object, so that nothing else is wrong with it.
    good = header() if where == "header" else claims()
    if text.startswith('{"') and text not in NOT_OBJECTS:
        text = good[:-1] + ", " + text[1:]
    texts = (text, claims()) if where == "header" else (header(), text)

    response = world.post(assertion=mint_raw(ec_key(), *texts))

    answer = assert_refused(response, "invalid_grant")
    assert answer["error_description"] in (MALFORMED, "The assertion is too long.")


@pytest.mark.standard("JOSE-17")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_json_is_utf_8_without_a_mark(world: World, encoding: str) -> None:
    text = json.dumps(default_claims(name="é"), ensure_ascii=False)

    response = world.post(assertion=mint_raw(ec_key(), header(), text.encode(encoding)))

    assert_refused(response, "invalid_grant", MALFORMED)


@pytest.mark.standard("JOSE-19", "JOSE-20")
@cases("name", ["sub", "iss", "aud", "exp", "jti", "x"])
def test_a_claim_does_not_occur_twice(world: World, name: str) -> None:
    text = claims(x=1)
    twice = f'{text[:-1]}, "{name}": {json.dumps(json.loads(text)[name])}}}'

    assert_refused(world.post(assertion=mint_raw(ec_key(), header(), twice)), "invalid_grant", MALFORMED)


@pytest.mark.standard("JOSE-21", "JOSE-22", "JOSE-23")
@cases(
    "members",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": "exp"},
        {"crit": None},
        {"crit": ["alg"]},
        {"crit": ["x", "x"], "x": 1},
        {"crit": ["absent"]},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"b64": False},
        {"b64": None},
    ],
)
def test_nothing_critical_is_understood(world: World, members: dict[str, Any]) -> None:
    assertion = mint_raw(ec_key(), header(**members), claims())

    assert_refused(world.post(assertion=assertion), "invalid_grant", CRITICAL)


@pytest.mark.standard("JOSE-24", "CLM-08")
def test_what_is_unknown_and_not_critical_is_ignored(world: World) -> None:
    assertion = mint(
        ec_key(), header={"foo": 1, "trust_chain": ["x"], "b64": True}, bar={"a": [1]}, act={"sub": "x"}
    )

    assert_granted(world.post(assertion=assertion))


@pytest.mark.standard("JOSE-25", "JOSE-26", "KEY-03", "X5C-01")
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_a_key_in_the_assertion_gives_no_trust(world: World, name: str) -> None:
    attacker = ec_key(name="attacker")
    value = {"jwk": jwk(attacker), "x5c": ["MIIB"], "x5t": "x"}.get(name, "https://127.0.0.1:1/jwks")

    for kid in (attacker.kid, ec_key().kid, DROP):
        forged = mint(attacker, header={name: value, "kid": kid})
        assert_refused(world.post(assertion=forged), "invalid_grant", UNVERIFIED)
    assert_granted(world.post(assertion=mint(ec_key(), header={name: value})))


ODD_TEXTS = [
    "../../etc/passwd", "' OR 1=1--", "*)(uid=*", "é", "\U0001f600", "a\nb", "%00", "${jndi:ldap://x}",
    "x" * 5000, "",
]  # fmt: skip


@pytest.mark.standard("JOSE-27", "CLM-11", "ERR-04", "ERR-07")
@cases("text", ODD_TEXTS)
def test_odd_texts_are_refused_and_never_come_back(world: World, text: str) -> None:
    for assertion in (
        mint(ec_key(), header={"kid": text or "no such"}),
        mint(ec_key(), header={"typ": text or "other"}),
        mint(ec_key(), header={"alg": text}),
        mint(ec_key(), iss=text),
        mint(ec_key(), sub=text),
        mint(ec_key(), aud=text),
    ):
        answer = assert_refused(world.post(assertion=assertion), "invalid_grant")
        assert not text or text not in json.dumps(answer)
    answer_to_jti = world.post(assertion=mint(ec_key(), jti=text))
    assert_granted(answer_to_jti) if text else assert_refused(answer_to_jti, "invalid_grant")


@pytest.mark.standard("JOSE-28")
@cases("name", ["kid", "typ", "cty"])
@cases("value", [1, [], {}, None, True])
def test_header_texts_are_texts(world: World, name: str, value: Any) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), header={name: value})), "invalid_grant", MALFORMED)


@pytest.mark.standard("JOSE-29", "KEY-08")
def test_without_a_key_id_every_fitting_key_is_tried(world: World) -> None:
    keys = [ec_key(name=str(number)) for number in range(3)]
    world.change(world.issuer, jwks=jwks(rsa_key(), *keys))

    for key in (*keys, rsa_key()):
        assert_granted(world.post(assertion=mint(key, header={"kid": DROP})))
    assert_refused(
        world.post(assertion=mint(ec_key(name="x"), header={"kid": DROP})), "invalid_grant", UNVERIFIED
    )


@pytest.mark.standard("KEY-08")
def test_keys_of_different_types_may_share_a_key_id(world: World) -> None:
    world.change(world.issuer, jwks={"keys": [jwk(rsa_key(), kid="k"), jwk(ec_key(), kid="k")]})

    assert_granted(world.post(assertion=mint(ec_key(), header={"kid": "k"})))
    assert_granted(world.post(assertion=mint(rsa_key(), header={"kid": "k"})))


@pytest.mark.standard("JOSE-30", "TYP-02", "CHN-10")
@pytest.mark.parametrize("typ", [DROP, "JWT", "jwt", "application/jwt", "Application/JWT"])
def test_the_plain_type_in_every_spelling(world: World, typ: Any) -> None:
    assert_granted(world.post(assertion=mint(ec_key(), header={"typ": typ})))


@pytest.mark.standard("JOSE-35", "JOSE-32")
@pytest.mark.parametrize("cty", ["JWT", "jwt", "application/jwt"])
def test_a_nested_jwt_is_not_read(world: World, cty: str) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), header={"cty": cty})), "invalid_grant", MALFORMED)
    nested = mint_raw(ec_key(), header(cty=cty), mint(ec_key()))
    assert_refused(world.post(assertion=nested), "invalid_grant", MALFORMED)
