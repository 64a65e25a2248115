"""What anybody can make the server do without a credential, beside a request that is granted.

Each kind is posted to the token URL in one process; quoted are the medians of the time of the processor,
and their ratio to that of a good request. Nothing that is posted here is signed by a trusted key.
Run it with ``python -m tests.benchmarks.cheap_requests [--requests N]``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from .grant_cost import GRANT_TYPE, Site, test_databases  # sets Django up

# isort: split
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from django.conf import settings
from django.test import override_settings

from ..factories import DROP, Key, b64, ec_key, jwk, jwks, mint, proof, rsa_key
from ..jwks_server import JwksServer
from ..keys.authority import Authority, name_of
from ..keys.material import sized_exponent
from ..proofs import NESTED
from .grant_cost import FORM, TOKEN_URL, urlencode

NUMBER = count()


def post(site: Site, assertion: str, **headers: str) -> int:
    """Post one assertion; the status."""
    data = urlencode({"grant_type": GRANT_TYPE, "assertion": assertion})
    status: int = site.client.post(TOKEN_URL, data, FORM, **headers).status_code
    return status


def forged(**changes: Any) -> str:
    """An assertion that names the trusted issuer, signed by nobody's key."""
    return mint(rsa_key("attacker"), **{"header": {"kid": DROP}, **changes})


def chain(*keys: Any) -> list[str]:
    """The ``x5c`` of a certificate whose authorities have ``keys``: none leads to a trust anchor."""
    authorities: list[Authority] = []
    for key in keys:
        parent = authorities[-1] if authorities else None
        authorities.append(Authority(f"CA {next(NUMBER)}", parent, key=key))
    leaf = authorities[-1].issue(name_of("signer"))
    return [Authority.b64(one) for one in (leaf, *(one.certificate for one in reversed(authorities)))]


def kinds(site: Site, server: JwksServer) -> Iterator[tuple[str, Callable[[], int]]]:
    """A name for each kind of request, and the request; the site is changed for it meanwhile."""
    yield "no JWT", lambda: post(site, "x")
    yield "16,384 characters of brackets", lambda: post(site, f"{b64(NESTED)}.{'W' * 8000}.x")
    yield "unknown issuer", lambda: post(site, forged(iss="https://unknown.example"))
    yield "bad signature", lambda: post(site, forged())
    with changed(site, jwks=jwks(*(rsa_key(f"many {number}") for number in range(100)))):
        yield "bad signature, 100 keys fit", lambda: post(site, forged())
    site.fetch_keys_from(server)
    yield "unknown key ID, keys fetched", lambda: post(site, forged(header={"kid": f"u{next(NUMBER)}"}))
    for cache in ("dummy.DummyCache", "locmem.LocMemCache"):
        with override_settings(CACHES={"default": {"BACKEND": f"django.core.cache.backends.{cache}"}}):
            name = f"unknown key ID, {cache.partition('.')[2]}"
            yield name, lambda: post(site, forged(header={"kid": f"u{next(NUMBER)}"}))
    with override_settings(CACHES={"default": {"BACKEND": "tests.caches.RaisingCache"}}):
        yield "unknown key ID, cache down", lambda: post(site, forged(header={"kid": f"u{next(NUMBER)}"}))
    yield from certificates(site)
    yield from proofs(site)


def certificates(site: Site) -> Iterator[tuple[str, Callable[[], int]]]:
    """Chains of the caller's own making, to an issuer whose keys are certified."""
    small, huge, odd = (
        rsa.generate_private_key(65537, 3072),
        sized_exponent(3072, 3000),
        dsa.generate_private_key(3072),
    )
    given = {
        "x5c: 5 authorities": [small] * 4,
        "x5c: exponents of 3000 bits": [huge] * 4,
        "x5c: DSA": [odd] * 4,
    }
    with changed(
        site, key_source="certificates", trust_anchors=Authority("Root").pem, certificate_bindings=["dns=a"]
    ):
        for name, keys in given.items():
            assertion = forged(header={"x5c": chain(*keys)})
            assert len(assertion) < 16384, len(assertion)
            yield name, lambda assertion=assertion: post(site, assertion)


def proofs(site: Site) -> Iterator[tuple[str, Callable[[], int]]]:
    """DPoP proofs, which bring their own key along."""
    with override_settings(OAUTH_JWT_GRANT={**settings.OAUTH_JWT_GRANT, "DPOP": True}):
        for name, key in (
            ("P-256", ec_key(name="client")),
            ("P-521", ec_key("P-521", name="client")),
            ("RSA 8192", Key("", "RS256", rsa.generate_private_key(65537, 8192))),
            ("RSA 3072, exponent of 3000 bits", Key("", "RS256", sized_exponent(3072, 3000))),
        ):
            text = proof(key)
            yield f"DPoP proof, {name}", lambda text=text: post(site, forged(), HTTP_DPOP=text)


@contextmanager
def changed(site: Site, **fields: Any) -> Iterator[None]:
    """The issuer with these ``fields``, for a while."""
    before = {name: getattr(site.issuer, name) for name in fields}
    type(site.issuer).objects.update(**fields)
    try:
        yield
    finally:
        type(site.issuer).objects.update(**before)


def main() -> None:
    """Print the median of each kind, the slowest last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100, help="of each kind")
    requests = parser.parse_args().requests
    with test_databases(), JwksServer() as server:
        site = Site()
        server.publish(jwk(site.key))
        site.allow("anonymous", default_application=site.application)
        good = granted(site, requests)
        print(f"granted: {good:.2f} ms")
        for name, request in kinds(site, server):
            # Beyond REFUSALS_PER_MINUTE nothing more is stored: that is how a flood goes on.
            for _ in range(settings.OAUTH_JWT_GRANT.get("REFUSALS_PER_MINUTE", 60) + 1):
                request()
            spent = [timed(request) for _ in range(requests)]
            median = statistics.median(spent)
            print(f"{name}: {median:.2f} ms (worst {max(spent):.1f}), ratio {median / good:.2f}", flush=True)


def granted(site: Site, requests: int) -> float:
    """The median in milliseconds of requests that get a token."""
    assertions = [site.assertion(f"good {number}") for number in range(requests + 5)]

    def request() -> None:
        assert post(site, assertions.pop()) == 200

    for _ in range(5):
        request()
    return statistics.median(timed(request) for _ in range(requests))


def timed(request: Callable[[], Any]) -> float:
    """Milliseconds of the processor that one request takes, those of the test client included."""
    started = time.process_time()
    request()
    return (time.process_time() - started) * 1000


if __name__ == "__main__":
    main()
