"""The one way from a posted assertion to a permission: read, trust, keys, claims, rule, subject, scope.

The token endpoint, the admin's "Test an assertion" and ``explainassertion`` all come
through :func:`decide`. It reads and decides; writing is left to ``record.py``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.views.decorators.debug import sensitive_variables
from oauthlib.common import Request

from ..assertion import (
    ID_JAG_TYPE,
    AssertionPolicy,
    AssertionRefused,
    Reason,
    Step,
    UnverifiedAssertion,
    VerifiedAssertion,
    Watch,
    subject_of,
    unwatched,
    validate,
)
from ..conf.settings import settings
from ..dot import AbstractApplication, default_lifetime, get_scopes_backend
from ..grant import GRANT_TYPE
from ..models import GrantRule, TrustedIssuer
from ..rules import (
    ABSENT,
    Client,
    Miss,
    NoMatch,
    first_match,
    grant_resources,
    grant_scopes,
    resolve,
    resource_claim,
    split_scope,
)
from ..subjects import Subject, find_subject
from ..trust.lookup import LoadedRule, Trust, check_trusted, find_trust, key_source_of, policy_of
from .id_jag import check_id_jag, claimed_scope, claims_to_name, is_id_jag


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: may this assertion become a token, for this client, with these scopes, now?

    ``application`` is the client whose credentials have been checked, or ``None``;
    ``scope`` the parameter as posted; ``audiences`` the identifiers of this server;
    ``now`` seconds since the epoch; ``request`` oauthlib's request, or ``None`` in a dry
    run: it is only handed on to the site's scopes backend and application model.
    """

    assertion: str = field(repr=False)
    application: AbstractApplication | None = None
    scope: str | None = None
    resources: Sequence[str] = ()
    audiences: Collection[str]
    now: float
    request: Any = field(default=None, repr=False)

    @property
    def client(self) -> Client | None:
        """The application as the rules see it."""
        return None if self.application is None else Client(self.application.pk)


@dataclass(slots=True)
class Case:
    """A question and what has been found out about it so far: what a refusal can tell an operator.

    ``proof_key`` is the thumbprint of the key whose DPoP proof came with it, if one did and was good.
    """

    question: Question
    proof_key: str | None = None
    unverified: UnverifiedAssertion | None = None
    issuer: TrustedIssuer | None = None
    assertion: VerifiedAssertion | None = None
    rule: GrantRule | None = None
    misses: list[Miss[LoadedRule]] = field(default_factory=list)
    application: AbstractApplication | None = None
    subject: Subject = field(default_factory=Subject)
    scopes: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The verdict "accepted": the token that may be issued, and what it rests on.

    ``application`` is the client or the rule's stand-in for one, or ``None``;
    ``expires_in`` is in seconds, ``None`` for the server's default.
    """

    issuer: TrustedIssuer
    assertion: VerifiedAssertion
    rule: GrantRule
    application: AbstractApplication | None
    subject: Subject
    scopes: list[str]
    resources: list[str]
    expires_in: int | None

    @property
    def replay_key(self) -> str | None:
        """What the single use of the assertion is counted by, or ``None`` where it may be used again."""
        policies = TrustedIssuer.ReplayPolicy
        reusable = self.issuer.replay_policy == policies.REUSABLE or (
            self.issuer.replay_policy == policies.ONCE_IF_JTI and self.assertion.jti is None
        )
        return None if reusable else self.assertion.replay_key

    @property
    def recorded_claims(self) -> dict[str, Any]:
        """The claims that the rule keeps with the decision."""
        found = {name: resolve(self.assertion.claims, name) for name in self.rule.recorded_claims}
        return {name: value for name, value in found.items() if value is not ABSENT}


@sensitive_variables()
def decide(case: Case, watch: Watch = unwatched) -> Permission:
    """Find out whether the question of ``case`` is answered with a token, and with which.

    Fills in ``case`` as far as it gets, so that a refusal can say what was known. Writes
    and consumes nothing. Raises :class:`~oauth_jwt_grant.assertion.AssertionRefused`, or
    :class:`~oauth_jwt_grant.assertion.KeysUnavailable` where it cannot be decided.
    """
    question = case.question
    case.unverified = UnverifiedAssertion.parse(question.assertion, settings.MAX_ASSERTION_LENGTH, watch)
    watch(Step.ISSUER, "a trusted issuer, enabled and in its dates", case.unverified.issuer)
    trust = find_trust(case.unverified.issuer, question.client, _claimed_subject(case.unverified))
    case.issuer = trust.issuer
    check_trusted(trust.issuer, question.now)
    assertion = case.assertion = validate(
        case.unverified,
        _policy(case, trust.issuer),
        key_source_of(trust.issuer).candidates,
        now=question.now,
        watch=watch,
    )
    if is_id_jag(trust.issuer):
        check_id_jag(assertion, question.application, watch)
    rule = case.rule = _choose_rule(case, trust, assertion, watch)
    _check_proof(rule, case.proof_key, watch)
    case.application = _application(question, rule)
    watch(Step.SUBJECT, rule.subject_policy, assertion.subject)
    case.subject = find_subject(assertion, rule)
    case.scopes = _scopes(case, rule, assertion, watch)
    case.resources = _resources(question, rule, assertion, watch)
    return Permission(
        issuer=trust.issuer,
        assertion=assertion,
        rule=rule,
        application=case.application,
        subject=case.subject,
        scopes=case.scopes,
        resources=case.resources,
        expires_in=_lifetime(case, rule, assertion, watch),
    )


def _claimed_subject(assertion: UnverifiedAssertion) -> str:
    """Whom the assertion says to be about, so that the link can be read together with the trust."""
    if assertion.typ == ID_JAG_TYPE:
        return subject_of(assertion.claims)
    subject = assertion.claims.get("sub", assertion.issuer)
    return subject if isinstance(subject, str) else ""


def _policy(case: Case, issuer: TrustedIssuer) -> AssertionPolicy:
    """The terms for the assertions of ``issuer``, one of which came with the proof of ``case``."""
    policy = policy_of(issuer, case.question.audiences)
    return replace(policy, dpop=True, proof_key=case.proof_key) if settings.DPOP else policy


def _check_proof(rule: GrantRule, proof_key: str | None, watch: Watch) -> None:
    """RFC 9449 section 5.2, for a rule in the place of a client."""
    if rule.require_dpop or proof_key:
        watch(Step.PROOF, "a proof" if rule.require_dpop else "a proof, or none", proof_key)
    if rule.require_dpop and not proof_key:
        raise AssertionRefused(Reason.PROOF_REQUIRED)


def _choose_rule(case: Case, trust: Trust, assertion: VerifiedAssertion, watch: Watch) -> GrantRule:
    """RFC 7523 section 3: the additional restrictions and policy of this server."""
    issuer, rules = trust.issuer, trust.rules
    watch(Step.RULE, "a rule whose conditions hold and that admits the client", [str(rule) for rule in rules])
    to_be_named = claims_to_name(issuer, assertion)
    try:
        chosen, case.misses = first_match(rules, assertion.claims, case.question.client, to_be_named)
    except NoMatch as error:
        case.misses = error.misses
        raise
    return chosen.row


def _application(question: Question, rule: GrantRule) -> AbstractApplication | None:
    """Whose token it will be: the client's, or that of the rule's stand-in where there is none."""
    application: AbstractApplication | None = question.application or rule.default_application
    if application is not None and not application.is_usable(question.request):
        raise AssertionRefused(Reason.NO_RULE, detail="the application is not usable")
    return application


def _scopes(case: Case, rule: GrantRule, assertion: VerifiedAssertion, watch: Watch) -> list[str]:
    """RFC 7521 section 4.1: within what client, application, rule and assertion allow."""
    question = case.question
    watch(Step.SCOPE, rule.scopes, question.scope)
    available = get_scopes_backend().get_available_scopes(
        application=case.application, request=question.request
    )
    return grant_scopes(
        requested=split_scope(question.scope or ""),
        claimed=claimed_scope(rule, assertion),
        ceiling=rule.scopes.split(),
        default=rule.default_scopes.split(),
        available=available,
    )


def _resources(question: Question, rule: GrantRule, assertion: VerifiedAssertion, watch: Watch) -> list[str]:
    """RFC 8707 section 2: what the token is for."""
    watch(Step.RESOURCE, rule.resources, list(question.resources))
    return grant_resources(
        requested=question.resources, claimed=resource_claim(assertion.claims), allowed=rule.resources
    )


def _lifetime(case: Case, rule: GrantRule, assertion: VerifiedAssertion, watch: Watch) -> int | None:
    """Seconds that the token lives; ``None``: as DOT's settings say."""
    if not rule.limit_to_assertion:
        return rule.access_token_lifetime or None
    left = math.floor(assertion.expires_at - case.question.now)
    if left < 1:
        watch(Step.EXP, case.question.now, assertion.expires_at)
        raise AssertionRefused(Reason.EXPIRED, detail="only the leeway is left")
    return min(rule.access_token_lifetime or default_lifetime(request_for_token(case)), left)


def request_for_token(case: Case) -> Request:
    """The request of ``case`` as it is when its token is made: what a site may compute a lifetime from."""
    request = Request("", "POST", [("grant_type", GRANT_TYPE)])
    if case.question.request is not None:
        # Not copy.copy(), which the posted parameters that it finds for attributes send round in circles.
        vars(request).update(vars(case.question.request))
    request.client, request.user = case.application, case.subject.user
    request.scopes, request.resource = case.scopes, case.resources
    return request
