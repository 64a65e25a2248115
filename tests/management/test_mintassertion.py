"""``mintassertion``: keys of every kind, claims as wanted, and assertions that the grant accepts."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from tests import factories

MINT = ("mintassertion", "--issuer", factories.ISSUER, "--audience", factories.AUDIENCE)


def header_and_claims(jwt: str) -> tuple[dict, dict]:
    header, claims, _ = jwt.strip().split(".")
    return json.loads(factories.unb64(header)), json.loads(factories.unb64(claims))


def pem_file(folder: Path, key, password: bytes | None = None) -> str:
    """Write a private key of ``cryptography`` into a file."""
    encryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    path = folder / "key.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return str(path)


def jwk_file(folder: Path, jwk: object) -> str:
    path = folder / "key.json"
    path.write_text(json.dumps(jwk))
    return str(path)


def private_jwk(run, folder: Path) -> dict:
    """A private JWK with a key ID, as the command makes it."""
    path = folder / "made.json"
    run(*MINT, "--key", str(path), "--generate")
    return json.loads(path.read_text())


KEYS = [
    (factories.rsa_key(), "RS256"),
    (factories.ec_key(), "ES256"),
    (factories.ec_key("P-384"), "ES384"),
    (factories.ec_key("P-521"), "ES512"),
    (factories.ed25519_key(), "Ed25519"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "alg"), KEYS, ids=[alg for _, alg in KEYS])
def test_every_kind_of_key_is_accepted(run, tmp_path, issuer, rule, key, alg):
    issuer.jwks = {"keys": [factories.jwk(key, kid=factories.DROP)]}
    issuer.save()
    jwt = run(*MINT, "--key", pem_file(tmp_path, key.private), "--subject", "alice").out
    assert header_and_claims(jwt)[0] == {"typ": "JWT", "alg": alg}
    assert run("explainassertion", stdin=jwt).status == 0


@pytest.mark.django_db
@pytest.mark.parametrize("alg", ["RS512", "PS256"])
def test_another_algorithm_of_the_key(run, tmp_path, issuer, rule, alg):
    key = factories.rsa_key()
    issuer.jwks = factories.jwks(key)
    issuer.save()
    arguments = ["--key", pem_file(tmp_path, key.private), "--algorithm", alg, "--key-id", key.kid]
    jwt = run(*MINT, *arguments, "--subject", "alice").out
    assert header_and_claims(jwt)[0] == {"typ": "JWT", "alg": alg, "kid": key.kid}
    assert run("explainassertion", stdin=jwt).status == 0


@pytest.mark.django_db
def test_a_made_key_serves_from_the_first_to_the_last_step(run, tmp_path):
    key, public = tmp_path / "key.json", tmp_path / "public.json"
    mint = [*MINT, "--key", str(key), "--generate", "--public-key", str(public), "--subject", "alice"]
    first = run(*mint).out
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    made = json.loads(key.read_text())
    (published,) = json.loads(public.read_text())["keys"]
    assert published.keys() == {"kty", "crv", "x", "y", "kid"}
    assert header_and_claims(first)[0]["kid"] == made["kid"] == published["kid"]
    trust = ["--issuer", factories.ISSUER, "--jwks", str(public)]
    assert run("trustissuer", *trust, "--scopes", "read", "--anonymous", "--no-user").status == 0
    assert run("explainassertion", stdin=first).status == 0
    assert run("explainassertion", stdin=run(*mint).out).status == 0
    assert json.loads(key.read_text()) == made


def test_claims(run, tmp_path):
    key = pem_file(tmp_path, factories.ec_key().private)
    before = int(time.time())
    _, claims = header_and_claims(run(*MINT, "--key", key).out)
    jti, issued_at = claims.pop("jti"), claims.pop("iat")
    assert before <= issued_at <= time.time()
    assert claims == {"iss": factories.ISSUER, "aud": factories.AUDIENCE, "exp": issued_at + 300}
    assert header_and_claims(run(*MINT, "--key", key).out)[1]["jti"] != jti


def test_claims_as_wanted(run, tmp_path):
    key = pem_file(tmp_path, factories.ec_key().private)
    wanted = ["a=text", "n=1", 'list=["x"]', "exp=soon", "iat=null", "jti=mine", "empty="]
    flags = [part for text in wanted for part in ("--claim", text)]
    arguments = [
        "--key",
        key,
        "--audience",
        "other",
        "--expires-in",
        "-60",
        "--subject",
        "alice",
        "--typ",
        "x",
    ]
    header, claims = header_and_claims(run(*MINT, *arguments, *flags).out)
    assert header == {"typ": "x", "alg": "ES256"}
    assert claims == {
        **{"iss": factories.ISSUER, "aud": [factories.AUDIENCE, "other"], "sub": "alice"},
        **{"a": "text", "n": 1, "list": ["x"], "exp": "soon", "iat": None, "jti": "mine", "empty": ""},
    }
    _, claims = header_and_claims(run(*MINT, "--key", key, "--expires-in", "60").out)
    assert claims["exp"] - claims["iat"] == 60


def test_algorithm_of_the_jwk(run, tmp_path):
    jwk = {**private_jwk(run, tmp_path), "alg": "ES256", "kid": "named"}
    header, _ = header_and_claims(run(*MINT, "--key", jwk_file(tmp_path, jwk)).out)
    assert header == {"typ": "JWT", "alg": "ES256", "kid": "named"}


def test_algorithm_that_does_not_fit(run, tmp_path):
    key = pem_file(tmp_path, factories.ec_key().private)
    for alg in ("RS256", "ES384", "HS256", "none"):
        done = run(*MINT, "--key", key, "--algorithm", alg)
        assert done == (1, "", f"--key: it cannot sign with {alg}")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        json.dumps({"kty": "oct", "k": "AAAA"}),
        json.dumps(factories.jwk(factories.rsa_key())),
        json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}),
        factories.rsa_key().pem(),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ],
)
def test_no_private_key(run, tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    done = run(*MINT, "--key", str(path))
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"--key: {path}: ")
    assert text not in done.err.replace(str(path), "")


@pytest.mark.parametrize(
    "key",
    [
        dsa.generate_private_key(1024),  # noqa: S505
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
    ],
    ids=["DSA", "secp256k1", "small"],
)
def test_key_that_no_issuer_may_sign_with(run, tmp_path, key):
    assert run(*MINT, "--key", pem_file(tmp_path, key)).err.startswith("--key: ")


def test_encrypted_key(run, tmp_path):
    path = pem_file(tmp_path, factories.ec_key().private, b"secret")
    done = run(*MINT, "--key", path)
    assert done.err == f"--key: {path}: it is not an unencrypted private key in PEM"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--key", "{folder}/nothing"], "--key: cannot read {folder}/nothing: No such file"),
        (
            ["--key", "{folder}/no/key", "--generate"],
            "--generate: cannot write {folder}/no/key: No such file",
        ),
        (
            ["--key", "{folder}/key", "--generate", "--public-key", "{folder}/no/key"],
            "--public-key: cannot write {folder}/no/key: No such file",
        ),
        (["--key", "{folder}/key", "--generate", "--claim", "a"], "--claim: not NAME=VALUE: a"),
    ],
)
def test_what_is_wrong_is_named(run, tmp_path, arguments, error):
    done = run(*MINT, *(argument.format(folder=tmp_path) for argument in arguments))
    assert (done.status != 0, done.out) == (True, "")
    assert done.err.startswith(error.format(folder=tmp_path))


def test_json_that_is_nested_too_deeply(run, tmp_path):
    key, deep = str(tmp_path / "key.json"), "[" * 50_000
    claim = run(*MINT, "--key", key, "--generate", "--claim", f"x={deep}")
    (tmp_path / "deep.json").write_text(deep)
    for result in (claim, run(*MINT, "--key", str(tmp_path / "deep.json"))):
        assert (result.status, result.err) == (2, "JSON in an argument or file is nested too deeply")
