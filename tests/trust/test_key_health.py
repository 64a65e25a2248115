"""How the keys of an issuer are: the one decision that list, page and commands show."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from oauth_jwt_grant.admin.keys import key_words
from oauth_jwt_grant.assertion.jose import import_jwk
from oauth_jwt_grant.keys import CertificateInfo, KeyStatus
from oauth_jwt_grant.trust import KeyState, Level, key_health
from tests.keys.material import ec_jwk
from tests.support import cases

NOW, DAY = 1_800_000_000.0, 86400.0
KEY = import_jwk(ec_jwk("a"))
DOWN = {"last_error": "down", "failing_since": NOW - 60}


def kept(age: float, **changes: Any) -> KeyStatus:
    """Keys that were fetched ``age`` seconds ago, for an hour."""
    fetched = NOW - age
    return KeyStatus(**{"keys": (KEY,), "fetched_at": fetched, "next_fetch": fetched + 3600, **changes})


def certified(*days: float, **changes: Any) -> KeyStatus:
    """Trust anchors that end in so many days."""
    ends = [datetime.fromtimestamp(NOW + DAY * number, UTC) for number in days]
    anchors = tuple(CertificateInfo("CN=a", end, end, "") for end in ends)
    return KeyStatus(certificates=anchors, **changes)


ROWS: list[tuple[str, KeyStatus, KeyState, Level, str]] = [
    ("jwks_url", kept(60), KeyState.USABLE, Level.FINE, "ok: fresh, 1 key"),
    ("discovery", kept(60), KeyState.USABLE, Level.FINE, "ok: fresh, 1 key"),
    ("jwks_url", kept(3600), KeyState.STALE, Level.FINE, "not-reached: stale since"),
    ("jwks_url", kept(2 * DAY), KeyState.STALE, Level.FINE, "not-reached: stale since"),
    ("jwks_url", KeyStatus(), KeyState.NEVER_FETCHED, Level.WARNING, "not-reached: never fetched"),
    ("jwks_url", kept(3600, **DOWN), KeyState.SERVED_FROM_LAST_GOOD, Level.WARNING, "warning: failing since"),
    ("jwks_url", kept(DAY, **DOWN), KeyState.NONE, Level.FAILING, "off: failing since"),
    ("jwks_url", KeyStatus(**DOWN), KeyState.NONE, Level.FAILING, "off: failing since"),
    ("jwks_url", KeyStatus(last_error="odd"), KeyState.NONE, Level.FAILING, "off: no usable key"),
    ("inline", KeyStatus(keys=(KEY,)), KeyState.USABLE, Level.FINE, "ok: 1 key"),
    ("inline", KeyStatus(), KeyState.NONE, Level.FAILING, "off: no usable key"),
    ("inline", KeyStatus(last_error="odd"), KeyState.NONE, Level.FAILING, "off: no usable key"),
    ("certificates", certified(31), KeyState.USABLE, Level.FINE, "ok: trust anchor until"),
    ("certificates", certified(29, 99), KeyState.USABLE, Level.WARNING, "warning: trust anchor until"),
    ("certificates", certified(-1, 99), KeyState.USABLE, Level.WARNING, "warning: trust anchor until"),
    ("certificates", certified(-1), KeyState.NONE, Level.FAILING, "off: no valid trust anchor"),
    ("certificates", certified(99, last_error="odd"), KeyState.NONE, Level.FAILING, "off: no valid trust"),
    ("certificates", KeyStatus(), KeyState.NONE, Level.FAILING, "off: no valid trust anchor"),
]


@cases(("key_source", "status", "state", "level", "words"), ROWS)
def test_each_state(key_source: str, status: KeyStatus, state: KeyState, level: Level, words: str) -> None:
    issuer: Any = SimpleNamespace(key_source=key_source, issuer="https://issuer.example")
    health = key_health(issuer, status, NOW)
    assert (health.state, health.level) == (state, level)
    shown = ": ".join(key_words(issuer, status, datetime.fromtimestamp(NOW, UTC)))
    assert shown.startswith(words)


def test_a_fetch_that_fails_just_now() -> None:
    issuer: Any = SimpleNamespace(key_source="jwks_url")
    assert key_health(issuer, kept(60), NOW, problem="down").state is KeyState.SERVED_FROM_LAST_GOOD
    assert key_health(issuer, kept(60), NOW, problem="down").until == NOW - 60 + DAY


def test_how_far_ahead_a_certificate_is_looked_at() -> None:
    issuer: Any = SimpleNamespace(key_source="certificates")
    assert key_health(issuer, certified(20), NOW, warn_days=10).level is Level.FINE
    assert key_health(issuer, certified(20), NOW, warn_days=20).level is Level.WARNING
