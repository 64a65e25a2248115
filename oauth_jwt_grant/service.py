"""The one way from a posted assertion to a permission: read, trust, keys, claims, rule, subject, scope.

The token endpoint, the admin's "Test an assertion" and ``explainassertion`` all come
through :func:`decide`. It reads and decides; writing is left to ``decisions.py``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.views.decorators.debug import sensitive_variables
from oauth2_provider.models import AbstractApplication
from oauth2_provider.scopes import get_scopes_backend
from oauth2_provider.settings import oauth2_settings

from .assertion import (
    AssertionRefused,
    Reason,
    Step,
    UnverifiedAssertion,
    VerifiedAssertion,
    Watch,
    unwatched,
    validate,
)
from .conf import settings
from .issuers import LoadedRule, check_trusted, find_trust, key_source_of, policy_of
from .models import GrantRule, TrustedIssuer
from .rules import Client, first_match, grant_resources, grant_scopes, resource_claim, scope_claim, split_scope
from .rules import resolve as resolve_claim
from .rules.conditions import ABSENT
from .subjects import Subject, find_subject


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
        if self.application is None:
            return None
        source = getattr(self.application, "registration_source", "manual")
        return Client(
            pk=self.application.pk,
            registered_by_operator=source == "manual",
            confidential=self.application.client_type == AbstractApplication.CLIENT_CONFIDENTIAL,
        )


@dataclass(slots=True)
class Case:
    """A question and all that has been found out about it, step by step."""

    question: Question
    unverified: UnverifiedAssertion | None = None
    issuer: TrustedIssuer | None = None
    assertion: VerifiedAssertion | None = None
    rule: GrantRule | None = None
    misses: list[Any] = field(default_factory=list)
    subject: Subject = field(default_factory=Subject)
    application: AbstractApplication | None = None
    scopes: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    expires_in: int | None = None

    @property
    def replay_key(self) -> str | None:
        """What the single use of the assertion is counted by, or ``None`` where it may be used again."""
        assert self.issuer is not None and self.assertion is not None
        policies = TrustedIssuer.ReplayPolicy
        if self.issuer.replay_policy == policies.REUSABLE:
            return None
        if self.issuer.replay_policy == policies.ONCE_IF_JTI and self.assertion.jti is None:
            return None
        return self.assertion.replay_key

    @property
    def recorded_claims(self) -> dict[str, Any]:
        """The claims that the rule keeps with the decision."""
        assert self.rule is not None and self.assertion is not None
        names = self.rule.recorded_claims if isinstance(self.rule.recorded_claims, list) else []
        found = {name: resolve_claim(self.assertion.claims, name) for name in names}
        return {name: value for name, value in found.items() if value is not ABSENT}

    @property
    def jti_digest(self) -> str:
        """SHA-256 of the ``jti`` in hexadecimal; empty where there is none."""
        jti = self.assertion.jti if self.assertion else None
        return "" if jti is None else hashlib.sha256(jti.encode()).hexdigest()


@sensitive_variables("case")
def decide(case: Case, watch: Watch = unwatched) -> None:
    """Find out whether the question of ``case`` is answered with a token, and with which.

    Fills in ``case`` as far as it gets, so that a refusal can say what was known. Writes
    and consumes nothing. Raises :class:`~oauth_jwt_grant.assertion.AssertionRefused`, or
    :class:`~oauth_jwt_grant.assertion.KeysUnavailable` where it cannot be decided.
    """
    question = case.question
    case.unverified = UnverifiedAssertion.parse(question.assertion, settings.MAX_ASSERTION_LENGTH, watch)
    watch(Step.ISSUER, "a trusted issuer, enabled and in its dates", case.unverified.issuer)
    trust = find_trust(case.unverified.issuer, question.client, question.now)
    case.issuer = trust.issuer
    check_trusted(trust.issuer, question.now)
    case.assertion = validate(
        case.unverified,
        policy_of(trust.issuer, question.audiences),
        key_source_of(trust.issuer).candidates,
        now=question.now,
        watch=watch,
    )
    _check_id_jag(case, watch)
    _apply_rules(case, trust.rules, watch)
    _grant(case, watch)


def _check_id_jag(case: Case, watch: Watch) -> None:
    """ID-JAG section 4.4.1: it was issued to the very client that presents it, which has proved who it is."""
    assert case.issuer is not None and case.assertion is not None
    if case.issuer.profile != TrustedIssuer.Profile.ID_JAG:
        return
    application, client = case.question.application, case.question.client
    watch(Step.CLIENT, application.client_id if application else None, case.assertion.claims.get("client_id"))
    if application is None or client is None:
        raise AssertionRefused(Reason.CLIENT_REQUIRED)
    if not client.confidential:
        raise AssertionRefused(Reason.CLIENT_NOT_ADMITTED)
    if "client_id" not in case.assertion.claims:
        raise AssertionRefused(Reason.MISSING_CLAIM, "client_id")
    if case.assertion.claims["client_id"] != application.client_id:
        raise AssertionRefused(Reason.OTHER_CLIENT)


def _apply_rules(case: Case, rules: Sequence[LoadedRule], watch: Watch) -> None:
    """RFC 7523 section 3: the additional restrictions and policy of this server."""
    assert case.assertion is not None
    watch(Step.RULE, "a rule whose conditions hold and that admits the client", [str(rule) for rule in rules])
    loaded, case.misses = first_match(rules, case.assertion.claims, case.question.client)
    case.rule = loaded.row
    case.application = case.question.application or loaded.row.default_application
    if case.application is not None and not case.application.is_usable(case.question.request):
        raise AssertionRefused(Reason.NO_RULE, detail="the application is not usable")
    watch(Step.SUBJECT, loaded.row.get_subject_policy_display(), case.assertion.subject)
    case.subject = find_subject(case.assertion, loaded.row)


def _grant(case: Case, watch: Watch) -> None:
    """What the token may do and how long: RFC 7521 section 4.1, RFC 8707 section 2."""
    assert case.assertion is not None and case.rule is not None
    question, rule, claims = case.question, case.rule, case.assertion.claims
    watch(Step.SCOPE, rule.scopes, question.scope)
    case.scopes = grant_scopes(
        requested=split_scope(question.scope or ""),
        claimed=scope_claim(claims) if rule.scope_claim == GrantRule.ScopeClaim.CEILING else None,
        ceiling=rule.scopes.split(),
        default=rule.default_scopes.split(),
        available=get_scopes_backend().get_available_scopes(
            application=case.application, request=question.request
        ),
    )
    watch(Step.RESOURCE, rule.resources, question.resources)
    case.resources = grant_resources(
        requested=question.resources, claimed=resource_claim(claims), allowed=rule.resources
    )
    case.expires_in = _lifetime(rule, case.assertion, question.now)


def _lifetime(rule: GrantRule, assertion: VerifiedAssertion, now: float) -> int | None:
    """Seconds that the token lives; ``None``: as DOT's settings say."""
    if not rule.limit_to_assertion:
        return rule.access_token_lifetime or None
    left = math.floor(assertion.expires_at - now)
    if left < 1:
        raise AssertionRefused(Reason.EXPIRED, detail="only the leeway is left")
    longest: int = rule.access_token_lifetime or oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS
    return min(longest, left)
