"""Random hostile requests in one process: none may end in an error of the server, or bring a token unearned.

Each request is good at first and then spoiled in up to four places: claims, header, the text of the JWT, its
JSON, parameters, credentials, headers, body and method. It follows from the seed and its number alone, so
``--only NUMBER`` repeats one. Run it with ``python -m tests.benchmarks.fuzz [--requests N] [--seed S]``; the
status is 1 if an answer was a 5xx other than 503, or a token has no decision.
"""

from __future__ import annotations

import argparse
import json
import random
import string
from collections import Counter
from collections.abc import Callable
from typing import Any

from .grant_cost import GRANT_TYPE, SECRET, Site, test_databases  # sets Django up

# isort: split
from django.conf import settings
from django.test import override_settings
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule

from ..factories import b64, default_claims, ec_key, jwks, mint, mint_raw, proof
from .grant_cost import FORM, TOKEN_URL, urlencode

DOORS = {
    "assertion": GRANT_TYPE,
    "subject_token": "urn:ietf:params:oauth:grant-type:token-exchange",
    "client_assertion": "client_credentials",
}
CLAIMS = (
    *("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope", "scp", "resource", "client_id", "cnf"),
    *("nonce", "act", "may_act", "azp", "email", "repository_id", "repository_owner_id", "tenant"),
    "authorization_details",
)
HEADERS = ("alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5c", "x5u", "x5t#S256", "zip")
PARAMETERS = (
    *("grant_type", "assertion", "subject_token", "subject_token_type", "client_assertion", "client_id"),
    *("client_assertion_type", "client_secret", "scope", "resource", "audience", "requested_token_type"),
    *(
        "actor_token",
        "authorization_details",
        "user",
        "client",
        "state",
        "code",
        "scopes",
        "encoding",
        "token",
    ),
)
TEXTS = (
    *("", " ", "\0", "\n", "null", "\u200b", "\ud7ff", "\U0001f600", "\ufffd", "\u202e", "a" * 600),
    *(
        "%00",
        "%",
        "+",
        "&=;",
        "https://issuer.example",
        "https://as.example.com",
        "urn:x",
        "//",
        "*",
        "x" * 20_000,
    ),
    *(
        "../../etc/passwd",
        "' OR 1=1 --",
        "<script>",
        "${jndi:x}",
        "{{7*7}}",
        "eyJhbGciOiJub25lIn0.e30.",
        "none",
    ),
    *("HS256", "ES256", "RS256", "at+jwt", "JWT", "oauth-id-jag+jwt", "read", "read write", "admin", "1e400"),
)
NUMBERS = (0, -1, 1, 1e308, 1.5, -0.0, 2**31, 2**63, 2**64, 10**30, 253402300799, 253402300800, 1_800_000_000)
RAW = (
    *('{"iss":"https://issuer.example","iss":"x"}', '{"a":' * 40 + "1" + "}" * 40, "[]", "1", '"x"', "{"),
    *("\ufeff{}", '{"iss":"\\ud800"}', '{"exp":1e999}', '{"exp":NaN}', '{"exp":' + "9" * 5000 + "}"),
    *('{"iss":"\\u0000"}', "{}"),
)
CREDENTIALS = (
    "Basic",
    "Basic x",
    "Basic Zm9v",
    f"Bearer {SECRET}",
    "basic Og==",
    "Digest a",
    "Basic 4pi6Og==",
)
ENVIRONMENT = ("REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_ACCEPT", "HTTP_COOKIE")
ADDRESSES = ("fe80::1%eth0", "", "\u00e9", "a" * 5000, "::1", "evil.example", "x, y")
KINDS = (
    *("application/json", "text/plain", "", "multipart/form-data", "multipart/form-data; boundary=x", FORM),
    *(f"{FORM}; charset=utf-7", f"{FORM}; charset=utf-16", f"{FORM}; charset=utf-8; charset=x", "\u00e9/x"),
)
QUERIES = ("?a=b", "?%", "?grant_type=x", "?client-request-id=1", "?%00", "?" + "a" * 3000)


class Fuzzer:
    """Makes the request of a number."""

    def __init__(self, site: Site, key: Any, seed: str, number: int) -> None:
        self.site, self.key, self.number = site, key, number
        self.random = random.Random(f"{seed}:{number}")  # noqa: S311 - to be repeated
        self.claims: dict[str, Any] = default_claims(
            jti=f"fuzz-{seed}-{number}", repository_id="1", repository_owner_id="2"
        )
        self.header: dict[str, Any] = {"alg": key.alg, "kid": key.kid}
        self.door = self.random.choice([*DOORS, "assertion", "assertion"])
        self.pairs: list[tuple[str, Any]] = []
        self.extra: dict[str, Any] = {}
        self.jwt: str | None = None
        self.kind, self.method = FORM, "POST"
        self.query = ""

    def send(self) -> int:
        """Post it; the status."""
        spoils = self.random.choices(SPOILS, k=self.random.randint(0, 4))
        early = [spoil for spoil in spoils if spoil in BEFORE]
        for spoil in early:
            spoil(self)
        self._compose()
        for spoil in spoils:
            if spoil not in early:
                spoil(self)
        body = urlencode(self.pairs) if self.body is None else self.body
        status: int = self.site.client.generic(
            self.method, f"{TOKEN_URL}{self.query}", body, self.kind, **self.extra
        ).status_code
        return status

    body: Any = None

    def _compose(self) -> None:
        jwt = self.jwt or mint_raw(self.key, _json(self.header), _json(self.claims))
        self.pairs = [("grant_type", DOORS[self.door]), (self.door, jwt)]
        if self.door == "subject_token":
            self.pairs.append(("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"))
        if self.door == "client_assertion":
            kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            self.pairs.append(("client_assertion_type", kind))
        elif self.random.random() < 0.7:
            self.extra |= self.site.basic()

    def value(self, depth: int = 0) -> Any:
        """A JSON value of any kind."""
        choice = self.random.randrange(8 if depth < 3 else 5)
        if choice == 0:
            return self.random.choice(NUMBERS)
        if choice in (1, 2):
            return self.text()
        if choice in (3, 4):
            return self.random.choice([None, True, False])
        if choice == 5:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        if choice == 6:
            return {self.text()[:20]: self.value(depth + 1) for _ in range(self.random.randrange(4))}
        return self.random.randrange(-(10**12), 10**12)

    def text(self) -> str:
        """A string that somebody may have tried."""
        if self.random.random() < 0.7:
            return self.random.choice(TEXTS)
        highest = self.random.choice([0x7F, 0xD7FF])
        return "".join(chr(self.random.randint(1, highest)) for _ in range(self.random.randrange(30)))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def spoil_claim(fuzzer: Fuzzer) -> None:
    fuzzer.claims[fuzzer.random.choice(CLAIMS)] = fuzzer.value()


def drop_claim(fuzzer: Fuzzer) -> None:
    fuzzer.claims.pop(fuzzer.random.choice(CLAIMS), None)


def spoil_header(fuzzer: Fuzzer) -> None:
    fuzzer.header[fuzzer.random.choice(HEADERS)] = fuzzer.value()


def another_key(fuzzer: Fuzzer) -> None:
    fuzzer.jwt = mint(ec_key(name="attacker"), **fuzzer.claims) if fuzzer.claims else None


def raw_json(fuzzer: Fuzzer) -> None:
    raw = fuzzer.random.choice(RAW)
    header, claims = _json(fuzzer.header), _json(fuzzer.claims)
    pair = (raw, claims) if fuzzer.random.random() < 0.5 else (header, raw)
    fuzzer.jwt = mint_raw(fuzzer.key, *pair)


def raw_bytes(fuzzer: Fuzzer) -> None:
    fuzzer.jwt = ".".join(b64(fuzzer.random.randbytes(fuzzer.random.randrange(60))) for _ in range(3))


def mangle(fuzzer: Fuzzer) -> None:
    """Change characters of a parameter, most often of the JWT."""
    if not fuzzer.pairs:
        return
    place = min(1, len(fuzzer.pairs) - 1)
    name, value = fuzzer.pairs[place]
    characters = list(str(value))
    for _ in range(fuzzer.random.randint(1, 3)):
        at = fuzzer.random.randrange(len(characters) + 1)
        characters[at : at + fuzzer.random.randrange(3)] = fuzzer.random.choice([*string.printable, "", "é"])
    fuzzer.pairs[place] = name, "".join(characters)


def spoil_parameter(fuzzer: Fuzzer) -> None:
    value = fuzzer.random.choice([fuzzer.text(), fuzzer.random.randbytes(5)])
    fuzzer.pairs.insert(
        fuzzer.random.randint(0, len(fuzzer.pairs)), (fuzzer.random.choice(PARAMETERS), value)
    )


def drop_parameter(fuzzer: Fuzzer) -> None:
    if fuzzer.pairs:
        fuzzer.pairs.pop(fuzzer.random.randrange(len(fuzzer.pairs)))


def spoil_credentials(fuzzer: Fuzzer) -> None:
    fuzzer.extra["HTTP_AUTHORIZATION"] = fuzzer.random.choice(CREDENTIALS)


def spoil_environment(fuzzer: Fuzzer) -> None:
    fuzzer.extra[fuzzer.random.choice(ENVIRONMENT)] = fuzzer.random.choice(ADDRESSES)


def add_proof(fuzzer: Fuzzer) -> None:
    text = proof(ec_key(name="proof"), url="http://testserver/o/token/")
    fuzzer.extra["HTTP_DPOP"] = fuzzer.random.choice([text, text[:-3], "x", "", f"{text},{text}"])


def spoil_body(fuzzer: Fuzzer) -> None:
    fuzzer.kind, data = fuzzer.random.choice(KINDS), urlencode(fuzzer.pairs).encode()
    document = _json({name: str(value) for name, value in fuzzer.pairs})
    spoiled = [data, data[:-7], data + b"&" * 2000, fuzzer.random.randbytes(50), data.replace(b"=", b"\xff")]
    fuzzer.body = fuzzer.random.choice([*spoiled, document])


def spoil_method(fuzzer: Fuzzer) -> None:
    fuzzer.method = fuzzer.random.choice(["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "POST"])


def add_query(fuzzer: Fuzzer) -> None:
    fuzzer.query = fuzzer.random.choice(QUERIES)


BEFORE: list[Callable[[Fuzzer], None]] = [
    spoil_claim,
    drop_claim,
    spoil_header,
    another_key,
    raw_json,
    raw_bytes,
]
SPOILS: list[Callable[[Fuzzer], None]] = [
    *BEFORE,
    *(spoil_claim, spoil_claim, spoil_header, mangle, spoil_parameter, drop_parameter, spoil_credentials),
    *(spoil_environment, add_proof, spoil_body, spoil_method, add_query),
]


def prepare() -> tuple[Site, Any]:
    """A site with all that can be switched on."""
    site, key = Site(), ec_key()
    site.issuer.jwks = jwks(key)
    site.issuer.save()
    GrantRule.objects.update(
        recorded_claims=["sub", "/act/sub", "email", "nonce"],
        resources=["https://a.example/"],
        accepted_as=["authorization_grant", "subject_token"],
    )
    site.client.raise_request_exception = False
    return site, key


def main() -> int:
    """Send them, and print how they were answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    ours = {**settings.OAUTH_JWT_GRANT, "DPOP": True, "REFUSALS_PER_MINUTE": 100}
    ours |= {"ACCEPTED_AS": ["authorization_grant", "subject_token", "client_assertion"]}
    numbers = range(options.requests) if options.only is None else [options.only]
    answers: Counter[int] = Counter()
    with test_databases(), override_settings(OAUTH_JWT_GRANT=ours):
        site, key = prepare()
        for number in numbers:
            status = Fuzzer(site, key, options.seed, number).send()
            answers[status] += 1
            if status >= 500 and status != 503:
                print(f"request {number} of seed {options.seed} is answered {status}")
        token: Any = get_access_token_model()
        undecided = token.objects.filter(jwt_bearer_decision=None).count()
        accepted = Decision.objects.filter(outcome="accepted").count()
    print(", ".join(f"{status}: {count}" for status, count in sorted(answers.items())))
    print(f"{accepted} tokens with a decision, {undecided} without")
    return int(undecided > 0 or any(status >= 500 and status != 503 for status in answers))


if __name__ == "__main__":
    raise SystemExit(main())
