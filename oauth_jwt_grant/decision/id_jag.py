"""What this server asks where an issuer signs ID-JAGs: the client that it names, and no other scope.

draft-ietf-oauth-identity-assertion-authz-grant section 4.4.1. What the claims must be
like is in :mod:`oauth_jwt_grant.assertion.id_jag`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..assertion import (
    ABSENT,
    TENANTS,
    AssertionRefused,
    Reason,
    Step,
    VerifiedAssertion,
    Watch,
    _,
    mismatch,
    shown,
    the_jwt_has,
)
from ..dot import AbstractApplication, is_public
from ..rules import names_values_of, scope_claim
from ..trust import Issuer, Rule

#: What clients add to ask for an ID Token, its claims or a refresh token (OpenID Connect Core sections 5.4
#: and 11). No token of ours comes with one, so these are left out of a request that asks for more than them.
OPENID_SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})

#: Seconds from ``iat`` to ``exp`` of an ID-JAG that a public client presents.
MAX_LIFETIME_OF_PUBLIC = 600


def check_id_jag(assertion: VerifiedAssertion, application: AbstractApplication | None, watch: Watch) -> None:
    """It was issued to the very client that presents it.

    ``application`` is the client whose credentials have been checked. A public one has none: the
    ``client_id`` that the issuer has signed takes their place, so the assertion lives only shortly. Raises
    :class:`AssertionRefused`.
    """
    named = assertion.claims.get("client_id")
    watch(Step.CLIENT, application.client_id if application else None, named)
    if application is None:
        detail = _("an ID-JAG must be sent by the client that it names; the request has no client")
        raise AssertionRefused(Reason.CLIENT_REQUIRED, detail=detail)
    if "client_id" not in assertion.claims:
        detail = _("is required of an ID-JAG; {found}", found=the_jwt_has(ABSENT))
        raise AssertionRefused(Reason.MISSING_CLAIM, "client_id", detail)
    if named != application.client_id:
        demand = _(
            "client_id must equal {client_id}, the client of the request",
            client_id=shown(application.client_id),
        )
        raise AssertionRefused(Reason.OTHER_CLIENT, detail=mismatch(demand, named, application.client_id))
    if is_public(application):
        _check_lifetime(assertion)


def _check_lifetime(assertion: VerifiedAssertion) -> None:
    issued_at = assertion.claims.get("iat")
    # That it is there, and a number, has been checked; a dry run comes here even so.
    lifetime = assertion.expires_at - issued_at if isinstance(issued_at, int | float) else 0
    if lifetime > MAX_LIFETIME_OF_PUBLIC:
        detail = _(
            "exp must be at most {most} s after iat for a public client; it is {lifetime} s",
            most=MAX_LIFETIME_OF_PUBLIC,
            lifetime=f"{lifetime:g}",
        )
        raise AssertionRefused(Reason.LIFETIME, detail=detail)


def claims_to_name(issuer: Issuer, assertion: VerifiedAssertion) -> list[str]:
    """The claims that only a rule with a condition on them may take: who passes over a tenant lets in all.

    A condition of the issuer has named the others for all rules.
    """
    if not issuer.is_id_jag:
        return []
    named = names_values_of(issuer.conditions)
    return [name for name in TENANTS if name in assertion.claims and name not in named]


def claimed_scope(rule: Rule, assertion: VerifiedAssertion) -> Sequence[str] | None:
    """The scopes that the assertion bounds the token to, or ``None``: it does not.

    The claim ``scope`` of an ID-JAG always does (sections 4.3.3 and 4.4.1), and is a string.
    """
    if not rule.is_bounded_by_scope_claim:
        return None
    name = "scope" if rule.issuer.is_id_jag else rule.scope_claim_name
    if rule.issuer.is_id_jag and isinstance(assertion.claims.get(name), list):
        detail = _("must be a string of scopes; {found}", found=the_jwt_has(assertion.claims[name]))
        raise AssertionRefused(Reason.MALFORMED_CLAIM, name, detail)
    # Google's libraries sign an empty scope where the program asks for none.
    if rule.issuer.subject_fallback and assertion.claims.get(name) == "":
        return None
    return scope_claim(assertion.claims, name)
