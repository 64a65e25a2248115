"""Which scopes and resources a token gets: never more than every party to it allows.

RFC 7521 section 4.1: the scope must not exceed what was granted to the accessor;
RFC 6749 section 3.3 for the grammar; RFC 8707 for resources.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..assertion import (
    ABSENT,
    AssertionRefused,
    Joined,
    Reason,
    Text,
    _,
    all_of,
    mismatch,
    near_miss,
    one_of,
    shown,
    the_jwt_has,
    verbatim,
    with_near,
)
from .conditions import claim_value

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)


def split_scope(text: str) -> list[str]:
    """The scope tokens of a space-separated list, each once, in their order.

    RFC 6749 section 3.3. Raises :class:`AssertionRefused` (``SCOPE``) for a character
    that no scope may have.
    """
    tokens = list(dict.fromkeys(filter(None, text.split(" "))))
    if not all(map(_SCOPE.fullmatch, tokens)):
        wrong = next(token for token in tokens if not _SCOPE.fullmatch(token))
        detail = _(
            "a scope must have characters of RFC 6749 section 3.3 alone; there is {wrong}", wrong=shown(wrong)
        )
        raise AssertionRefused(Reason.SCOPE, detail=detail)
    return tokens


def scope_claim(claims: Mapping[str, Any], name: str = "scope") -> list[str] | None:
    """The scopes in the claim ``name``, or ``None`` where it is absent (RFC 8693 section 4.2).

    ``name`` is a name or a JSON Pointer; the claim is a string of scopes, or a list of such strings, as
    Okta's ``scp``. An empty one grants nothing: that is what an issuer says who withholds every scope.
    """
    value = claim_value(claims, name)
    if value is ABSENT:
        return None
    members = value if isinstance(value, list) else [value]
    if not all(isinstance(member, str) for member in members):
        detail = _("must be a string of scopes or a list of strings; {found}", found=the_jwt_has(value))
        raise AssertionRefused(Reason.MALFORMED_CLAIM, name, detail)
    return split_scope(" ".join(members))


def grant_scopes(
    *,
    requested: Sequence[str],
    claimed: Sequence[str] | None,
    ceiling: Collection[str],
    default: Sequence[str],
    available: Collection[str],
    dispensable: Collection[str] = (),
) -> list[str]:
    """The scopes of the token.

    ``requested`` are those of the parameter, ``claimed`` those of the assertion
    (``None``: it does not bound), ``ceiling`` and ``default`` the rule's, ``available``
    what the application may have. A named scope beyond any of them is refused
    (``SCOPE``), as is a token without any scope: nothing is granted by silence. Those of the parameter that
    are ``dispensable`` are left out instead, if others are requested (RFC 6749 section 3.3).
    """
    bound = set(ceiling) & set(available)
    if claimed is not None:
        bound &= set(claimed)
    needed = [scope for scope in requested if scope in bound or scope not in dispensable]
    named = needed or list(requested) or list(claimed or ())
    if not named:
        # No particular scope was requested: a smaller default is no reason to refuse.
        named = [scope for scope in (default or ceiling) if scope in bound]
    if not named or not bound.issuperset(named):
        parties = {_("the rule"): ceiling, _("the application"): available}
        if claimed is not None:
            parties[_("the scope claim")] = claimed
        raise AssertionRefused(Reason.SCOPE, detail=_beyond(named, bound, parties))
    return named


def grant_resources(
    *, requested: Sequence[str], claimed: Sequence[str] | None, allowed: Sequence[str]
) -> list[str]:
    """The resources (RFC 8707) that the token is for; an empty list: it is not bound to any.

    Each requested one must be allowed by the rule and, where the assertion names
    resources, by the assertion. Without a request the token is bound to all that is
    left. Raises :class:`AssertionRefused` (``RESOURCE``).
    """
    bound = [resource for resource in allowed if claimed is None or resource in claimed]
    if claimed and not bound:
        detail = mismatch(
            _("resource must be {allowed}", allowed=_choice(allowed)), _single(claimed), *allowed
        )
        raise AssertionRefused(Reason.RESOURCE, detail=detail)
    beyond = next((resource for resource in requested if resource not in bound), None)
    if beyond is not None:
        near = near_miss(bound, beyond)
        detail = _(
            "the requested resource must be {allowed}; it is {found}",
            allowed=_choice(bound),
            found=shown(beyond),
        )
        raise AssertionRefused(Reason.RESOURCE, detail=with_near(detail, near))
    return list(dict.fromkeys(requested)) or bound


def resource_claim(claims: Mapping[str, Any]) -> list[str] | None:
    """The ``resource`` claim, a string or a list of strings, or ``None`` (ID-JAG section 3.1)."""
    if "resource" not in claims:
        return None
    value = claims["resource"]
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(resource, str) and resource for resource in values):
        detail = _(
            "must be a string or an array of strings, none of them empty; {found}", found=the_jwt_has(value)
        )
        raise AssertionRefused(Reason.MALFORMED_CLAIM, "resource", detail)
    return values


def _choice(allowed: Sequence[str]) -> str:
    return one_of(allowed) if allowed else _("absent, as nothing is allowed by rule and assertion together")


def _single(values: Sequence[str]) -> object:
    return values[0] if len(values) == 1 else values


def _beyond(named: Iterable[str], bound: Collection[str], parties: Mapping[Text, Collection[str]]) -> Text:
    """Which of the ``named`` scopes are beyond what one of the ``parties`` has."""
    beyond = [scope for scope in named if scope not in bound]
    allowed = Joined(
        "; ",
        [
            _("{party} has {scopes}", party=party, scopes=all_of(sorted(scopes)) or _("none"))
            for party, scopes in parties.items()
            if not beyond or not set(scopes).issuperset(beyond)
        ],
    )
    if not beyond:
        return _("a scope must be left, but they have none in common: {allowed}", allowed=allowed)
    near = near_miss(bound, beyond[0])
    refused = with_near(verbatim(all_of(beyond)), near)
    return _("each scope must be allowed; not so {refused}: {allowed}", refused=refused, allowed=allowed)
