"""The recorded claims of an access token, and the demand that one of them has a certain value."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext

from ..dot import get_oauthlib_core
from ..oauth2_backends import note_access_token, noted_access_token
from ..rules import Condition, Moment, Operator


def claims_of(source: Any) -> dict[str, Any]:
    """Return the recorded claims of an access token, or of the one that a request was made with.

    ``source`` is an access token, a request of Django or a request of Django REST framework. The result is
    empty without a good token, for the token of another grant, and for what is no token at all. It is a copy.
    """
    token = _token_in(source)
    # The error that Django raises for a missing decision is an AttributeError, too. It keeps either result
    # with the token, so that a second call needs no statement.
    decision = getattr(token, "jwt_bearer_decision", None) if isinstance(token, Model) else None
    claims = getattr(decision, "claims", None)
    return dict(claims) if isinstance(claims, dict) else {}


def _token_in(source: Any) -> Any:
    if isinstance(source, HttpRequest):
        return verify(source, [])[0]
    # REST framework's request has the result of its authentication there, and is no HttpRequest.
    return source if isinstance(source, Model) else getattr(source, "auth", None)


def verify(request: HttpRequest, scopes: Sequence[str]) -> tuple[Any, dict[str, str]]:
    """Return the good access token of ``request`` with ``scopes``, or ``None`` and an OAuth error.

    A request that the classes of the settings have checked is not checked again: a DPoP proof is good for
    one check.
    """
    token = noted_access_token(request)
    if token is not None:
        allowed = token.allow_scopes(scopes)
        return (token, {}) if allowed else (None, {"error": "insufficient_scope"})
    try:
        valid, checked = get_oauthlib_core().verify_request(request, scopes=list(scopes))
    except ValueError as error:
        # oauthlib says so of a query that it cannot read. The view would end in a server error.
        raise SuspiciousOperation("The query string cannot be read.") from error
    # oauthlib's request looks for an attribute that it does not have among the posted parameters.
    found = vars(checked) if checked is not None else {}
    if not valid:
        return None, dict(found.get("oauth2_error") or {})
    note_access_token(request, found.get("access_token"))
    return found.get("access_token"), {}


#: No JWT has a claim of this name by chance.
_POINTED = "oauth_jwt_grant:pointed"


def condition_of(claim: str, values: tuple[Any, ...], operator: str | None) -> Condition:
    """Return the condition on ``claim``. Raises ``InvalidCondition`` for one that no token could meet.

    Without ``operator`` it is ``exists`` for no value, ``equals`` for one and ``in`` for several.
    """
    usual = (Operator.EXISTS, Operator.EQUALS, Operator.IN)[min(len(values), 2)]
    condition = Condition(claim, usual if operator is None else Operator(operator), values)
    condition.check()
    return condition


def meets(claims: Mapping[str, Any], condition: Condition) -> bool:
    """Return whether recorded claims meet ``condition``.

    The rule records the target of a JSON Pointer under the pointer itself. One that is not recorded is looked
    for in those claims that are.
    """
    name = condition.claim
    if name.startswith("/") and name in claims:
        pointed = Condition(_POINTED, condition.operator, condition.values)
        return pointed.holds({**claims, _POINTED: claims[name]}, Moment(time.time()))
    return condition.holds(claims, Moment(time.time()))


def refusal(condition: Condition) -> str:
    """Return the text for a client: the name of the claim, but not the value that it needs."""
    return gettext('The access token does not have the required value of the claim "%(claim)s".') % {
        "claim": condition.claim
    }
