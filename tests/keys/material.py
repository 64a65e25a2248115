"""Keys, and what is handed to a source of keys: a clock, a cache and a store that tests can look into."""

from __future__ import annotations

import base64
import json
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from oauth_jwt_grant.keys import Failure, KeySet, Stored, key_set_text

START = 1_800_000_000.0


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int, length: int | None = None) -> str:
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def sized_exponent(bits: int, exponent_bits: int) -> rsa.RSAPrivateKey:
    """An RSA key of ``bits`` whose public exponent has ``exponent_bits``."""
    numbers = rsa.generate_private_key(65537, bits).private_numbers()
    totient = math.lcm(numbers.p - 1, numbers.q - 1)
    e = (1 << (exponent_bits - 1)) | 1
    while math.gcd(e, totient) != 1:
        e += 2
    d = pow(e, -1, totient)
    public = rsa.RSAPublicNumbers(e, numbers.public_numbers.n)
    parts = rsa.rsa_crt_dmp1(d, numbers.p), rsa.rsa_crt_dmq1(d, numbers.q), numbers.iqmp
    return rsa.RSAPrivateNumbers(numbers.p, numbers.q, d, *parts, public).private_key()


@cache
def large_key() -> rsa.RSAPrivateKey:
    """An RSA key of 8676 bits, of known primes (Mersenne): a search for new ones takes half a minute."""
    p, q, e = (1 << 4423) - 1, (1 << 4253) - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    parts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, *parts, rsa.RSAPublicNumbers(e, p * q))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


@cache
def ec_key(name: str = "") -> ec.EllipticCurvePrivateKey:
    """A P-256 key, another one for each ``name``."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_jwk(kid: str | None = "rsa", key: rsa.RSAPrivateKey | None = None, **members: Any) -> dict[str, Any]:
    numbers = (key or rsa_key()).public_key().public_numbers()
    jwk = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), "kid": kid, **members}
    return {name: value for name, value in jwk.items() if value is not None}


def ec_jwk(kid: str | None = "ec", **members: Any) -> dict[str, Any]:
    """The public JWK of the key that has the name ``kid``."""
    numbers = ec_key(kid or "").public_key().public_numbers()
    x, y = number(numbers.x, 32), number(numbers.y, 32)
    jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, **members}
    return {name: value for name, value in jwk.items() if value is not None}


def ed_jwk(kid: str = "ed", **members: Any) -> dict[str, Any]:
    raw = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32).public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw), "kid": kid, **members}


def header(kid: str | None = None, alg: str = "ES256", **members: Any) -> dict[str, Any]:
    return {"alg": alg, **({} if kid is None else {"kid": kid}), **members}


class Clock:
    """A clock that is set by hand. ``sleep`` sets it on."""

    def __init__(self, now: float = START) -> None:
        self.now = now
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


class MemoryCache:
    """A cache by the clock of the test. ``calls`` are the names of the methods that were called."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._values: dict[str, tuple[Any, float]] = {}
        self._lock = threading.Lock()
        self.calls: list[str] = []

    def get(self, key: str, default: Any = None) -> Any:
        self.calls.append("get")
        value, end = self._values.get(key, (default, float("inf")))
        return value if self._clock() < end else default

    def set(self, key: str, value: Any, timeout: float) -> None:
        self.calls.append("set")
        self._values[key] = (value, self._clock() + timeout)

    def add(self, key: str, value: Any, timeout: float) -> bool:
        self.calls.append("add")
        with self._lock:
            held = key in self._values and self._clock() < self._values[key][1]
            if not held:
                self._values[key] = (value, self._clock() + timeout)
            return not held

    def delete(self, key: str) -> None:
        self.calls.append("delete")
        self._values.pop(key, None)

    def flush(self) -> None:
        self._values.clear()


class BrokenCache:
    """A cache with a server that is down."""

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("the cache is down")

    get = set = add = delete = _fail


def _reversed(value: Any) -> Any:
    """The same JSON value, the members of its objects in another order."""
    if isinstance(value, dict):
        return {name: _reversed(member) for name, member in reversed(value.items())}
    return [_reversed(member) for member in value] if isinstance(value, list) else value


class MemoryStore:
    """Keeps what is saved, but no order of members, like PostgreSQL; ``loads`` counts the questions."""

    def __init__(self) -> None:
        self.saved: KeySet | None = None
        self.failure: Failure | None = None
        self.loads = 0
        self.writes = 0

    def load(self) -> Stored:
        self.loads += 1
        saved = self.saved
        if saved is not None:
            text = key_set_text(_reversed(json.loads(saved.text)))
            saved = replace(saved, text=text, url="")
        return Stored(saved, self.failure)

    def save(self, keys: KeySet) -> None:
        self.writes += 1
        self.saved, self.failure = keys, None

    def fail(self, failure: Failure) -> None:
        self.writes += 1
        self.failure = failure


def hold(remote: Callable[..., Any], cache: MemoryCache, name: str) -> None:
    """Play another process that holds ``name`` for 10 seconds."""
    cache.add(f"oauth_jwt_grant:keys:3:{remote()._source}:{name}", True, 10)
