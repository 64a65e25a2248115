"""How an issuer is doing: its trust, its rules, its keys and certificates, at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache.backends.dummy import DummyCache

from ..assertion import NotGranted
from ..database import to_datetime
from ..keys import KeyStatus, parse_ca_bundle
from ..models import Decision, TrustedIssuer, written
from .key_health import KeyHealth, KeyState, key_health
from .key_store import LoadedKeyStore
from .obstacles import Level, obstacles_of
from .sources import key_source_of
from .terms import is_limited, leeway_of, why_not_trusted
from .withdrawal import unentitled

#: Seconds.
_IMPRECISION = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an operator should know."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """What was found out about one issuer."""

    issuer: TrustedIssuer
    keys: KeyStatus = field(default_factory=KeyStatus)
    findings: tuple[Finding, ...] = ()

    @property
    def level(self) -> Level:
        """The worst of the findings."""
        if not self.issuer.enabled:
            return Level.DISABLED
        levels = {finding.level for finding in self.findings}
        return next((level for level in (Level.FAILING, Level.WARNING) if level in levels), Level.FINE)


def examine(issuer: TrustedIssuer, now: float, *, warn_days: int, fetch: bool) -> Health:
    """Examine ``issuer`` at ``now`` (seconds since the epoch), and with ``fetch`` fetch its keys.

    What ends within ``warn_days`` is worth a warning. A disabled issuer is not looked at.
    """
    if not issuer.enabled:
        return Health(issuer)
    soon = now + timedelta(days=warn_days).total_seconds()
    source, problem = key_source_of(issuer), ""
    if fetch:
        try:
            source.refresh()
        except NotGranted as refused:
            problem = refused.detail
    keys = source.status()
    findings = (
        *_trust(issuer, now, soon),
        *(Finding(obstacle.level, obstacle.text) for obstacle in obstacles_of(issuer)),
        *_keys(key_health(issuer, keys, now, problem=problem, warn_days=warn_days), keys),
        *_certificates(issuer, keys, now, soon),
        *_users(issuer, now),
        *_clock(issuer, keys),
    )
    return Health(issuer, keys, findings)


def failing_keys(issuer: TrustedIssuer, now: float) -> list[str]:
    """Why no assertion of ``issuer`` can be verified, as far as the database knows; nothing is fetched.

    The issuer comes with its ``fetched_keys``. The cache need not be reached.
    """
    status = key_source_of(issuer, cache=DummyCache("", {}), store=LoadedKeyStore(issuer)).status()
    found = (*_keys(key_health(issuer, status, now), status), *_certificates(issuer, status, now, now))
    return [finding.text for finding in found if finding.level is Level.FAILING]


def _trust(issuer: TrustedIssuer, now: float, soon: float) -> Iterator[Finding]:
    if why_not_trusted(issuer, to_datetime(now)) is not None:
        yield Finding(Level.FAILING, f"is trusted only from {issuer.valid_from} until {issuer.valid_until}")
        return
    if is_limited(issuer, now):
        yield Finding(Level.FAILING, f"accepts only assertions that are issued from {issuer.issued_after} on")
    if issuer.valid_until is not None and issuer.valid_until <= to_datetime(soon):
        yield Finding(Level.WARNING, f"is trusted only until {issuer.valid_until}")


def _keys(health: KeyHealth, keys: KeyStatus) -> Iterator[Finding]:
    """Keys that are out of reach, missing, or left out."""
    serve = f"; the last good keys serve until {_date(health.until)}" if health.until is not None else ""
    texts = {
        KeyState.NONE: f"has no usable keys: {health.problem or 'none can be used'}",
        KeyState.SERVED_FROM_LAST_GOOD: f"{health.problem}{serve}",
        KeyState.NEVER_FETCHED: "its keys were never fetched: the next assertion has them fetched",
    }
    # Certificates that have ended are findings of their own.
    if health.state in texts and (health.problem or not keys.certificates):
        yield Finding(health.level, texts[health.state])
    for left_out in keys.left_out:
        yield Finding(Level.WARNING, str(left_out))


def _certificates(issuer: TrustedIssuer, keys: KeyStatus, now: float, soon: float) -> Iterator[Finding]:
    """Trust anchors, and the authorities of the issuer's web server, that have ended or end soon."""
    anchors = [(anchor.subject, anchor.not_after.timestamp()) for anchor in keys.certificates]
    for what, certificates in (("trust anchor", anchors), ("CA bundle", _bundle(issuer))):
        ended = [end <= now for _, end in certificates]
        for subject, end in certificates:
            if end <= soon:
                level = Level.FAILING if all(ended) else Level.WARNING
                verb = "ended" if end <= now else "ends"
                yield Finding(level, f"{what} {subject} {verb} {_date(end)}")


def _clock(issuer: TrustedIssuer, keys: KeyStatus) -> Iterator[Finding]:
    """A clock that is further from ours than is forgiven, by the ``Date`` of the answer with the keys."""
    leeway = leeway_of(issuer)
    # The header has whole seconds, and the answer took its time.
    if keys.clock_ahead is not None and abs(keys.clock_ahead) > leeway + _IMPRECISION:
        way = "ahead of" if keys.clock_ahead > 0 else "behind"
        seconds = round(abs(keys.clock_ahead))
        text = f"the clock of its server is {seconds} seconds {way} ours; the leeway is {leeway} seconds"
        yield Finding(Level.WARNING, text)


def _users(issuer: TrustedIssuer, now: float) -> Iterator[Finding]:
    """Tokens that outlive what entitled their users."""
    good = written(Decision).filter(issuer=issuer).good(to_datetime(now))  # type: ignore[attr-defined]
    number = unentitled(good).count()
    if number:
        text = f"{number} good tokens are of users who would get none now: see revoketokens --unentitled"
        yield Finding(Level.WARNING, text)


def _bundle(issuer: TrustedIssuer) -> list[tuple[str, float]]:
    """Subject and end of each certificate of the CA bundle; a broken bundle shows when keys are fetched."""
    try:
        certificates = parse_ca_bundle(issuer.ca_bundle)
    except ValueError:
        return []
    return [(one.subject, one.not_after.timestamp()) for one in certificates]


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M} UTC"


def health_as_json(health: Health) -> dict[str, Any]:
    """``health`` as JSON values; times are seconds since the epoch."""
    keys = health.keys
    return {
        "issuer": health.issuer.issuer,
        "name": health.issuer.name,
        "level": health.level,
        "findings": [{"level": finding.level, "text": finding.text} for finding in health.findings],
        "keys": [
            {"kid": key.kid, "kty": key.kty, "bits": key.bits, "alg": key.alg, "thumbprint": key.thumbprint}
            for key in keys.keys
        ],
        "certificates": [
            {"subject": one.subject, "not_after": one.not_after.timestamp(), "sha256": one.sha256}
            for one in keys.certificates
        ],
        "fetched_at": keys.fetched_at,
        "next_fetch": keys.next_fetch,
        "failing_since": keys.failing_since,
    }
