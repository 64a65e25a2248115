"""RFC 7523 section 3: one small function for each requirement, in the order of the RFC.

Each takes the claims of an assertion whose signature has been verified, the
issuer's policy and the time in seconds since the epoch; it returns nothing, or
raises :class:`AssertionRefused`. Not here: item 9 (the signature, in
``jose.py``) and item 10 (well-formedness, in ``tokens.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .errors import AssertionRefused, Reason
from .policy import AssertionPolicy
from .steps import Step, Watch
from .texts import Joined, Text, _
from .wording import ABSENT, date_of, kind_of, mismatch, moment, one_of, seconds, shown, the_jwt_has

Claims = Mapping[str, Any]
Check = Callable[[Claims, AssertionPolicy, float, Watch], None]

#: The last second of the year 9999: no date of an assertion is later than a database can store.
LAST_DATE = 253_402_300_799
#: Characters. A subject is stored to be linked and revoked by, so it must fit whole.
MAX_STRING = 512


def check_issuer(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 1: ``iss`` is the issuer whose key verified the signature.

    RFC 8725 section 3.12: and it is not this server, whose own tokens are no grants.
    """
    watch(Step.ISS, policy.issuer, claims.get("iss"))
    if claims.get("iss") != policy.issuer:
        detail = mismatch(
            _("iss must equal {issuer}", issuer=shown(policy.issuer)),
            claims.get("iss", ABSENT),
            policy.issuer,
        )
        raise AssertionRefused(Reason.UNKNOWN_ISSUER, detail=detail)
    if policy.issuer in policy.audiences:
        detail = _(
            "iss must be none of this server's audiences; the JWT has {issuer}", issuer=shown(policy.issuer)
        )
        raise AssertionRefused(Reason.OWN_ISSUER, detail=detail)


def check_subject(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 2: there is a ``sub``, a string that is not empty.

    An ID-JAG or ID Token has a subject other than its issuer, so no fallback applies (ID-JAG section 3.1).
    """
    watch(Step.SUB, _("a string"), claims.get("sub"))
    required = policy.id_jag or policy.id_token or not policy.subject_fallback
    if "sub" in claims or required:
        string_claim(claims, "sub", required=True)


def check_audience(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 3: ``aud`` names this server, character by character.

    In an ID-JAG it is the only audience (ID-JAG section 4.4.1), as where a client authenticates
    (draft-ietf-oauth-rfc7523bis section 4).
    """
    watch(Step.AUD, sorted(policy.audiences), claims.get("aud"))
    if "aud" not in claims:
        raise _missing("aud")
    values = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not values or not all(isinstance(value, str) and value for value in values):
        raise _malformed(claims, "aud", _("a string or an array of strings, none of them empty"))
    if not policy.audiences.intersection(values) or (policy.is_sole_audience and len(values) != 1):
        raise AssertionRefused(Reason.AUDIENCE, detail=_other_audience(claims["aud"], values, policy))


def _other_audience(aud: Any, values: list[Any], policy: AssertionPolicy) -> Text:
    if policy.audiences.intersection(values):
        what = _("an ID-JAG") if policy.id_jag else _("a {door}", door=policy.door)
        return _("aud must be a single value for {what}; {found}", what=what, found=the_jwt_has(aud))
    demand = _("aud must be or contain {allowed}", allowed=one_of(policy.audiences))
    found = values[0] if len(values) == 1 else aud
    return mismatch(demand, found, *sorted(policy.audiences))


def check_expiry(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 4: there is an ``exp``, and it has not passed (RFC 7519 section 4.1.4)."""
    watch(Step.EXP, now - policy.leeway, claims.get("exp"))
    if now >= usable_until(claims, policy):
        demand = _("exp must be in the future (leeway: {leeway})", leeway=seconds(policy.leeway))
        raise AssertionRefused(Reason.EXPIRED, detail=Joined("; ", (demand, moment(claims["exp"], now))))


def usable_until(claims: Claims, policy: AssertionPolicy) -> float:
    """Return when an assertion stops being acceptable: its ``exp`` and the leeway.

    Single use is guarded until then, so the two must not be computed in two places.
    """
    return numeric_date(claims, "exp", required=True) + policy.leeway


def check_lifetime(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 4: ``exp`` is not unreasonably far in the future.

    Counted from now, so that leaving out ``iat`` gains nothing.
    """
    latest = now + policy.max_lifetime + policy.leeway
    watch(Step.LIFETIME, latest, claims.get("exp"))
    if numeric_date(claims, "exp", required=True) > latest:
        longest = _(
            "{max_lifetime} from now (leeway: {leeway})",
            max_lifetime=seconds(policy.max_lifetime),
            leeway=seconds(policy.leeway),
        )
        detail = _(
            "exp must be at most {longest}; {found}", longest=longest, found=moment(claims["exp"], now)
        )
        raise AssertionRefused(Reason.LIFETIME, detail=detail)


def check_not_before(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 5: an ``nbf`` has been reached."""
    watch(Step.NBF, now + policy.leeway, claims.get("nbf"))
    if "nbf" in claims and numeric_date(claims, "nbf") > now + policy.leeway:
        raise AssertionRefused(Reason.NOT_YET_VALID, detail=_in_future("nbf", claims, policy, now))


def check_issued_at(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 6: an ``iat`` is not unreasonably far in the past, nor in the future."""
    oldest = now - policy.max_lifetime - policy.leeway
    watch(Step.IAT, [oldest, now + policy.leeway], claims.get("iat"))
    if "iat" not in claims:
        if policy.id_jag or policy.id_token:
            raise _missing("iat")
        return
    issued_at = numeric_date(claims, "iat")
    if issued_at > now + policy.leeway:
        raise AssertionRefused(Reason.ISSUED_IN_FUTURE, detail=_in_future("iat", claims, policy, now))
    if issued_at < oldest:
        longest = _(
            "{max_lifetime} ago (leeway: {leeway})",
            max_lifetime=seconds(policy.max_lifetime),
            leeway=seconds(policy.leeway),
        )
        detail = _("iat must be at most {longest}; {found}", longest=longest, found=moment(issued_at, now))
        raise AssertionRefused(Reason.TOO_OLD, detail=detail)


def check_issued_after(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 6: after an incident, an ``iat`` is not earlier than the issuer's limit.

    An assertion without one may be of any age, so it is refused.
    """
    if policy.issued_after is None:
        return
    watch(Step.ISSUED_AFTER, policy.issued_after, claims.get("iat"))
    demand = _(
        "iat must be at or after {date} (issued_after of the issuer)", date=date_of(policy.issued_after)
    )
    if "iat" not in claims:
        raise AssertionRefused(Reason.ISSUED_BEFORE, detail=mismatch(demand, ABSENT))
    if numeric_date(claims, "iat") < policy.issued_after:
        detail = Joined("; ", (demand, moment(claims["iat"], now)))
        raise AssertionRefused(Reason.ISSUED_BEFORE, detail=detail)


def _in_future(name: str, claims: Claims, policy: AssertionPolicy, now: float) -> Text:
    demand = _(
        "{name} must not be in the future (leeway: {leeway})", name=name, leeway=seconds(policy.leeway)
    )
    return Joined("; ", (demand, moment(claims[name], now)))


def check_jwt_id(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7523 section 3, item 7: a ``jti`` is a string, and present where the policy requires one."""
    wanted = policy.require_jti or policy.id_jag
    watch(Step.JTI, _("required") if wanted else _("optional"), _present("jti", claims))
    jti_of(claims, required=wanted)


def check_kind(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 8725 section 3.12: no ID Token, which says who has signed in somewhere else.

    ID Tokens have no ``typ`` of their own; these claims are in no other JWT
    (OpenID Connect Core sections 2 and 3.3.2.11). An ID-JAG is distinguished from them by its
    type, and may have any claim that an ID Token has (ID-JAG section 3.1). One that is exchanged as such
    (RFC 8693 section 3) may be one. Nor is it a security event or logout token, which may come without
    its type (RFC 8417 section 2.2).
    """
    if "events" in claims and not policy.id_jag:
        detail = _(
            "events must be absent, as only security event tokens have it; {found}",
            found=the_jwt_has(claims["events"]),
        )
        raise AssertionRefused(Reason.WRONG_TYPE, detail=detail)
    wanted = _("an ID Token") if policy.id_token else _("no nonce, at_hash or c_hash")
    watch(Step.KIND, wanted, sorted({"nonce", "at_hash", "c_hash"} & claims.keys()))
    for name in ("nonce", "at_hash", "c_hash"):
        if name in claims and not (policy.id_jag or policy.id_token):
            detail = _(
                "must be absent, as only ID Tokens have it; the JWT has {value}", value=kind_of(claims[name])
            )
            raise AssertionRefused(Reason.ID_TOKEN, name, detail)


def check_confirmation(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """RFC 7800 section 3: a JWT that is bound to a key (``cnf``) is no bearer assertion.

    Passing over the claim would hand the rights of the key's holder to any bearer. With DPoP, a client
    that proves to hold the key may present it (RFC 9449 section 6.1; ID-JAG section 9.8.1.2).
    """
    cnf = claims.get("cnf")
    wanted = {"jkt": policy.proof_key} if policy.proof_key else None
    watch(
        Step.CNF,
        _("absent, or {wanted}", wanted=shown(wanted)) if wanted else _("absent"),
        _present("cnf", claims),
    )
    if "cnf" not in claims:
        return
    if not policy.dpop or not isinstance(cnf, dict) or cnf.keys() != {"jkt"}:
        demand = _("an object with jkt alone") if policy.dpop else _("absent while the setting DPOP is off")
        raise AssertionRefused(
            Reason.SENDER_CONSTRAINED,
            detail=_("cnf must be {demand}; {found}", demand=demand, found=the_jwt_has(cnf)),
        )
    if wanted is None:
        detail = _(
            "a DPoP proof of the key in cnf is required; {found}, and the request no proof",
            found=the_jwt_has(cnf),
        )
        raise AssertionRefused(Reason.PROOF_REQUIRED, detail=detail)
    if cnf != wanted:
        detail = _(
            "cnf must equal {wanted}, the key of the proof; {found}",
            wanted=shown(wanted),
            found=the_jwt_has(cnf, wanted),
        )
        raise AssertionRefused(Reason.PROOF_KEY, detail=detail)


#: Every demand on the claims of an assertion, in the order in which they are checked.
CLAIM_CHECKS: tuple[Check, ...] = (
    check_issuer,
    check_subject,
    check_audience,
    check_expiry,
    check_lifetime,
    check_not_before,
    check_issued_at,
    check_issued_after,
    check_jwt_id,
    check_kind,
    check_confirmation,
)


def numeric_date(claims: Claims, name: str, *, required: bool = False) -> float:
    """The NumericDate ``name`` in seconds since the epoch (RFC 7519 section 2).

    A JSON number, whole or not, between 1970 and 9999. A string, a boolean or
    ``null`` is no number, and 1e400 is no date.
    """
    if name not in claims and required:
        raise _missing(name)
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _malformed(claims, name, _("a number of seconds since 1970"))
    if not 0 <= value <= LAST_DATE:  # so neither NaN nor Infinity passes
        raise _malformed(
            claims, name, _("a number of seconds since 1970, from 0 to {latest}", latest=LAST_DATE)
        )
    return float(value)


def string_claim(
    claims: Claims, name: str, *, required: bool = False, longest: float = MAX_STRING
) -> str | None:
    """The claim ``name``: a string of 1 to ``longest`` characters, or ``None`` if absent."""
    if name not in claims:
        if required:
            raise _missing(name)
        return None
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        demand = _("a string that is not empty")
        if longest < math.inf:
            demand = _("a string of 1 to {longest} characters", longest=longest)
        raise _malformed(claims, name, demand)
    return value


def jti_of(claims: Claims, *, required: bool = False) -> str | None:
    """The ``jti`` of ``claims``, of any length, as only its digest is stored; ``None`` if absent."""
    return string_claim(claims, "jti", required=required, longest=math.inf)


def _present(name: str, claims: Claims) -> Text:
    return _("present") if name in claims else _("absent")


def _missing(name: str) -> AssertionRefused:
    return AssertionRefused(Reason.MISSING_CLAIM, name, _("is required; {found}", found=the_jwt_has(ABSENT)))


def _malformed(claims: Claims, name: str, demand: Text) -> AssertionRefused:
    value = claims.get(name, ABSENT)
    # Of a jti nothing is stored but a digest.
    found = _("the JWT has {value}", value=kind_of(value)) if name == "jti" else the_jwt_has(value)
    return AssertionRefused(
        Reason.MALFORMED_CLAIM, name, _("must be {demand}; {found}", demand=demand, found=found)
    )
