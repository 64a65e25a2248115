"""Trust as frozen values: an issuer, a rule, a link. Decisions are made from these, never from rows.

Equal rows of many requests share one value, so no code may change one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from ..assertion import NOTHING, Door, Text, _, is_for
from ..models import GrantRule, TrustedIssuer
from ..rules import conditions_of

#: What cannot be used where reading it breaks.
ROWS = _("the row of the issuer or of a rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A trusted issuer: the fields of its row, lists as tuples."""

    pk: Any
    name: str
    issuer: str
    enabled: bool
    valid_from: datetime | None
    valid_until: datetime | None
    issued_after: datetime | None
    profile: str
    key_source: str
    jwks_url: str
    discovery_url: str
    jwks: Any
    trust_anchors: str
    certificate_bindings: Any
    ca_bundle: str
    allow_private_network: bool
    algorithms: Any
    audiences: Any
    max_lifetime: int | None
    leeway: int | None
    replay_policy: str
    subject_fallback: bool
    conditions: Any

    def __post_init__(self) -> None:
        """Read the conditions once for all requests that share the value."""
        object.__setattr__(self, "conditions", conditions_of(self.conditions))

    @classmethod
    def of(cls, row: TrustedIssuer) -> Self:
        """Return the value of ``row``, saved or not."""
        return cls(**{field.name: frozen(getattr(row, field.name)) for field in fields(cls)})

    @property
    def is_id_jag(self) -> bool:
        """Whether the issuer is trusted for ID-JAGs, and so for nothing else."""
        return self.profile == TrustedIssuer.Profile.ID_JAG

    def is_single_use(self, jti: str | None) -> bool:
        """Whether an assertion with this ``jti`` may be used once only."""
        policies = TrustedIssuer.ReplayPolicy
        if self.replay_policy == policies.ONCE_IF_JTI:
            return jti is not None
        return self.replay_policy != policies.REUSABLE

    def __str__(self) -> str:
        return self.name or self.issuer


@dataclass(frozen=True, slots=True)
class Link:
    """The answer to "to whom is ``subject`` linked?" as it was read with a rule: ``user``, or nobody."""

    subject: str
    user: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A grant rule of ``issuer``: the fields of its row, lists as tuples.

    In the rule of a request ``link`` says to whom the subject of its assertion is linked, and ``pinned``
    which claims its conditions and those of the issuer allow one value.
    """

    pk: Any
    issuer: Issuer
    name: str
    refuses: bool
    accepted_as: Any
    allow_any_tenant: bool
    client_policy: str
    default_application_id: Any
    require_dpop: bool
    subject_policy: str
    subject_claim: str
    user_field: str
    user_id: Any
    user_fields: Any
    allow_privileged_users: bool
    scopes: str
    default_scopes: str
    scope_claim: str
    scope_claim_name: str
    access_token_lifetime: int | None
    limit_to_assertion: bool
    resources: Any
    require_resource: bool
    recorded_claims: Any
    link: Link | None = None
    pinned: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: GrantRule) -> Self:
        """Return the value of ``row``. Its issuer is read unless it has been; no link is looked up."""
        values = {name: frozen(getattr(row, name)) for name in RULE_FIELDS}
        return cls(issuer=Issuer.of(row.issuer), **values)

    @property
    def is_bounded_by_scope_claim(self) -> bool:
        """Whether a ``scope`` claim in the assertion bounds the token."""
        return self.issuer.is_id_jag or self.scope_claim == GrantRule.ScopeClaim.CEILING

    def why_not_for(self, door: Door) -> Text:
        """Why the rule cannot match at ``door``, or an empty text."""
        if not is_for(self.accepted_as, door):
            doors = ", ".join(each for each in Door if is_for(self.accepted_as, each))
            return _(
                "it must be accepted as {door}; it is accepted as {doors}",
                door=door,
                doors=doors or _("nothing"),
            )
        if door is not Door.AUTHORIZATION_GRANT and self.issuer.is_id_jag:
            return _("an ID-JAG is not accepted as {door}", door=door)
        if self.refuses:
            return NOTHING
        names_nobody = self.subject_policy == GrantRule.SubjectPolicy.NO_USER
        if door is Door.CLIENT_ASSERTION and not (self.default_application_id and names_nobody):
            return _("as {door} it needs a default application, and a token without a user", door=door)
        return NOTHING

    def __str__(self) -> str:
        return self.name


ISSUER_FIELDS = tuple(field.name for field in fields(Issuer))
#: Those that are columns of the rule itself.
RULE_FIELDS = tuple(field.name for field in fields(Rule) if field.name not in ("issuer", "link", "pinned"))


def frozen(value: Any) -> Any:
    """``value`` with a list as a tuple. A column that SQL has written may hold anything else."""
    return tuple(value) if isinstance(value, list) else value
