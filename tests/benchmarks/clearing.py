"""What ``cleardecisions`` does to requests: a million old decisions are removed while requests go on.

Run it with ``OJG_TEST_DB=postgres`` (or ``mariadb``) ``python -m tests.benchmarks.clearing [--decisions N]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection

from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import Decision

from .databases import test_databases
from .grant_cost import Site, post

# Rows of 120 to 100 days ago: two thirds of them guards of single use, long lapsed.
_COLUMNS = """
    INSERT INTO oauth_jwt_grant_decision
        (time, outcome, reason, detail, issuer_id, iss, subject, kid, alg, jti_digest, scope, claims,
         replay_key, replay_until)
    SELECT moment, CASE WHEN n %% 3 = 0 THEN 'refused' ELSE 'accepted' END, '', '', %s,
           'https://issuer.example', 'alice', 'key', 'RS256', '', 'read', '{}',
           CASE WHEN n %% 3 > 0 THEN concat(md5(concat('a', n)), md5(n)) END, moment
"""
_FILL = {
    "postgresql": _COLUMNS.replace("md5(n)", "md5(n::text)")
    + "FROM (SELECT n, now() - interval '100 days' - n * interval '1 second' AS moment "
    "FROM generate_series(1, {decisions}) n) numbers",
    "mysql": _COLUMNS + "FROM (SELECT seq AS n, now(6) - interval 100 day - interval seq second AS moment "
    "FROM seq_1_to_{decisions}) numbers",
}


def main() -> None:
    """Print how long requests take before and during, and how fast the rows go."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    options = parser.parse_args()
    if connection.vendor not in _FILL:
        raise SystemExit("Measured on PostgreSQL and MariaDB: OJG_TEST_DB=postgres")
    with test_databases():
        site = Site()
        with connection.cursor() as cursor:
            cursor.execute(
                _FILL[connection.vendor].replace("{decisions}", str(options.decisions)), [site.issuer.pk]
            )
        beside(site, options.decisions)


def beside(site: Site, decisions: int) -> None:
    """Time requests for 20 seconds, then for as long as the command runs."""
    end = time.monotonic() + 20
    before = time_requests(site, lambda: time.monotonic() < end)
    started = time.monotonic()
    command = subprocess.Popen(
        [sys.executable, "-m", "django", "cleardecisions"],
        env={**os.environ, "OJG_TEST_DB_NAME": str(connection.settings_dict["NAME"])},
        stdout=subprocess.DEVNULL,
    )
    during = time_requests(site, lambda: command.poll() is None)
    seconds = time.monotonic() - started
    left = Decision.objects.count()
    if command.returncode or left != len(before) + len(during):
        raise SystemExit(f"cleardecisions: status {command.returncode}, {left} rows left")
    print(
        f"{connection.vendor}: {decisions:,} rows removed in {seconds:.0f} s; "
        f"requests before: {summary(before)}; meanwhile: {summary(during)}"
    )


def time_requests(site: Site, more: Callable[[], bool]) -> list[float]:
    """Milliseconds of one request after the other, as long as there is to be one more."""
    times = []
    while more():
        data = {"grant_type": GRANT_TYPE, "assertion": site.assertion(time.monotonic_ns()), "scope": "read"}
        started = time.perf_counter()
        post(site, data, **site.basic())
        times.append((time.perf_counter() - started) * 1000)
    return times


def summary(times: list[float]) -> str:
    """Median, 95th and 99th percentile, and worst of ``times`` in milliseconds."""
    percentiles = statistics.quantiles(times, n=100)
    p50, p95, p99 = (percentiles[place - 1] for place in (50, 95, 99))
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, worst {max(times):.0f} ms"


if __name__ == "__main__":
    main()
