"""Whether a request costs more on a site that has grown: PostgreSQL, many issuers, subjects and decisions.

Two databases, one all but empty, one filled step by step, and requests to both in turn.
Quoted is the ratio of the medians; then the plans of the statements that grow with the data.
Run it with ``OJG_TEST_DB=postgres python -m tests.benchmarks.scale [--decisions N] [--requests N]``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import urlencode

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.scale_settings"

import django

django.setup()

from django.db import connections
from django.utils import timezone

from oauth_jwt_grant.admin.decisions.periods import last_day
from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer

from .databases import test_databases
from .grant_cost import FORM, TOKEN_URL, Site
from .scale_settings import using

ALIASES = ("default", "full")
ISSUERS = (1_000, 10_000)
SUBJECTS = 100_000

# Users, and their links to the first issuer.
_SUBJECTS = """
    WITH made AS (
        INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff,
                               is_active, date_joined)
        SELECT 'user' || n, '!', false, '', '', '', false, true, now() FROM generate_series(1, %s) n
        RETURNING id, username)
    INSERT INTO oauth_jwt_grant_linkedsubject (issuer_id, subject, user_id, created)
    SELECT (SELECT min(id) FROM oauth_jwt_grant_trustedissuer), username, id, now() FROM made"""
# Of 90 days, a third of them refused, a tenth of them about the issuer that is measured.
_DECISIONS = """
    INSERT INTO oauth_jwt_grant_decision
        (time, outcome, reason, detail, issuer_id, iss, subject, kid, alg, jti_digest, scope, claims,
         replay_key, replay_until)
    SELECT moment, CASE WHEN n %% 3 = 0 THEN 'refused' ELSE 'accepted' END, '', '',
           CASE WHEN n %% 10 = 0 THEN ids[1] ELSE ids[1 + n %% cardinality(ids)] END, 'https://issuer.example',
           'user' || n %% 100000, 'key', 'RS256', md5(n::text) || md5((-n)::text), 'read', '{}',
           CASE WHEN n %% 3 > 0 THEN md5((-n)::text) || md5(n::text) END, moment + interval '5 minutes'
    FROM generate_series(1, %s) n,
         LATERAL (SELECT now() - interval '1 hour' - n %% 7776000 * interval '1 second' AS moment) times,
         (SELECT array_agg(id ORDER BY id) AS ids FROM oauth_jwt_grant_trustedissuer) known"""

_numbers = count()


def main() -> None:
    """Fill step by step, measure after each, and show the plans."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="of each kind")
    parser.add_argument("--decisions", type=int, default=5_000_000)
    options = parser.parse_args()
    if connections["default"].vendor != "postgresql":
        raise SystemExit("Measured on PostgreSQL: OJG_TEST_DB=postgres")
    with test_databases():
        sites = {alias: make_site(alias) for alias in ALIASES}
        compare("the same", sites, options.requests)
        for total in ISSUERS:
            add_issuers(total)
            compare(f"{total:,} issuers", sites, options.requests)
        run(_SUBJECTS, [SUBJECTS])
        compare(f"and {SUBJECTS:,} linked subjects", sites, options.requests)
        run(_DECISIONS, [options.decisions])
        compare(f"and {options.decisions:,} decisions", sites, options.requests)
        explain(sites["full"])


def make_site(alias: str) -> Site:
    with using(alias):
        return Site()


def add_issuers(total: int) -> None:
    """Have ``total`` issuers in the large database, each with a rule."""
    with using("full"):
        known = range(TrustedIssuer.objects.count(), total)
        rows = TrustedIssuer.objects.bulk_create(
            TrustedIssuer(name=f"Issuer {number}", issuer=f"https://{number}.example") for number in known
        )
        GrantRule.objects.bulk_create(GrantRule(issuer=row, name="rule", scopes="read") for row in rows)
    run("ANALYZE")


def run(sql: str, parameters: list[Any] | None = None) -> list[Any]:
    """Run a statement on the large database, and have the planner know what is there."""
    with connections["full"].cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall() if sql.startswith("EXPLAIN") else []
        cursor.execute("ANALYZE")
    return rows


def compare(name: str, sites: dict[str, Site], requests: int) -> None:
    """Time accepted and replayed requests on both databases in turn."""
    times: dict[tuple[str, str], list[float]] = {(kind, alias): [] for kind in KINDS for alias in ALIASES}
    for number in range(requests):
        for alias in sorted(ALIASES, reverse=bool(number % 2)):
            with using(alias):
                assertion = sites[alias].assertion(next(_numbers))
                for kind, status in KINDS.items():
                    times[kind, alias].append(timed(partial(ask, sites[alias], assertion, status)))
    for kind in KINDS:
        small, large = (statistics.median(times[kind, alias]) * 1000 for alias in ALIASES)
        print(
            f"postgresql {name}, {kind}: {large:.2f} ms; nearly empty: {small:.2f} ms; "
            f"ratio {large / small:.2f}",
            flush=True,
        )


#: What is asked with one assertion after the other, and the status of the answer.
KINDS = {"accepted": 200, "used again": 400}


def timed(request: Callable[[], object]) -> float:
    started = time.perf_counter()
    request()
    return time.perf_counter() - started


def ask(site: Site, assertion: str, status: int) -> None:
    data = {"grant_type": GRANT_TYPE, "assertion": assertion, "scope": "read"}
    response = site.client.post(TOKEN_URL, urlencode(data), FORM, **site.basic())
    if response.status_code != status:
        raise SystemExit(f"{response.status_code}: {response.content!r}")


def explain(site: Site) -> None:
    """The plans of all that a request, a batch of ``cleardecisions`` and the admin's chart read."""
    captured: list[tuple[str, Any]] = []

    def capture(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        captured.append((sql, params))
        return execute(sql, params, many, context)

    assertion = site.assertion(next(_numbers))
    with using("full"), connections["full"].execute_wrapper(capture):
        for status in KINDS.values():
            ask(site, assertion, status)
        now = timezone.now()
        clearable = Decision.objects.clearable(now, timedelta(days=89)).order_by("time")
        list(clearable.values_list("pk", flat=True)[:1000])
        list(Decision.objects.tally(last_day(now).hours(), now))
    reads = {sql: params for sql, params in captured if sql.startswith("SELECT") and "oauth_jwt" in sql}
    for sql, params in reads.items():
        print(f"\n{sql[:60]} ... {sql[sql.index(' WHERE ') :]}")
        for (line,) in run(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", list(params)):
            print(f"    {line}")


if __name__ == "__main__":
    main()
