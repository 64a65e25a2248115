"""Requests per second and latencies under gunicorn with two workers, also while an issuer is down.

Four clients post block after block, the kinds in turn, so that a machine that slows down
slows all. Then the issuer's server refuses connections, and at last accepts them and says
nothing. Run it with ``OJG_TEST_DB=postgres python -m tests.benchmarks.load [--requests N]``;
gunicorn has to be installed.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import count
from urllib.parse import urlencode

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.load_settings"

import django

django.setup()

from django.db import connection

from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import GrantRule, LinkedSubject, TrustedIssuer

from ..factories import jwk, mint
from ..jwks_server import JwksServer, dead_port
from .clearing import summary
from .databases import test_databases
from .grant_cost import FORM, TOKEN_URL, Site

CLIENTS, BLOCK = 4, 100
GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()"),
    *("--workers", "2", "--log-level", "warning"),
]
REMOTE = "https://remote.example"

Request = tuple[str, dict[str, str]]
Kind = Callable[[], Request]
_numbers = count()


def main() -> None:
    """Print what each kind of request takes, all being well and otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="of each kind")
    options = parser.parse_args()
    with test_databases(), JwksServer() as issuer:
        site = Site()
        trust(site, issuer)
        issuer.publish(jwk(site.key))
        with gunicorn() as port:
            kinds = kinds_of(site)
            run(port, kinds, BLOCK)  # both workers have compiled and fetched what they need
            report("", run(port, kinds, options.requests))
            issuer.stop()
            report("issuer refuses connections: ", run(port, kinds, options.requests))
            with silent(issuer.port):
                report("issuer accepts and says nothing: ", run(port, kinds, options.requests))


def trust(site: Site, server: JwksServer) -> None:
    """A second issuer, whose keys are fetched over HTTPS, with the rule of the first but for any client."""
    issuer = TrustedIssuer.objects.create(
        name="Remote",
        issuer=REMOTE,
        key_source="jwks_url",
        jwks_url=server.url(),
        ca_bundle=server.ca_pem,
        allow_private_network=True,
    )
    LinkedSubject.objects.create(
        issuer=issuer, subject="alice", user=LinkedSubject.objects.get(issuer=site.issuer).user
    )
    GrantRule.objects.create(
        issuer=issuer,
        name="anybody",
        scopes="read",
        client_policy="anonymous",
        default_application=site.application,
    )


def kinds_of(site: Site) -> dict[str, Kind]:
    """What is posted, by name."""
    headers = {"Content-Type": FORM}
    basic = {**headers, "Authorization": site.basic()["HTTP_AUTHORIZATION"]}

    def body(assertion: str) -> str:
        return urlencode({"grant_type": GRANT_TYPE, "assertion": assertion, "scope": "read"})

    return {
        "client_credentials": lambda: ("grant_type=client_credentials&scope=read", basic),
        "identified client": lambda: (body(site.assertion(next(_numbers))), basic),
        "remote keys, no client": lambda: (body(mint(site.key, iss=REMOTE)), headers),
    }


@contextmanager
def gunicorn() -> Iterator[int]:
    """Two workers on the test database; the port they listen at."""
    port = dead_port()
    server = subprocess.Popen(
        [*GUNICORN, "--bind", f"127.0.0.1:{port}"],
        env={**os.environ, "OJG_TEST_DB_NAME": str(connection.settings_dict["NAME"])},
    )
    try:
        for _ in range(200):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def silent(port: int) -> Iterator[None]:
    """A server at ``port`` that never says anything: the kernel accepts, nobody reads."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        yield


def run(port: int, kinds: dict[str, Kind], requests: int) -> dict[str, tuple[float, list[float]]]:
    """Post ``requests`` of each kind, block by block; for each the seconds it took, and each request's."""
    results: dict[str, tuple[float, list[float]]] = {name: (0.0, []) for name in kinds}
    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in range(0, requests, BLOCK):
            for name, kind in kinds.items():
                block = [kind() for _ in range(BLOCK)]
                started = time.perf_counter()
                times = list(clients.map(lambda request: post(port, request), block))
                total, known = results[name]
                results[name] = (total + time.perf_counter() - started, known + times)
    return results


def post(port: int, request: Request) -> float:
    """Milliseconds of one request on a connection of its own; anything but a token ends the measurement."""
    body, headers = request
    started = time.perf_counter()
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as http:
        http.request("POST", TOKEN_URL, body, headers)
        answer = http.getresponse()
        content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {content!r}")
    return (time.perf_counter() - started) * 1000


def report(case: str, results: dict[str, tuple[float, list[float]]]) -> None:
    for name, (seconds, times) in results.items():
        print(f"{case}{name}: {len(times) / seconds:.0f} requests per second; {summary(times)}", flush=True)


if __name__ == "__main__":
    main()
