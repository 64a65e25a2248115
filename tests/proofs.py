"""Proofs that are wrong in one thing each (RFC 9449 section 4.3), wherever they are sent."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.factories import AUDIENCE, DROP, b64, ec_key, jwk, mint, mint_hmac, mint_raw, rsa_key

#: Makes a good proof for the request in question, changed.
Make = Callable[..., str]


def _of_raw(header: str) -> Callable[[Make], str]:
    return lambda make: mint_raw(ec_key(), header, b"{}")


NESTED = '{"alg":"ES256","typ":"dpop+jwt","jwk":' + "[" * 3000 + "]" * 3000 + "}"

#: What it is made like, and what is said to be wrong with it.
WRONG: dict[str, tuple[Callable[[Make], str], str]] = {
    "empty": (lambda make: "", "form"),
    "no JWT": (lambda make: "x", "form"),
    "two": (lambda make: f"{make()}, {make()}", "form"),
    "not ASCII": (lambda make: "\xe9.\xff.\x80", "form"),
    "huge": (lambda make: make(pad="a" * 60_000), "form"),
    "nested": (_of_raw(NESTED), "form"),
    "half a surrogate pair": (lambda make: make(jti="\ud800"), "form"),
    "critical": (lambda make: make(header={"crit": ["x"]}), "form"),
    "an assertion": (lambda make: mint(ec_key()), "typ"),
    "no type": (lambda make: make(header={"typ": DROP}), "typ"),
    "unsigned": (lambda make: make(header={"alg": "none"}), "alg"),
    "HMAC": (lambda make: mint_hmac(b"x", header={"typ": "dpop+jwt", "jwk": jwk(ec_key())}), "alg"),
    "no key": (lambda make: make(header={"jwk": DROP}), "jwk"),
    "private key": (lambda make: make(header={"jwk": {**jwk(ec_key()), "d": "AA"}}), "jwk"),
    "key of another type": (lambda make: make(header={"jwk": jwk(rsa_key())}), "jwk"),
    "key with a long exponent": (
        lambda make: make(header={"jwk": {**jwk(rsa_key()), "e": b64(b"\x01" * 256)}, "alg": "RS256"}),
        "jwk",
    ),
    "signed by another": (lambda make: make(header={"jwk": jwk(ec_key())}), "signature"),
    "changed": (lambda make: _changed(make()), "signature"),
    "method": (lambda make: make(method="PUT"), "htm"),
    "another path": (lambda make: make(url=f"{AUDIENCE}/other/"), "htu"),
    "issuer": (lambda make: make(url=AUDIENCE), "htu"),
    "another server": (lambda make: make(url="https://other.example/o/token/"), "htu"),
    "no URL": (lambda make: make(url=[AUDIENCE]), "htu"),
    "old": (lambda make: make(now=1_700_000_000), "iat"),
    "future": (lambda make: make(now=4_000_000_000), "iat"),
    "no time": (lambda make: make(iat="now"), "iat"),
    "without jti": (lambda make: make(jti=DROP), "jti"),
    "jti of another type": (lambda make: make(jti=1), "jti"),
}
#: Only beside an access token.
WRONG_FOR_A_TOKEN = WRONG | {
    "without ath": (lambda make: make(ath=DROP), "ath"),
    "ath of another type": (lambda make: make(ath=1), "ath"),
    "for another token": (lambda make: make(token="other"), "ath"),
}


def _changed(text: str) -> str:
    header, _, signature = text.split(".")
    return f"{header}.{b64(json.dumps({'changed': True}))}.{signature}"
