"""Writing decisions down: with the token if there is one, and in bounds if there is none."""

from __future__ import annotations

import ipaddress
from typing import Any

from .assertion import AssertionRefused, KeysUnavailable, Reason
from .clock import moment
from .conf import settings
from .models import Decision
from .service import Case


def accept(case: Case, access_token: Any, client_address: str | None) -> Decision:
    """Insert the decision that goes with ``access_token``; to be called in the transaction of the token.

    The unique ``replay_key`` is the guard of single use: of two insertions at once the
    database lets one through and makes the other wait for it and then fail with an
    :class:`~django.db.IntegrityError`, which rolls the token back (see :func:`conflict`).
    It is the last statement of the transaction, so nobody waits for us while we wait.
    """
    assert case.issuer is not None and case.assertion is not None
    replay_key = case.replay_key
    leeway = settings.LEEWAY if case.issuer.leeway is None else case.issuer.leeway
    decision = Decision(
        outcome=Decision.Outcome.ACCEPTED,
        user=access_token.user,
        access_token=access_token,
        scope=access_token.scope,
        claims=case.recorded_claims,
        replay_key=replay_key,
        replay_until=moment(case.assertion.expires_at + leeway) if replay_key else None,
        **_known(case, client_address),
    )
    decision.save(force_insert=True)
    return decision


def conflict(case: Case) -> AssertionRefused:
    """Why the database would not take the token and its decision; asked after the rollback.

    Either the assertion has been used before, or a row that the decision rests on (issuer,
    rule, user, application) was deleted meanwhile.
    """
    if is_spent(case):
        return AssertionRefused(Reason.REPLAYED)
    return AssertionRefused(Reason.UNKNOWN_ISSUER, detail="the trust was deleted meanwhile")


def is_spent(case: Case) -> bool:
    """Whether the assertion of ``case`` has been used for a token already (for a dry run)."""
    replay_key = case.replay_key
    return replay_key is not None and Decision.objects.filter(replay_key=replay_key).exists()


def refuse(case: Case, refused: AssertionRefused, client_address: str | None) -> Decision | None:
    """Keep a refusal, if its issuer is known and has not had its refusals for this minute.

    Returns the saved decision, or ``None``. Whoever can reach the endpoint can make
    refusals, so their number is bounded (``REFUSALS_PER_MINUTE``).
    """
    if case.issuer is None:
        return None
    now = moment(case.question.now)
    if Decision.objects.refusals_within(case.issuer, 60, now).count() >= settings.REFUSALS_PER_MINUTE:
        return None
    undecided = isinstance(refused, KeysUnavailable)
    decision = Decision(
        outcome=Decision.Outcome.UNDECIDED if undecided else Decision.Outcome.REFUSED,
        reason=refused.reason,
        detail=(f"{refused.name} {refused.detail}".strip())[:500],
        user=case.subject.user,
        scope=" ".join(case.scopes),
        **_known(case, client_address),
    )
    decision.save(force_insert=True)
    return decision


def _known(case: Case, client_address: str | None) -> dict[str, Any]:
    """The columns that every decision has, as far as the case got."""
    assert case.issuer is not None
    header = case.unverified.header if case.unverified else {}
    return {
        "time": moment(case.question.now),
        "issuer": case.issuer,
        "iss": case.issuer.issuer,
        "rule": case.rule,
        "application": case.application or case.question.application,
        # Nothing that is not yet verified passes for the issuer's word.
        "subject": case.assertion.subject if case.assertion else "",
        "kid": str(header.get("kid") or "")[:255],
        "alg": str(header.get("alg") or "")[:16],
        "jti_digest": case.jti_digest,
        "client_address": _address(client_address),
    }


def _address(text: str | None) -> str | None:
    """``text`` if it is an IP address (behind a Unix socket there is none)."""
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None
