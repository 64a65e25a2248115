"""What one token costs with this grant, beside django-oauth-toolkit's own ``client_credentials``.

Both are posted in turn to the same token URL in one process, so that a machine that
slows down slows both; quoted is the ratio of the medians, with the statements of each.
The two other doors are posted in turn with the first one, and an identified client in turn with
the same work by bare calls of the driver.
Run it with ``python -m tests.benchmarks.grant_cost [--requests N] [--cpu] [--doors] [--bare] [--memory]``.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer

from ..factories import ISSUER, jwk, jwks, mint, rsa_key
from ..jwks_server import JwksServer
from .bare import BareCalls
from .databases import test_databases

TOKEN_URL = "/o/token/"
FORM = "application/x-www-form-urlencoded"
SECRET = "benchmark-secret"
USERNAME = get_user_model().USERNAME_FIELD
AUDIENCE = "https://as.example.com"

clock: Callable[[], float] = time.perf_counter


def processor_time(server: Path | None) -> float:
    """The seconds that this process and the task ``server`` have had a processor, whatever else runs here."""
    nanoseconds = int(server.read_text().split()[0]) if server else 0
    return time.process_time() + nanoseconds / 1e9


def server_task() -> Path | None:
    """Where Linux counts the time of what answers us in a database server on this machine."""
    queries = {
        "postgresql": "SELECT pg_backend_pid()",
        "mysql": "SELECT tid FROM information_schema.processlist WHERE id = connection_id()",
    }
    if connection.vendor not in queries:
        return None
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor])
        return Path(f"/proc/{cursor.fetchone()[0]}/schedstat")


class Site:
    """A trusted issuer with its keys inline, a linked subject, and two applications with a plain secret."""

    def __init__(self) -> None:
        self.key = rsa_key()
        self.client = Client()
        user = get_user_model().objects.create_user(**{USERNAME: "bench@example.com"})
        self.issuer = TrustedIssuer.objects.create(
            name="Benchmark", issuer=ISSUER, key_source="inline", jwks=jwks(self.key)
        )
        LinkedSubject.objects.create(issuer=self.issuer, subject="alice", user=user)
        self.application = get_application_model().objects.create(
            name="bench",
            client_type="confidential",
            authorization_grant_type="client-credentials",
            client_secret=SECRET,
            hash_client_secret=False,
        )
        listed = GrantRule.objects.create(issuer=self.issuer, name="client", scopes="read write")
        listed.applications.add(self.application)
        for claim, value in (("repository_id", "1"), ("repository_owner_id", "2")):
            ClaimCondition.objects.create(rule=listed, claim=claim, values=[value])

    def basic(self) -> dict[str, str]:
        """The header that identifies the client."""
        text = base64.b64encode(f"{self.application.client_id}:{SECRET}".encode()).decode()
        return {"HTTP_AUTHORIZATION": f"Basic {text}"}

    def assertion(self, number: object, **claims: Any) -> str:
        """A new assertion that the rule accepts."""
        pinned = {"jti": f"bench-{number}", "repository_id": "1", "repository_owner_id": "2"}
        return mint(self.key, **pinned, **claims)

    def fetch_keys_from(self, server: JwksServer) -> None:
        """Have the issuer's keys fetched over HTTPS from now on."""
        self.issuer.key_source, self.issuer.jwks_url = "jwks_url", server.url()
        self.issuer.ca_bundle, self.issuer.allow_private_network = server.ca_pem, True
        self.issuer.save()

    def allow(self, client_policy: str, **fields: Any) -> None:
        """Make the rule one for these clients."""
        GrantRule.objects.update(**{"client_policy": client_policy, "default_application": None, **fields})


def main() -> None:
    """Print statements and times of each kind of request, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="of each kind")
    parser.add_argument(
        "--cpu", action="store_true", help="CPU time, the database's included, for a busy machine"
    )
    parser.add_argument("--doors", action="store_true", help="the doors alone")
    parser.add_argument("--bare", action="store_true", help="bare calls of the driver alone")
    parser.add_argument("--memory", action="store_true", help="SQLite in memory, not in a file")
    options = parser.parse_args()
    if options.memory:
        connection.settings_dict["TEST"]["NAME"] = None
    global clock
    with test_databases():
        if options.cpu:
            clock = partial(processor_time, server_task())
        site = Site()
        if not (options.doors or options.bare):
            measure(site, options.requests)
        if not options.doors:
            measure_bare(site, options.requests)
        if not options.bare:
            measure_doors(site, options.requests)


def measure(site: Site, requests: int) -> None:
    """Measure each kind of request beside ``client_credentials``, also under ``ATOMIC_REQUESTS``."""

    def own() -> int:
        return post(site, {"grant_type": "client_credentials", "scope": "read"}, **site.basic())

    measure_clients(site, own, requests)
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    measure_clients(site, own, requests, "ATOMIC_REQUESTS, ")
    connection.settings_dict["ATOMIC_REQUESTS"] = False
    measure_variants(site, own, requests)


def measure_clients(site: Site, own: Callable[[], int], requests: int, prefix: str = "") -> None:
    """Measure an identified client, then no client, which the rule goes on to admit."""
    assertions = iter([site.assertion(f"{prefix}{number}") for number in range(2 * requests + 40)])

    def request(**headers: str) -> int:
        grant = {"grant_type": GRANT_TYPE, "assertion": next(assertions), "scope": "read"}
        return post(site, grant, **headers)

    site.allow("listed")
    compare(f"{prefix}identified client", lambda: request(**site.basic()), own, requests)
    site.allow("anonymous", default_application=site.application)
    compare(f"{prefix}no client", request, own, requests)


def measure_variants(site: Site, own: Callable[[], int], requests: int) -> None:
    """Measure what rules and issuers may add: keys that were fetched, users found by a claim or made."""
    number = count()

    def request(**claims: Callable[[], str]) -> Callable[[], int]:
        assertions = [
            site.assertion(f"v{next(number)}", **{name: value() for name, value in claims.items()})
            for _ in range(requests + 20)
        ]
        return lambda: post(site, {"grant_type": GRANT_TYPE, "assertion": assertions.pop()})

    rules = GrantRule.objects.all()
    rules.update(subject_policy="user_field", subject_claim="name", user_field=USERNAME)
    compare("no client, user by a claim", request(name=lambda: "bench@example.com"), own, requests)
    rules.update(subject_policy="provision", subject_claim="sub")
    compare("no client, user made before", request(), own, requests)
    compare("no client, user made now", request(sub=lambda: f"new-{next(number)}"), own, requests)
    with JwksServer() as server:
        server.publish(jwk(site.key))
        site.fetch_keys_from(server)
        compare("no client, fetched keys", request(), own, requests)


def measure_bare(site: Site, requests: int) -> None:
    """Measure an identified client beside the same work by bare calls of the driver."""
    site.issuer.key_source = "inline"
    site.issuer.save()
    site.allow("listed", subject_policy="linked", subject_claim="", scopes="read")
    bare = BareCalls(site.application.client_id, SECRET, AUDIENCE)
    ours, theirs = (
        iter([site.assertion(f"{name}{number}", aud=[AUDIENCE]) for number in range(requests + 20)])
        for name in ("beside-bare", "bare")
    )

    def request() -> int:
        return post(site, {"grant_type": GRANT_TYPE, "assertion": next(ours)}, **site.basic())

    compare(
        "identified client",
        request,
        lambda: len(bare.token(next(theirs))),
        requests,
        "bare calls, 6 statements",
    )


def measure_doors(site: Site, requests: int) -> None:
    """Measure the same rule at each other door beside the first one."""
    site.issuer.key_source = "inline"
    site.issuer.save()
    site.allow(
        "anonymous", default_application=site.application, subject_policy="no_user", accepted_as=[*Door]
    )

    def request_at(door: Door, run: str) -> Callable[[], int]:
        jwts = [site.assertion(f"{door}{run}{number}", aud=AUDIENCE) for number in range(requests + 20)]
        fields = {"grant_type": door.grant_type, **door.constants, "scope": "read"}
        return lambda: post(site, {**fields, door.parameter: jwts.pop()})

    first = Door.AUTHORIZATION_GRANT
    with override_settings(OAUTH_JWT_GRANT={**settings.OAUTH_JWT_GRANT, "ACCEPTED_AS": [*Door]}):
        for door in (Door.SUBJECT_TOKEN, Door.CLIENT_ASSERTION):
            compare(door, request_at(door, door), request_at(first, door), requests, first)


def post(site: Site, data: dict[str, str], **headers: str) -> int:
    """Post to the token endpoint; a refusal would make the measurement worthless."""
    response = site.client.post(TOKEN_URL, urlencode(data), FORM, **headers)
    if response.status_code != 200:
        raise SystemExit(f"{response.status_code}: {response.content!r}")
    return response.status_code


def compare(
    name: str,
    ours: Callable[[], int],
    own: Callable[[], int],
    requests: int,
    beside: str = "client_credentials",
) -> None:
    """Time both in turn and print what came out."""
    for _ in range(5):
        ours(), own()
    statements = [count_statements(request) for request in (ours, own)]
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(requests):
        # First one, then the other goes first: the second one finds warm caches.
        order = ((0, ours), (1, own)) if number % 2 else ((1, own), (0, ours))
        for index, request in order:
            started = clock()
            request()
            times[index].append(clock() - started)
    medians = [statistics.median(values) * 1000 for values in times]
    # Django does not see those of the driver.
    counted = f", {statements[1]} statements" if statements[1] else ""
    print(
        f"{connection.vendor} {name}: {medians[0]:.2f} ms, {statements[0]} statements; "
        f"{beside}: {medians[1]:.2f} ms{counted}; ratio {medians[0] / medians[1]:.2f}"
    )


def count_statements(request: Callable[[], int]) -> int:
    """The SQL statements of one request, those that begin and end transactions included."""
    with CaptureQueriesContext(connection) as captured:
        request()
    return len(captured)


if __name__ == "__main__":
    main()
