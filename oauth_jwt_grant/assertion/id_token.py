"""What an ID Token must be to be exchanged: OpenID Connect Core sections 2 and 3.1.3.7.

Not here: ``iss``, ``sub`` and ``exp`` (``claims.py``). Its audience is a client that the operator registered
at the provider, never this server.
"""

from __future__ import annotations

from .claims import Check, Claims
from .errors import AssertionRefused, Reason
from .policy import AssertionPolicy
from .steps import Step, Watch
from .texts import _
from .wording import ABSENT, mismatch, one_of, the_jwt_has


def check_parties(claims: Claims, policy: AssertionPolicy, now: float, watch: Watch) -> None:
    """Section 3.1.3.7, items 3 to 5: it is for nobody else; ``azp`` is the client if there are several."""
    found, party = claims.get("aud"), claims.get("azp")
    # Another check says that all of them are strings; a dry run comes here even so.
    audiences = [value for value in (found if isinstance(found, list) else [found]) if isinstance(value, str)]
    watch(Step.AUD, sorted(policy.audiences), {"aud": found, "azp": party})
    if not policy.audiences.issuperset(audiences):
        demand = _("aud of an ID Token must hold nothing but {allowed}", allowed=one_of(policy.audiences))
        raise AssertionRefused(Reason.AUDIENCE, detail=mismatch(demand, found))
    if "azp" not in claims:
        if len(audiences) > 1:
            detail = _("is required of an ID Token for several audiences; {found}", found=the_jwt_has(ABSENT))
            raise AssertionRefused(Reason.MISSING_CLAIM, "azp", detail)
    elif not isinstance(party, str):
        raise AssertionRefused(
            Reason.MALFORMED_CLAIM, "azp", _("must be a string; {found}", found=the_jwt_has(party))
        )
    elif party not in policy.audiences:
        demand = _("azp must be {allowed}", allowed=one_of(policy.audiences))
        raise AssertionRefused(Reason.AUDIENCE, detail=mismatch(demand, party))


#: The checks of ID Tokens only; they follow the checks of all assertions.
ID_TOKEN_CHECKS: tuple[Check, ...] = (check_parties,)
