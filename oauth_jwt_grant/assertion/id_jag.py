"""What an Identity Assertion JWT Authorization Grant (ID-JAG) must be beyond a JWT of RFC 7523.

draft-ietf-oauth-identity-assertion-authz-grant, for the server that takes one. Not
here: ``typ`` (``policy.py``), the single ``aud``, ``sub``, ``iat`` and ``jti``
(``claims.py``), and ``client_id``, which needs to know the client
(:mod:`oauth_jwt_grant.decision.id_jag`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .claims import MAX_STRING, Check, Claims, string_claim
from .errors import AssertionRefused, Reason
from .policy import AssertionPolicy
from .steps import Step, Watch
from .texts import _
from .wording import the_jwt_has

#: The claims for the tenant, the issuer's or ours, to which the assertion belongs (section 6).
TENANTS = ("tenant", "aud_tenant")

_PREFIX = "tenant:"


def check_tenants(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """ID-JAG sections 3.1 and 6.3: tenants are strings, and ``sub`` is unique in the issuer's tenant only.

    So that the two together stay unique here, no ``sub`` may look like a subject in a
    tenant (:func:`subject_of`).
    """
    watch(Step.TENANT, _("a string, or absent"), claims.get("tenant"))
    for name in TENANTS:
        string_claim(claims, name)
    if "tenant" not in claims and str(claims.get("sub")).startswith(_PREFIX):
        detail = _("must not look like a subject in a tenant; {found}", found=the_jwt_has(claims["sub"]))
        raise AssertionRefused(Reason.MALFORMED_CLAIM, "sub", detail)
    if len(subject_of(claims)) > MAX_STRING:
        detail = _(
            "must have at most {most} characters together with the tenant; the JWT has {number}",
            most=MAX_STRING,
            number=len(subject_of(claims)),
        )
        raise AssertionRefused(Reason.MALFORMED_CLAIM, "sub", detail)


def check_authorization_details(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """ID-JAG section 4.4.1: authorization details are processed, or there is no token (RFC 9396 section 5).

    They may be all that the issuer has granted. A token by ``scope`` in their place would
    be more than that.
    """
    found = claims.get("authorization_details")
    watch(Step.DETAILS, _("absent"), found)
    if "authorization_details" not in claims:
        return
    if not isinstance(found, list) or not all(isinstance(detail, dict) for detail in found):
        detail = _("must be absent, or an array of objects; {found}", found=the_jwt_has(found))
        raise AssertionRefused(Reason.MALFORMED_CLAIM, "authorization_details", detail)
    detail = _("authorization_details must be absent; {found}", found=the_jwt_has(found))
    raise AssertionRefused(Reason.AUTHORIZATION_DETAILS, detail=detail)


#: The checks of ID-JAGs only; they follow the checks of all assertions.
ID_JAG_CHECKS: tuple[Check, ...] = (check_tenants, check_authorization_details)


def subject_of(claims: Mapping[str, Any]) -> str:
    """By what the subject of an ID-JAG is linked, recorded and revoked: ``sub``, or ``tenant:ACME:sub``.

    The same ``sub`` in two tenants is two subjects (ID-JAG section 6.3). In the tenant's
    name ``%`` and ``:`` are written ``%25`` and ``%3A``, so that no two pairs look alike.
    """
    subject = claims.get("sub")
    return in_tenant(claims, subject) if isinstance(subject, str) else ""  # refused by the claims' own rule


def in_tenant(claims: Mapping[str, Any], subject: str) -> str:
    """Return ``subject`` as one of the tenant of the ID-JAG, if it names one."""
    tenant = claims.get("tenant")
    if not isinstance(tenant, str):
        return subject
    return f"{_PREFIX}{tenant.replace('%', '%25').replace(':', '%3A')}:{subject}"
