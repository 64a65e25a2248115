"""From an unverified assertion to a verified one: RFC 7523 section 3 as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .claims import CLAIM_CHECKS, Check, jti_of, numeric_date, usable_until
from .errors import AssertionRefused, Reason
from .id_jag import ID_JAG_CHECKS, subject_of
from .id_token import ID_TOKEN_CHECKS
from .jose import PublicKey, describe, verify
from .policy import AssertionPolicy
from .steps import Attempt, Step, Watch, at_once, unwatched
from .texts import _
from .tokens import UnverifiedAssertion, VerifiedAssertion
from .wording import ABSENT, all_of, mismatch, one_of, within

#: Gives the issuer's keys that may have signed a JWT with the given header.
Candidates = Callable[[Mapping[str, Any]], Sequence[PublicKey]]


def validate(
    assertion: UnverifiedAssertion,
    policy: AssertionPolicy,
    candidates: Candidates,
    *,
    now: float,
    watch: Watch = unwatched,
    attempt: Attempt = at_once,
) -> VerifiedAssertion:
    """Check ``assertion`` against one issuer's ``policy`` and keys at the time ``now`` (epoch seconds).

    Returns the verified assertion. Raises :class:`AssertionRefused`, or
    :class:`~oauth_jwt_grant.assertion.KeysUnavailable` where it cannot be decided. A dry run, the ``attempt``
    of which notes refusals, gets one without the claims that were refused.
    """
    _check_type(assertion, policy, watch)
    _check_algorithm(assertion, policy, watch)
    key = _find_key(assertion, candidates, watch)
    claims = assertion.claims
    for check in _checks_of(policy):
        attempt(check, claims, policy, now, watch)
    subject = subject_of(claims) if policy.id_jag else claims.get("sub", policy.issuer)
    return VerifiedAssertion(
        issuer=policy.issuer,
        subject=subject if isinstance(subject, str) else "",
        expires_at=attempt(numeric_date, claims, "exp", required=True) or 0.0,
        usable_until=attempt(usable_until, claims, policy) or 0.0,
        jti=attempt(jti_of, claims),
        header=assertion.header,
        claims=claims,
        key_id=key.kid,
        thumbprint=key.thumbprint,
        signing_input_digest=hashlib.sha256(assertion.signing_input).hexdigest(),
    )


def _checks_of(policy: AssertionPolicy) -> tuple[Check, ...]:
    if policy.id_jag:
        return CLAIM_CHECKS + ID_JAG_CHECKS
    return CLAIM_CHECKS + ID_TOKEN_CHECKS if policy.id_token else CLAIM_CHECKS


def _check_type(assertion: UnverifiedAssertion, policy: AssertionPolicy, watch: Watch) -> None:
    """RFC 8725 sections 3.11 and 3.12: no JWT of another kind passes as a grant."""
    watch(Step.TYPE, sorted(typ or _("(absent)") for typ in policy.types), assertion.typ)
    if assertion.typ not in policy.types:
        types = all_of(sorted(typ for typ in policy.types if typ))
        absent = None in policy.types
        demand = (
            _("typ must be {types} or absent", types=types)
            if absent
            else _("typ must be {types}", types=types)
        )
        detail = mismatch(demand, ABSENT if assertion.typ is None else assertion.typ, *policy.types - {None})
        raise AssertionRefused(Reason.WRONG_TYPE, detail=detail)


def _check_algorithm(assertion: UnverifiedAssertion, policy: AssertionPolicy, watch: Watch) -> None:
    """RFC 8725 section 3.1: the issuer's list decides, never the header."""
    watch(Step.ALGORITHM, sorted(policy.algorithms), assertion.alg)
    if assertion.alg not in policy.algorithms:
        detail = mismatch(
            _("alg must be {allowed}", allowed=one_of(policy.algorithms)), assertion.alg, *policy.algorithms
        )
        raise AssertionRefused(Reason.ALGORITHM, detail=detail)


def _find_key(assertion: UnverifiedAssertion, candidates: Candidates, watch: Watch) -> PublicKey:
    """RFC 7523 section 3, item 9: one of the issuer's own keys has made the signature."""
    watch(Step.KEY, _("a key of the issuer that fits kid and alg"), assertion.kid)
    keys = candidates(assertion.header)
    if not keys:
        raise AssertionRefused(Reason.NO_SUCH_KEY)
    watch(Step.SIGNATURE, _("made with a key of the issuer"), [key.kid or key.thumbprint for key in keys])
    for key in keys:
        if verify(assertion.signing_input, assertion.signature, assertion.alg, key):
            return key
    tried = within(map(describe, keys), 300)
    detail = _("the signature must be made with a key of the issuer; it is not by {tried}", tried=tried)
    raise AssertionRefused(Reason.BAD_SIGNATURE, detail=detail)
