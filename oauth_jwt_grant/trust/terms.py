"""The terms of an issuer: whether it is trusted now, and what its assertions must be like."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Q, TextChoices

from ..assertion import (
    ALGORITHMS,
    LAST_DATE,
    MAX_SECONDS,
    AssertionPolicy,
    AssertionRefused,
    Door,
    Reason,
    Text,
    _,
    text_of,
)
from ..conf import conf, issuer_identifiers
from ..database import to_datetime, to_seconds
from ..models import GrantRule, TrustedIssuer
from ..rules import check_claim
from .values import Issuer, Rule

#: What a request rests on, or the row of it on an operator's page.
Trusted = Issuer | TrustedIssuer | Rule | GrantRule


def why_not_trusted(issuer: Issuer | TrustedIssuer, now: datetime) -> Reason | None:
    """Return why ``issuer`` is not trusted at ``now``; ``None`` if it is enabled and in its dates.

    A query asks the same by :func:`trusted_at`. Nothing else decides it.
    """
    if not issuer.enabled:
        return Reason.ISSUER_DISABLED
    if issuer.valid_from is not None and now < issuer.valid_from:
        return Reason.ISSUER_NOT_YET_VALID
    if issuer.valid_until is not None and now >= issuer.valid_until:
        return Reason.ISSUER_EXPIRED
    return None


def trusted_at(now: datetime, prefix: str = "") -> Q:
    """Return the condition for issuers that are trusted at ``now``; ``prefix`` is the path to them."""
    begun = Q(**{f"{prefix}valid_from": None}) | Q(**{f"{prefix}valid_from__lte": now})
    lasting = Q(**{f"{prefix}valid_until": None}) | Q(**{f"{prefix}valid_until__gt": now})
    return Q(**{f"{prefix}enabled": True}) & begun & lasting


def check_trusted(issuer: Issuer | TrustedIssuer, now: float) -> None:
    """Raise :class:`AssertionRefused` unless ``issuer`` is trusted at ``now`` (seconds since the epoch)."""
    time = to_datetime(now)
    reason = why_not_trusted(issuer, time)
    if reason is not None:
        raise AssertionRefused(reason, detail=_not_trusted(issuer, reason, time))


def _not_trusted(issuer: Issuer | TrustedIssuer, reason: Reason, now: datetime) -> Text:
    if reason is Reason.ISSUER_DISABLED:
        return _("the issuer must be enabled; it is disabled")
    time = now.isoformat(" ", "seconds")
    if reason is Reason.ISSUER_NOT_YET_VALID:
        return _("the issuer is trusted from {date}; it is {now}", date=issuer.valid_from, now=time)
    return _("the issuer is trusted before {date}; it is {now}", date=issuer.valid_until, now=time)


def policy_of(
    issuer: Issuer | TrustedIssuer,
    audiences: Iterable[str],
    door: Door = Door.AUTHORIZATION_GRANT,
    *,
    id_token: bool = False,
) -> AssertionPolicy:
    """The terms for the assertions of ``issuer`` at ``door``, or with ``id_token`` for its ID Tokens there.

    ``audiences`` are this server's own identifiers.

    Raises :class:`AssertionRefused` (``ISSUER_MISCONFIGURED``) where they would accept
    everything or nothing, or are not what a form would have stored.
    """
    ceiling = frozenset(conf.ALGORITHMS) & ALGORITHMS.keys()
    try:
        _check_choice(issuer, "profile", TrustedIssuer.Profile)
        _check_choice(issuer, "replay_policy", TrustedIssuer.ReplayPolicy)
        algorithms = strings_of(issuer, "algorithms")
        return AssertionPolicy(
            issuer=issuer.issuer,
            audiences=_audiences_of(issuer, audiences, door, id_token=id_token),
            algorithms=ceiling & frozenset(algorithms) if algorithms else ceiling,
            leeway=leeway_of(issuer),
            max_lifetime=conf.MAX_LIFETIME if issuer.max_lifetime is None else issuer.max_lifetime,
            issued_after=_issued_after(issuer),
            require_jti=issuer.replay_policy == TrustedIssuer.ReplayPolicy.REQUIRE_JTI,
            subject_fallback=issuer.subject_fallback,
            id_jag=issuer.profile == TrustedIssuer.Profile.ID_JAG,
            door=door,
            id_token=id_token,
        )
    except (TypeError, ValueError) as error:
        raise AssertionRefused(Reason.ISSUER_MISCONFIGURED, detail=text_of(error)) from error


def is_privileged(user: Any) -> bool:
    """Whether ``user`` gets a token only by a rule that allows it: staff and superusers."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def leeway_of(issuer: Issuer | TrustedIssuer) -> int:
    """The clock skew that is forgiven ``issuer``, in seconds."""
    return conf.LEEWAY if issuer.leeway is None else issuer.leeway


def is_limited(issuer: TrustedIssuer, now: float) -> bool:
    """Whether no assertion can be new enough for ``issuer`` at ``now`` (seconds since the epoch)."""
    limit = _issued_after(issuer)
    return limit is not None and limit > now + leeway_of(issuer)


def _issued_after(issuer: Issuer | TrustedIssuer) -> float | None:
    """The limit of ``issuer`` for ``iat``; a date that no JWT can have counts as the nearest that it can."""
    if issuer.issued_after is None:
        return None
    return min(max(to_seconds(issuer.issued_after), 0), LAST_DATE)


#: The policies that look for a linked subject.
BY_LINK = (GrantRule.SubjectPolicy.LINKED, GrantRule.SubjectPolicy.PROVISION)

#: What Django takes for a field that was left blank, whatever its type.
_BLANK: tuple[Any, ...] = (None, "", [], (), {})


def check_rule(rule: Rule | GrantRule) -> None:
    """Raise :class:`AssertionRefused` (``ISSUER_MISCONFIGURED``) for a rule that no form would store."""
    try:
        _check_choice(rule, "subject_policy", GrantRule.SubjectPolicy)
        _check_choice(rule, "scope_claim", GrantRule.ScopeClaim)
        check_claim(rule.scope_claim_name)
        if rule.subject_policy in BY_LINK and rule.subject_claim:
            check_claim(rule.subject_claim)
        strings_of(rule, "resources")
        strings_of(rule, "recorded_claims")
        lifetime = rule.access_token_lifetime
        if lifetime is not None and not 0 < lifetime <= MAX_SECONDS:
            raise ValueError(_("access_token_lifetime is out of range"))
    except (TypeError, ValueError) as error:
        raise AssertionRefused(
            Reason.ISSUER_MISCONFIGURED, detail=_("rule {rule}: {error}", rule=rule, error=error)
        ) from error


def strings_of(row: Trusted, name: str) -> list[str]:
    """The list of strings in the JSON column ``name``. Raises :class:`ValueError` if it is something else."""
    value = getattr(row, name)
    if value in _BLANK:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(member, str) for member in value):
        raise ValueError(_("{name} is not a list of strings", name=name))
    return list(value)


def listed(row: Trusted, name: str) -> list[str]:
    """The list of strings in the JSON column ``name``, for a page; empty where :func:`strings_of` raises."""
    try:
        return strings_of(row, name)
    except ValueError:
        return []


@cache
def _values(choices: type[TextChoices]) -> frozenset[str]:
    """The values of ``choices``, which Django makes again each time: for one request, 80 µs in all."""
    return frozenset(choices.values)


def _check_choice(row: Trusted, name: str, choices: type[TextChoices]) -> None:
    if getattr(row, name) not in _values(choices):
        raise ValueError(_("{name} is not one of its choices", name=name))


def _audiences_of(
    issuer: Issuer | TrustedIssuer, audiences: Iterable[str], door: Door, *, id_token: bool
) -> frozenset[str]:
    own = strings_of(issuer, "audiences")
    if door is Door.CLIENT_ASSERTION and len(own) > 1:
        raise ValueError(_("the issuer has several audiences, and {door} needs one", door=door))
    if own:
        return frozenset(own)
    if id_token:
        raise ValueError(
            _("an ID Token is for a client at its provider: the issuer needs audiences of its own")
        )
    if issuer.profile == TrustedIssuer.Profile.ID_JAG or door is Door.CLIENT_ASSERTION:
        return issuer_identifiers(audiences)
    return frozenset(audiences)
