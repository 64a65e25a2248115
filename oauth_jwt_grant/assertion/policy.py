"""What one issuer's assertions must look like: the terms that RFC 7523 section 5 leaves to agreement."""

from __future__ import annotations

from dataclasses import dataclass

from .doors import Door
from .jose import ALGORITHMS
from .texts import _

#: The explicit type of an Identity Assertion JWT Authorization Grant.
ID_JAG_TYPE = "oauth-id-jag+jwt"
#: The explicit type of a client assertion (draft-ietf-oauth-rfc7523bis section 4).
_CLIENT_TYPE = "client-authentication+jwt"


#: The longest duration that is stored, 68 years: the lowest limit of the databases. Dates that are
#: reckoned with longer ones leave the calendar.
MAX_SECONDS = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionPolicy:
    """The terms on which one issuer's assertions are accepted.

    ``audiences`` are the identifiers of this server, compared as plain strings;
    ``leeway`` and ``max_lifetime`` are whole seconds. ``issued_after``, in seconds since the epoch, refuses
    what is older or does not say how old it is. ``id_jag`` demands the profile
    of draft-ietf-oauth-identity-assertion-authz-grant and refuses every other JWT;
    without it that profile is refused. ``door`` is where the assertion is presented, and ``id_token``
    whether it has to be an ID Token. ``dpop`` says whether an assertion may be bound to a
    key, and ``proof_key`` is the thumbprint of the one whose proof came along. Raises
    :class:`ValueError` for terms that would let everything through or nothing: an empty set
    never means "any".
    """

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    leeway: int
    max_lifetime: int
    issued_after: float | None = None
    require_jti: bool = False
    subject_fallback: bool = False
    id_jag: bool = False
    door: Door = Door.AUTHORIZATION_GRANT
    id_token: bool = False
    dpop: bool = False
    proof_key: str | None = None

    def __post_init__(self) -> None:
        if not self.issuer:
            raise ValueError(_("the issuer is empty"))
        if not self.audiences or "" in self.audiences:
            raise ValueError(_("no audience names this authorization server"))
        if not self.algorithms or not self.algorithms <= ALGORITHMS.keys():
            raise ValueError(_("no algorithm, or one that assertions may not be signed with"))
        if not 0 <= self.leeway <= MAX_SECONDS or not 0 < self.max_lifetime <= MAX_SECONDS:
            raise ValueError(_("leeway or lifetime is out of range"))

    @property
    def types(self) -> frozenset[str | None]:
        """The ``typ`` values that are accepted; ``None`` means that it is absent.

        RFC 8725 section 3.11. No type is registered for the plain grant, so its JWTs
        come untyped, as ``JWT`` or as ``JOSE`` (SPIFFE); every other type is another
        kind of JWT. An ID-JAG is an authorization grant alone.
        """
        if self.id_jag:
            return frozenset({ID_JAG_TYPE} if self.door is Door.AUTHORIZATION_GRANT else ())
        untyped = {None, "jwt", "jose"}
        return frozenset(untyped | {_CLIENT_TYPE} if self.door is Door.CLIENT_ASSERTION else untyped)

    @property
    def is_sole_audience(self) -> bool:
        """Whether an assertion for this server must be for nobody else."""
        return self.id_jag or self.door is Door.CLIENT_ASSERTION
