"""The work of one token by bare calls of the driver: what no framework can save.

Verify the assertion, read the client and the trust, insert the token and the decision, commit once.
The statements are written by hand and read no more than they need; nothing is checked beyond the signature,
issuer, audience, times and conditions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import connection

_CLIENT = "SELECT id, client_id, client_secret FROM oauth2_provider_application WHERE client_id = %s"
_TRUST = """
    SELECT i.id, i.issuer, i.jwks, r.id, r.scopes, c.claim, c.operator, c.{values}, l.user_id, u.is_active
    FROM oauth_jwt_grant_trustedissuer i
    JOIN oauth_jwt_grant_grantrule r ON r.issuer_id = i.id
    LEFT JOIN oauth_jwt_grant_claimcondition c ON c.rule_id = r.id
    LEFT JOIN oauth_jwt_grant_linkedsubject l ON l.issuer_id = i.id AND l.subject = %s
    LEFT JOIN auth_user u ON u.id = l.user_id
    WHERE i.issuer = %s AND i.enabled AND r.enabled"""
_TOKEN = """
    INSERT INTO oauth2_provider_accesstoken
        (user_id, token, token_checksum, application_id, expires, scope, resource, created, updated)
    VALUES (%s, %s, %s, %s, %s, %s, '[]', %s, %s)"""
_DECISION = """
    INSERT INTO oauth_jwt_grant_decision
        (time, outcome, reason, detail, issuer_id, iss, rule_id, application_id, user_id, subject, kid, alg,
         jti_digest, scope, client_address, accepted_as, claims, access_token_id, replay_key, replay_until)
    VALUES (%s, 'accepted', '', '', %s, %s, %s, %s, %s, %s, %s, 'RS256',
            %s, %s, '127.0.0.1', 'authorization_grant', '{{}}', %s, %s, %s)"""


class BareCalls:
    """Answers assertions on the driver's own connection, the one that Django uses."""

    def __init__(self, client_id: str, secret: str, audience: str) -> None:
        self._client_id, self._secret, self._audience = client_id, secret, audience
        self._keys: dict[str, dict[str, Any]] = {}
        self._sql = {name: _for_vendor(sql) for name, sql in _STATEMENTS.items()}

    def token(self, assertion: str) -> str:
        """Return a new access token for ``assertion``; raises ``ValueError`` where there is none."""
        signed, _, signature = assertion.rpartition(".")
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        cursor = connection.connection.cursor()
        cursor.execute(self._sql["client"], (self._client_id,))
        application, _, secret = cursor.fetchone()
        _require(secrets.compare_digest(secret, self._secret))
        cursor.execute(self._sql["trust"], (claims["sub"], claims["iss"]))
        rows = cursor.fetchall()
        issuer, iss, jwks, rule, scopes = rows[0][:5]
        self._key(jwks, header["kid"]).verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        now = time.time()
        _require(claims["iss"] == iss and self._audience in claims["aud"] and claims["exp"] > now)
        _require(all(claims[row[5]] in _loaded(row[7]) for row in rows) and rows[0][9])
        jti = hashlib.sha256(claims["jti"].encode()).hexdigest()
        text, time_now = secrets.token_urlsafe(24), datetime.fromtimestamp(now, UTC)
        begun, ends = _stored(time_now), _stored(time_now + timedelta(hours=1))
        user, checksum = rows[0][8], hashlib.sha256(text.encode()).hexdigest()
        cursor.execute("BEGIN")
        token = self._insert(cursor, "token", (user, text, checksum, application, ends, scopes, begun, begun))
        decision = (begun, issuer, iss, rule, application, user, claims["sub"], header["kid"])
        self._insert(cursor, "decision", (*decision, jti, scopes, token, checksum, ends))
        cursor.execute("COMMIT")
        return text

    def _insert(self, cursor: Any, name: str, values: tuple[Any, ...]) -> Any:
        cursor.execute(self._sql[name], values)
        return cursor.fetchone()[0] if connection.vendor == "postgresql" else cursor.lastrowid

    def _key(self, jwks: Any, kid: str) -> Any:
        """The key ``kid``, parsed once for each text of the set."""
        if jwks not in self._keys:
            self._keys[jwks] = {one["kid"]: _parsed(one) for one in _loaded(jwks)["keys"]}
        return self._keys[jwks][kid]


_STATEMENTS = {"client": _CLIENT, "trust": _TRUST, "token": _TOKEN, "decision": _DECISION}


def _for_vendor(sql: str) -> str:
    sql = sql.format(values=connection.ops.quote_name("values"))
    if connection.vendor == "postgresql":
        return sql + " RETURNING id" if "INSERT" in sql else sql
    return sql.replace("%s", "?") if connection.vendor == "sqlite" else sql


def _stored(moment: datetime) -> Any:
    return moment if connection.vendor == "postgresql" else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _require(holds: object) -> None:
    if not holds:
        raise ValueError("the assertion gets no token")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _loaded(column: Any) -> Any:
    return json.loads(column) if isinstance(column, str) else column


def _parsed(key: dict[str, str]) -> Any:
    exponent, modulus = (int.from_bytes(_decoded(key[name])) for name in ("e", "n"))
    return RSAPublicNumbers(exponent, modulus).public_key()
