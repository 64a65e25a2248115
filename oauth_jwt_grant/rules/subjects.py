"""Which claim names the person, and how a person is written who is not named by ``sub``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..assertion import ABSENT, AssertionRefused, Reason, Text, _, both, mismatch, shown, the_jwt_has
from .conditions import claim_path, claim_value

_PREFIX = "claim:"
_SUB_ID = "sub_id"


def is_by_sub(name: str) -> bool:
    """Whether the claim ``name`` of a rule is ``sub``, as it is where nothing is named."""
    return not name or claim_path(name) == ["sub"]


def subject_claim(claims: Mapping[str, Any], name: str, pinned: Collection[str] = ()) -> str:
    """Return who is named by the claim ``name``, a name or a JSON Pointer; an e-mail address is verified.

    ``sub_id`` (RFC 9493) is who its ``iss`` and ``sub`` name, if that is the issuer. A member of it counts
    only where conditions have ``pinned`` what the object says of its issuer: one issuer must not name people
    of another. Raises :class:`AssertionRefused` (``UNKNOWN_SUBJECT``).
    """
    path = claim_path(name)
    if path == [_SUB_ID]:
        value = _subject_identifier(claims)
    else:
        if path[0] == _SUB_ID:
            _check_pinned(claims.get(_SUB_ID), pinned)
        value = claim_value(claims, name)
    if not isinstance(value, str) or not value:
        raise _unknown(
            _("{name} must be a string that is not empty; {found}", name=name, found=the_jwt_has(value))
        )
    verified = claims.get("email_verified", ABSENT)
    if path == ["email"] and verified is not True:
        # Anybody who can register an address that is not theirs would become its owner here.
        raise _unknown(_("email_verified must be true; {found}", found=the_jwt_has(verified)))
    return value


def subject_by_claim(name: str, value: str) -> str:
    """Return how the person is linked and recorded whom ``value`` of the claim ``name`` names.

    As ``claim:oid:VALUE``, so that the value of one claim is never taken for that of another. In the name
    ``%`` and ``:`` are written ``%25`` and ``%3A``.
    """
    path = claim_path(name)
    plain = path[0] if len(path) == 1 else name
    return f"{_PREFIX}{plain.replace('%', '%25').replace(':', '%3A')}:{value}"


def check_sub(claims: Mapping[str, Any]) -> None:
    """Raise :class:`AssertionRefused` for a ``sub`` that looks like a person named by another claim."""
    subject = claims.get("sub")
    if isinstance(subject, str) and subject.startswith(_PREFIX):
        raise _unknown(
            _("sub must not begin with {prefix}; {found}", prefix=_PREFIX, found=the_jwt_has(subject))
        )


def _subject_identifier(claims: Mapping[str, Any]) -> Any:
    """RFC 9493 section 3.2.3: the format iss_sub, with the issuer that has signed it."""
    value = claims.get(_SUB_ID, ABSENT)
    if not isinstance(value, Mapping) or value.get("format") != "iss_sub":
        raise _unknown(
            _("sub_id must be an object with the format iss_sub; {found}", found=the_jwt_has(value))
        )
    if value.get("iss") != claims.get("iss"):
        demand = _("iss of sub_id must equal {iss}", iss=shown(claims.get("iss")))
        raise _unknown(mismatch(demand, value.get("iss", ABSENT)))
    return value.get("sub", ABSENT)


def _check_pinned(value: Any, pinned: Collection[str]) -> None:
    issuers = [
        f"/{_SUB_ID}/{name}" for name in ("iss", "issuer") if isinstance(value, Mapping) and name in value
    ]
    if not issuers or not set(issuers) <= set(pinned):
        claims = both(issuers or [f"/{_SUB_ID}/issuer"])
        raise _unknown(
            _("the rule or its issuer must have a condition equals on {claims}; there is none", claims=claims)
        )


def _unknown(detail: Text) -> AssertionRefused:
    return AssertionRefused(Reason.UNKNOWN_SUBJECT, detail=detail)
