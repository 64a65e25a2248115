"""What deleting costs on a site with many decisions, and what requests feel of it: PostgreSQL or MariaDB.

Applications, rules, issuers and users own a hundredth of the decisions each, one issuer a
fifth; then django-oauth-toolkit's ``cleartokens`` removes expired tokens that have decisions.
Run it with ``OJG_TEST_DB=postgres python -m tests.benchmarks.deleting [--decisions N] [--tokens N]``.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from io import StringIO

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant.models import GrantRule, TrustedIssuer

from .clearing import summary, time_requests
from .databases import test_databases
from .grant_cost import USERNAME, Site

OWNERS = 100

# Issuer 1 has a fifth of them, and each of the others as many as each rule, application and user.
_DECISIONS = """
    INSERT INTO oauth_jwt_grant_decision
        (time, outcome, reason, detail, issuer_id, iss, rule_id, application_id, user_id, subject, kid, alg,
         jti_digest, scope, claims, replay_key, replay_until, access_token_id)
    SELECT {moment}, 'accepted', '', '', {issuer} + CASE WHEN n %% 5 = 0 THEN 1 ELSE n %% {owners} END,
           'https://issuer.example', {rule} + n %% {owners}, {application} + n %% {owners},
           {user} + n %% {owners}, concat('user', n %% 100000), 'key', 'RS256', '', 'read', '{{}}',
           concat(md5(concat('a', n)), md5(concat('b', n))), {moment},
           CASE WHEN n <= {tokens} THEN {token} + n - 1 END
    FROM {numbers}"""
_VENDORS = {
    "postgresql": {
        "moment": "now() - interval '1 hour' - n %% 7776000 * interval '1 second'",
        "numbers": "generate_series(1, {count}) n",
    },
    "mysql": {
        "moment": "now(6) - interval 1 hour - interval (n %% 7776000) second",
        "numbers": "(SELECT seq AS n FROM seq_1_to_{count}) numbers",
    },
}


def main() -> None:
    """Fill, delete one of each kind, and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=5_000_000)
    parser.add_argument("--tokens", type=int, default=100_000)
    options = parser.parse_args()
    if connection.vendor not in _VENDORS:
        raise SystemExit("Measured on PostgreSQL and MariaDB: OJG_TEST_DB=postgres")
    with test_databases():
        site = Site()
        owners = fill(options.decisions, options.tokens)
        for what, delete in deletions(owners):
            beside(site, what, delete)


class Owners:
    """Issuers, rules, applications and users, as many of each; the lists are in the order of their keys."""

    def __init__(self) -> None:
        users, applications = get_user_model(), get_application_model()
        for number in range(OWNERS):
            users.objects.create(**{USERNAME: f"owner{number}@example.com"})
            applications.objects.create(
                client_id=f"owner{number}",
                client_type="public",
                authorization_grant_type="client-credentials",
            )
            TrustedIssuer.objects.create(name=f"Owner {number}", issuer=f"https://{number}.example")
        self.issuers = list(TrustedIssuer.objects.order_by("pk"))[-OWNERS:]
        for issuer in self.issuers:
            GrantRule.objects.create(issuer=issuer, name="rule", scopes="read")
        self.rules = list(GrantRule.objects.order_by("pk"))[-OWNERS:]
        self.applications = list(applications.objects.order_by("pk"))[-OWNERS:]
        self.users = list(users.objects.order_by("pk"))[-OWNERS:]


def fill(decisions: int, tokens: int) -> Owners:
    """Have so many decisions, and expired tokens of the first of them."""
    owners = Owners()
    model, expired = get_access_token_model(), timezone.now() - timedelta(days=1)
    model.objects.bulk_create(
        (model(token=f"expired{number}", expires=expired, scope="read") for number in range(tokens)), 5000
    )
    firsts = {name.removesuffix("s"): rows[0].pk for name, rows in vars(owners).items()}
    token = model.objects.order_by("pk").values_list("pk", flat=True)[0]
    _insert(_DECISIONS, decisions, owners=OWNERS, tokens=tokens, token=token, **firsts)
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE" if connection.vendor == "postgresql" else "ANALYZE TABLE oauth_jwt_grant_decision"
        )
    return owners


def _insert(statement: str, count: int, **values: int) -> None:
    vendor = {name: text.replace("{count}", str(count)) for name, text in _VENDORS[connection.vendor].items()}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**vendor, **values), [])


def deletions(owners: Owners) -> Iterable[tuple[str, Callable[[], object]]]:
    """Each deletion by name; no two touch the same decisions' owner."""
    yield "an application", owners.applications[12].delete
    yield "a rule", owners.rules[13].delete
    yield "a user", owners.users[14].delete
    yield "an issuer with its rule", owners.issuers[16].delete
    yield "the issuer of a fifth", owners.issuers[1].delete
    yield "expired tokens (cleartokens)", lambda: call_command("cleartokens", stdout=StringIO())


def beside(site: Site, what: str, delete: Callable[[], object]) -> None:
    """Time one deletion, and the requests that are made meanwhile."""
    took: list[float] = []

    def run() -> None:
        started = time.monotonic()
        try:
            delete()
            took.append(time.monotonic() - started)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    times = time_requests(site, thread.is_alive)
    thread.join()
    if not took:
        raise SystemExit(f"{what}: not deleted")
    felt = summary(times) if len(times) > 1 else "too short for any"
    print(f"{connection.vendor}: {what}: {took[0]:.1f} s; requests meanwhile: {felt}", flush=True)


if __name__ == "__main__":
    main()
