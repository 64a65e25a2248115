"""The terms of an issuer: whether it is trusted now, and what its assertions must be like."""

from __future__ import annotations

from collections.abc import Iterable

from ..assertion import ALGORITHMS, AssertionPolicy, AssertionRefused, Reason
from ..conf import conf, issuer_identifiers
from ..database import to_datetime
from ..models import TrustedIssuer


def check_trusted(issuer: TrustedIssuer, now: float) -> None:
    """Raise :class:`AssertionRefused` unless ``issuer`` is enabled and in its dates at ``now``."""
    if not issuer.enabled:
        raise AssertionRefused(Reason.ISSUER_DISABLED)
    if issuer.valid_from is not None and to_datetime(now) < issuer.valid_from:
        raise AssertionRefused(Reason.ISSUER_NOT_YET_VALID)
    if issuer.valid_until is not None and to_datetime(now) >= issuer.valid_until:
        raise AssertionRefused(Reason.ISSUER_EXPIRED)


def policy_of(issuer: TrustedIssuer, audiences: Iterable[str]) -> AssertionPolicy:
    """The terms for the assertions of ``issuer``; ``audiences`` are this server's own identifiers.

    Raises :class:`AssertionRefused` (``ISSUER_MISCONFIGURED``) where they would accept
    everything or nothing.
    """
    ceiling = frozenset(conf.ALGORITHMS) & ALGORITHMS.keys()
    try:
        return AssertionPolicy(
            issuer=issuer.issuer,
            audiences=_audiences_of(issuer, audiences),
            algorithms=ceiling & frozenset(issuer.algorithms) if issuer.algorithms else ceiling,
            leeway=conf.LEEWAY if issuer.leeway is None else issuer.leeway,
            max_lifetime=conf.MAX_LIFETIME if issuer.max_lifetime is None else issuer.max_lifetime,
            require_jti=issuer.replay_policy == TrustedIssuer.ReplayPolicy.REQUIRE_JTI,
            subject_fallback=issuer.subject_fallback,
            id_jag=issuer.profile == TrustedIssuer.Profile.ID_JAG,
        )
    except (TypeError, ValueError) as error:
        raise AssertionRefused(Reason.ISSUER_MISCONFIGURED, detail=str(error)) from error


def _audiences_of(issuer: TrustedIssuer, audiences: Iterable[str]) -> frozenset[str]:
    if issuer.audiences:
        return frozenset(issuer.audiences)
    if issuer.profile == TrustedIssuer.Profile.ID_JAG:
        return issuer_identifiers(audiences)
    return frozenset(audiences)
