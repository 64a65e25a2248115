"""A site of some years on PostgreSQL: what the pages of the admin are measured with.

One issuer brings a tenth of all decisions. Another brought a twentieth, and none in the last half of the
time: what is asked of it is far from the newest rows.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection, transaction
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import ClaimCondition, Decision, GrantRule, IssuerKeys, TrustedIssuer

from ..factories import jwks, rsa_key

SUBJECTS = 100_000
APPLICATIONS = 500
TOKENS = 100_000
#: The subject, key ID and ``jti`` that are searched for; a decision in a hundred thousand has the reason.
SUBJECT, RARE_REASON = "repo:org-77/repo-4077:ref:refs/heads/main", "lifetime"

_USERS = """
    WITH made AS (
        INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff,
                               is_active, date_joined)
        SELECT 'user' || n, '!', false, '', '', '', false, true, now() FROM generate_series(1, %(subjects)s) n
        RETURNING id, substr(username, 5)::int AS n)
    INSERT INTO oauth_jwt_grant_linkedsubject (issuer_id, subject, user_id, created)
    SELECT CASE WHEN n %% 10 = 0 THEN %(busy)s ELSE %(first)s + n %% %(issuers)s END,
           'repo:org-' || n %% 1000 || '/repo-' || n || ':ref:refs/heads/main', id, now() FROM made"""
_TOKENS = """
    INSERT INTO oauth2_provider_accesstoken
        (token, token_checksum, expires, scope, resource, created, updated, user_id, application_id)
    SELECT md5(n::text), encode(sha256(n::text::bytea), 'hex'), now() + n * interval '1 second', 'read', '[]',
           now(), now(), %(user)s + n - 1, %(application)s + n %% %(applications)s
    FROM generate_series(1, %(tokens)s) n"""
# Of 90 days, the newest last: two thirds accepted, the newest of them with a token.
_DECISIONS = """
    INSERT INTO oauth_jwt_grant_decision
        (time, outcome, reason, detail, issuer_id, iss, subject, kid, alg, jti_digest, scope, claims,
         replay_key, replay_until, application_id, rule_id, user_id, accepted_as, access_token_id)
    SELECT moment,
           CASE WHEN n %% 3 > 0 THEN 'accepted' WHEN n %% 300 = 0 THEN 'undecided' ELSE 'refused' END,
           CASE WHEN n %% 3 > 0 THEN '' WHEN n %% 99999 = 0 THEN %(rare)s WHEN n %% 300 = 0 THEN
                'keys_unavailable' ELSE (ARRAY['expired', 'audience', 'no_rule', 'replayed'])[1 + n %% 4] END,
           '', issuer, 'https://' || issuer || '.example',
           'repo:org-' || n %% 1000 || '/repo-' || n %% 100000 || ':ref:refs/heads/main',
           CASE WHEN issuer = %(gone)s THEN 'old-key' WHEN issuer = %(busy)s THEN 'busy-key'
                ELSE 'key-' || issuer END,
           'RS256', encode(sha256(('jti-' || n)::bytea), 'hex'), 'read',
           jsonb_build_object('repository', 'org-' || n %% 1000 || '/repo-' || n %% 100000, 'run_id', n),
           CASE WHEN n %% 3 > 0 THEN encode(sha256(n::text::bytea), 'hex') END,
           moment + interval '5 minutes', %(application)s + n %% %(applications)s, %(rule)s + issuer,
           CASE WHEN n %% 3 > 0 THEN %(user)s + n %% %(subjects)s END, 'authorization_grant',
           CASE WHEN n %% 3 > 0 AND n > %(decisions)s - %(tokens)s THEN %(token)s + %(decisions)s - n END
    FROM generate_series(1, %(decisions)s) n,
         LATERAL (SELECT now() - (%(decisions)s - n) * interval '90 days' / %(decisions)s AS moment,
                         CASE WHEN n %% 10 = 3 THEN %(busy)s
                              WHEN n %% 10 = 7 AND n < %(decisions)s / 2 THEN %(gone)s
                              ELSE %(first)s + n %% %(issuers)s END AS issuer) made"""


def fill(issuers: int, decisions: int) -> None:
    """Fill the empty database, and have the planner know what is there."""
    started = time.monotonic()
    with transaction.atomic():
        first = _trust(issuers)
        application = _applications()
        values: dict[str, Any] = {
            **{"issuers": issuers, "decisions": decisions, "first": first, "busy": first, "gone": first + 1},
            **{"subjects": SUBJECTS, "tokens": min(TOKENS, decisions), "rare": RARE_REASON},
            **{"application": application, "applications": APPLICATIONS, "rule": _first(GrantRule) - first},
        }
        _run(_USERS, values)
        values["user"] = _scalar("SELECT min(id) FROM auth_user")
        _run(_TOKENS, values)
        values["token"] = _scalar("SELECT min(id) FROM oauth2_provider_accesstoken")
        _run(_DECISIONS, values)
    _run("VACUUM ANALYZE", None)
    print(f"filled with {issuers:,} issuers, {decisions:,} decisions: {time.monotonic() - started:.0f} s")


def _trust(issuers: int) -> int:
    """Issuers with two rules each, two conditions in each rule, and fetched keys; the key of the first."""
    document = jwks(rsa_key())
    rows = TrustedIssuer.objects.bulk_create(
        TrustedIssuer(name=f"Issuer {number}", issuer=f"https://{number}.example", key_source="discovery")
        for number in range(issuers)
    )
    IssuerKeys.objects.bulk_create(
        IssuerKeys(issuer=row, source="a", document=document, fetched_at=0, expires_at=2e9) for row in rows
    )
    # Those that decide come first, so that the key of an issuer's is told from that of the issuer.
    rules = [
        GrantRule(issuer=row, name=name, scopes="read write", position=position)
        for position, name in enumerate(("deploy", "read"))
        for row in rows
    ]
    ClaimCondition.objects.bulk_create(
        ClaimCondition(rule=rule, claim=claim, values=[str(number)])
        for number, rule in enumerate(GrantRule.objects.bulk_create(rules))
        for claim in ("repository_id", "repository_owner_id")
    )
    return int(rows[0].pk)


def _applications() -> int:
    model = get_application_model()
    rows = model.objects.bulk_create(
        model(
            name=f"Application {number}",
            client_type="public",
            authorization_grant_type="client-credentials",
        )
        for number in range(APPLICATIONS)
    )
    GrantRule.objects.filter(name="deploy").first().applications.add(rows[0])  # type: ignore[union-attr]
    return int(rows[0].pk)


def _first(model: Any) -> int:
    return int(model.objects.order_by("pk").values_list("pk", flat=True)[0])


def _scalar(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def _run(sql: str, values: dict[str, Any] | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def is_filled() -> bool:
    """Whether a run before has left its rows."""
    return Decision.objects.exists()
