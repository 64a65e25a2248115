"""The values of a decision: the question, the findings so far, and the terms of the token."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..assertion import Door, UnverifiedAssertion, VerifiedAssertion
from ..dot import AbstractApplication, is_public
from ..rules import ABSENT, Client, Miss, claim_value
from ..subjects import Subject
from ..trust import Issuer, LoadedRule, Rows, Rule, strings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question: may this assertion become a token, for this client, with these scopes, now?

    ``application`` is the client whose credentials have been checked, or ``None``;
    ``scope`` the parameter as posted; ``audiences`` the identifiers of this server;
    ``now`` seconds since the epoch; ``door`` how the assertion is presented, ``id_token``
    whether as an ID Token; ``client_id`` which client it has to authenticate, if the
    request says so; ``request`` oauthlib's request, or ``None`` in a dry run: it is only
    handed on to the site's scopes backend and application model.
    """

    assertion: str = field(repr=False)
    application: AbstractApplication | None = None
    scope: str | None = None
    resources: Sequence[str] = ()
    audiences: Collection[str]
    now: float
    door: Door = Door.AUTHORIZATION_GRANT
    id_token: bool = False
    client_id: str | None = None
    request: Any = field(default=None, repr=False)

    @property
    def client(self) -> Client | None:
        """The application as the rules see it."""
        application = self.application
        return None if application is None else Client(application.pk, application.client_id)


def presented(
    door: str, application: AbstractApplication | None, *, id_token: bool = False
) -> dict[str, Any]:
    """Return the part of a dry run's :class:`Question` that says how the assertion is presented, and by whom.

    Where it authenticates the client, ``application`` is not a client yet, but the ``client_id`` beside it.
    """
    where = Door(door or Door.AUTHORIZATION_GRANT)
    if where is Door.CLIENT_ASSERTION:
        return {"door": where, "client_id": application.client_id if application else None}
    return {"door": where, "application": application, "id_token": id_token and where is Door.SUBJECT_TOKEN}


@dataclass(slots=True)
class Case:
    """A question and the findings so far: a refusal shows them to an operator.

    ``proof_key`` is the thumbprint of the key whose DPoP proof came with it, if one did and was good.
    ``rows`` are for the relations of the decision: nothing is decided by them.
    """

    question: Question
    proof_key: str | None = None
    unverified: UnverifiedAssertion | None = None
    issuer: Issuer | None = None
    rows: Rows | None = None
    assertion: VerifiedAssertion | None = None
    rule: Rule | None = None
    #: In a dry run alone: the rule did not match.
    is_rule_supposed: bool = False
    misses: list[Miss[LoadedRule]] = field(default_factory=list)
    application: AbstractApplication | None = None
    subject: Subject = field(default_factory=Subject)
    scopes: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)

    @property
    def members(self) -> dict[str, Any]:
        """Return the members of the answer that are not those of an ordinary bearer token."""
        members: dict[str, Any] = {**self.question.door.members}
        if self.proof_key is not None:
            members["token_type"] = "DPoP"  # noqa: S105 - a name, not a secret
        if self.resources and self.issuer is not None and self.issuer.is_id_jag:
            # ID-JAG section 4.4.1: the answer has what was granted. RFC 8707 gives the member no form.
            members["resource"] = self.resources if len(self.resources) > 1 else self.resources[0]
        return members


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The verdict "accepted": the token that may be issued, and what it rests on.

    ``application`` is the client or the rule's stand-in for one, or ``None``;
    ``expires_in`` is in seconds, ``None`` for the server's default.
    """

    issuer: Issuer
    assertion: VerifiedAssertion
    rule: Rule
    application: AbstractApplication | None
    subject: Subject
    scopes: list[str]
    resources: list[str]
    expires_in: int | None

    @property
    def replay_key(self) -> str | None:
        """What the single use of the assertion is counted by, or ``None`` where it may be used again."""
        by_public_client = self.issuer.is_id_jag and is_public(self.application)
        single_use = by_public_client or self.issuer.is_single_use(self.assertion.jti)
        return self.assertion.replay_key if single_use else None

    @property
    def recorded_claims(self) -> dict[str, Any]:
        """The claims that the rule keeps with the decision."""
        names = strings_of(self.rule, "recorded_claims")
        found = {name: claim_value(self.assertion.claims, name) for name in names}
        return {name: value for name, value in found.items() if value is not ABSENT}
