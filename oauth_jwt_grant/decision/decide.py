"""The one way from a posted assertion to a permission: read, trust, keys, claims, rule, subject, scope.

The token endpoint, the admin's "Test an assertion" and ``explainassertion`` all come
through :func:`decide`. It reads and decides; writing is left to ``record.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import Error
from django.views.decorators.debug import sensitive_variables
from oauthlib.common import Request

from ..assertion import (
    ABSENT,
    ID_JAG_TYPE,
    AssertionPolicy,
    AssertionRefused,
    Attempt,
    Candidates,
    Door,
    Joined,
    PublicKey,
    Reason,
    Step,
    UnverifiedAssertion,
    VerifiedAssertion,
    Watch,
    _,
    at_once,
    both,
    is_for,
    mismatch,
    moment,
    shown,
    subject_of,
    the_jwt_has,
    unwatched,
    validate,
    within,
)
from ..conf import conf, is_own_identifier
from ..dot import (
    AbstractApplication,
    default_lifetime,
    get_scopes_backend,
    is_public,
    may_use_client_credentials,
)
from ..keys import misconfigured, why_no_key
from ..rules import (
    Client,
    Moment,
    NoMatch,
    claim_path,
    claim_value,
    first_match,
    grant_resources,
    grant_scopes,
    resource_claim,
    split_scope,
)
from ..subjects import Subject, find_subject
from ..trust import (
    Issuer,
    LoadedRule,
    Rule,
    Trust,
    check_rule,
    check_trusted,
    find_trust,
    key_source_of,
    leeway_of,
    policy_of,
    strings_of,
)
from .case import Case, Permission, Question
from .id_jag import OPENID_SCOPES, check_id_jag, claimed_scope, claims_to_name
from .person import named_by_rule


@sensitive_variables()
def decide(case: Case, watch: Watch = unwatched, attempt: Attempt = at_once) -> Permission:
    """Find out whether the question of ``case`` is answered with a token, and with which.

    Fills in ``case`` as far as it gets, so that a refusal can say what was known. Writes
    and consumes nothing. Raises :class:`~oauth_jwt_grant.assertion.AssertionRefused`, or
    :class:`~oauth_jwt_grant.assertion.KeysUnavailable` where it cannot be decided.

    A dry run has an ``attempt`` that notes refusals and goes on: what is returned then is no permission.
    """
    question = case.question
    # A file ends with a line break, which clients post along; the dry run gets it from files, too.
    case.unverified = UnverifiedAssertion.parse(
        question.assertion.removesuffix("\n").removesuffix("\r"), conf.MAX_ASSERTION_LENGTH, watch
    )
    watch(Step.ISSUER, _("a trusted issuer, enabled and in its dates"), case.unverified.issuer)
    trust = find_trust(case.unverified.issuer, question.client, _claimed_subject(case.unverified))
    case.issuer, case.rows = trust.issuer, trust.rows
    with misconfigured(_("the row of the issuer"), Error):
        check_trusted(trust.issuer, question.now)
    assertion = case.assertion = validate(
        case.unverified,
        _policy(case, trust.issuer),
        _candidates(trust.issuer),
        now=question.now,
        watch=watch,
        attempt=attempt,
    )
    if trust.issuer.is_id_jag or question.door is not Door.AUTHORIZATION_GRANT:
        attempt(_check_other_issuer, assertion, question)
    if trust.issuer.is_id_jag:
        attempt(check_id_jag, assertion, question.application, watch)
    attempt(_check_conditions, case, trust.issuer, assertion, watch)
    with misconfigured(_("a rule of the issuer"), Error):
        chosen = attempt(_choose_rule, case, trust, assertion, watch) or _supposed_rule(case, trust)
        rule = case.rule = trust.rule_of_request(chosen)
        check_rule(rule)
    attempt(_check_refuses, rule)
    attempt(_check_delegation, question.door, chosen, assertion)
    attempt(_check_proof, rule, case.proof_key, watch)
    case.application = attempt(_application, question, chosen, watch)
    assertion = case.assertion = attempt(named_by_rule, assertion, rule) or assertion
    watch(Step.SUBJECT, rule.subject_policy, assertion.subject)
    case.subject = attempt(find_subject, assertion, rule) or Subject()
    case.scopes = attempt(_scopes, case, rule, assertion, watch) or []
    case.resources = attempt(_resources, question, rule, assertion, watch) or []
    return Permission(
        issuer=trust.issuer,
        assertion=assertion,
        rule=rule,
        application=case.application,
        subject=case.subject,
        scopes=case.scopes,
        resources=case.resources,
        expires_in=attempt(_lifetime, case, rule, assertion, watch),
    )


def _claimed_subject(assertion: UnverifiedAssertion) -> str:
    """Return the subject that the assertion claims, so that its link is read together with the trust."""
    if assertion.typ == ID_JAG_TYPE:
        return subject_of(assertion.claims)
    subject = assertion.claims.get("sub", assertion.issuer)
    return subject if isinstance(subject, str) else ""


def _policy(case: Case, issuer: Issuer) -> AssertionPolicy:
    """The terms for the assertions of ``issuer``, one of which came with the proof of ``case``."""
    question = case.question
    policy = policy_of(issuer, question.audiences, question.door, id_token=question.id_token)
    return replace(policy, dpop=True, proof_key=case.proof_key) if conf.DPOP else policy


def _candidates(issuer: Issuer) -> Candidates:
    """The keys of ``issuer`` for a header. Where there is none, the refusal says why, key by key."""
    source = key_source_of(issuer)

    def candidates(header: Mapping[str, Any]) -> Sequence[PublicKey]:
        keys = source.candidates(header)
        if not keys:
            raise AssertionRefused(Reason.NO_SUCH_KEY, detail=why_no_key(source.status(), header))
        return keys

    return candidates


def _check_other_issuer(assertion: VerifiedAssertion, question: Question) -> None:
    """RFC 8725 section 3.12: it is not of this server, whatever its audience is (ID-JAG section 8.3)."""
    if is_own_identifier(assertion.issuer) or assertion.issuer in question.audiences:
        detail = _(
            "iss must not be this server's issuer identifier; the JWT has {issuer}",
            issuer=shown(assertion.issuer),
        )
        raise AssertionRefused(Reason.OWN_ISSUER, detail=detail)


def _check_refuses(rule: Rule) -> None:
    """A rule that has lost its application decides still, so that no looser one does."""
    if rule.refuses:
        detail = _('the rule "{rule}" must not be set to refuse (refuses); it is', rule=rule)
        raise AssertionRefused(Reason.RULE_REFUSES, detail=detail)


def _check_delegation(door: Door, chosen: LoadedRule, assertion: VerifiedAssertion) -> None:
    """RFC 8693 section 1.1: a delegated assertion would become impersonation, unless the actor is named.

    Only a token exchange knows the claims. A rule that is for it knows them at every door.
    """
    if door is Door.AUTHORIZATION_GRANT and not is_for(chosen.rule.accepted_as, Door.SUBJECT_TOKEN):
        return
    conditions = (*chosen.rule.issuer.conditions, *chosen.conditions)
    named = any(claim_path(condition.claim)[0] == "act" for condition in conditions)
    for claim, demand in (
        ("may_act", _("must be absent")),
        ("act", _("must be named by a condition of the rule or issuer")),
    ):
        if claim in assertion.claims and not (named and claim == "act"):
            detail = mismatch(demand, assertion.claims[claim])
            raise AssertionRefused(Reason.DELEGATION, claim, detail)


def _check_proof(rule: Rule, proof_key: str | None, watch: Watch) -> None:
    """RFC 9449 section 5.2, for a rule instead of a client."""
    if rule.require_dpop or proof_key:
        watch(Step.PROOF, _("a proof") if rule.require_dpop else _("a proof, or none"), proof_key)
    if rule.require_dpop and not proof_key:
        detail = _('the rule "{rule}" requires a DPoP proof (require_dpop); the request has none', rule=rule)
        raise AssertionRefused(Reason.PROOF_REQUIRED, detail=detail)


def _check_conditions(case: Case, issuer: Issuer, assertion: VerifiedAssertion, watch: Watch) -> None:
    """What each assertion of the issuer must meet, whatever rule there is for it."""
    if not issuer.conditions:
        return
    watch(Step.CONDITIONS, both([one.text for one in issuer.conditions]), _claims_of(issuer, assertion))
    when = Moment(case.question.now, leeway_of(issuer))
    unmet = [one for one in issuer.conditions if not one.holds(assertion.claims, when)]
    if unmet:
        detail = within(one.why_not(assertion.claims, when) for one in unmet)
        raise AssertionRefused(Reason.ISSUER_CONDITIONS, detail=detail)


def _claims_of(issuer: Issuer, assertion: VerifiedAssertion) -> dict[str, Any]:
    """The claims of ``assertion`` that the conditions of ``issuer`` are on."""
    found = {one.claim: claim_value(assertion.claims, one.claim) for one in issuer.conditions}
    return {claim: member for claim, member in found.items() if member is not ABSENT}


def _client(question: Question, issuer: Issuer) -> Client | None:
    """The client as the rules see it. A public one with an ID-JAG must be listed: it has no credentials."""
    client = question.client
    if client is None or not (issuer.is_id_jag and is_public(question.application)):
        return client
    return replace(client, must_be_listed=True)


def _choose_rule(case: Case, trust: Trust, assertion: VerifiedAssertion, watch: Watch) -> LoadedRule:
    """RFC 7523 section 3: the additional restrictions and policy of this server."""
    issuer, rules = trust.issuer, trust.rules
    watch(
        Step.RULE, _("a rule whose conditions hold and that admits the client"), [str(rule) for rule in rules]
    )
    to_be_named = claims_to_name(issuer, assertion)
    try:
        chosen, case.misses = first_match(
            rules,
            assertion.claims,
            _client(case.question, issuer),
            to_be_named,
            case.question.door,
            Moment(case.question.now, leeway_of(issuer)),
        )
    except NoMatch as error:
        case.misses = error.misses
        held = _held(case)
        if len(held) == 1:
            # Nothing but the client is missing, so the decision names the rule.
            case.rule = trust.rule_of_request(held[0])
        raise
    return chosen


def _held(case: Case) -> list[LoadedRule]:
    """Return the rules that are for another client, although their conditions hold."""
    return [miss.rule for miss in case.misses if miss.is_for_another_client]


def _supposed_rule(case: Case, trust: Trust) -> LoadedRule:
    """Return the rule that a dry run goes on with although it did not match, if only one can be meant.

    That is the first one with conditions that hold, or the only one. Raises :class:`AssertionRefused`.
    """
    held = _held(case)
    if not held and len(trust.rules) != 1:
        raise NoMatch(Reason.NO_RULE, case.misses)
    case.is_rule_supposed = True
    return held[0] if held else trust.rules[0]


def _application(question: Question, chosen: LoadedRule, watch: Watch) -> AbstractApplication | None:
    """Return the application of the token: the client, or without one the rule's stand-in."""
    application: AbstractApplication | None = question.application or chosen.application
    if question.door is Door.CLIENT_ASSERTION:
        _check_client(question, application, watch)
    if application is not None and not application.is_usable(question.request):
        detail = _(
            "the application {client_id} must be usable; its is_usable() says no",
            client_id=shown(application.client_id),
        )
        raise AssertionRefused(Reason.NO_RULE, detail=detail)
    return application


def _check_client(question: Question, application: Any, watch: Watch) -> None:
    """RFC 7521 section 4.2: a ``client_id`` in the request is that of the client that was found."""
    found = None if application is None else application.client_id
    watch(Step.CLIENT, found, question.client_id)
    if question.client_id not in (None, found):
        detail = _(
            "client_id must be absent or {found}; the request has {client_id}",
            found=shown(found),
            client_id=shown(question.client_id),
        )
        raise AssertionRefused(Reason.OTHER_CLIENT, detail=detail)
    if not may_use_client_credentials(application):
        what = f"{application.client_type}, {application.authorization_grant_type}"
        detail = _(
            "{found} must be confidential and registered for client-credentials; it is {what}",
            found=shown(found),
            what=what,
        )
        raise AssertionRefused(Reason.CLIENT_NOT_ADMITTED, detail=detail)


def _scopes(case: Case, rule: Rule, assertion: VerifiedAssertion, watch: Watch) -> list[str]:
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
        dispensable=OPENID_SCOPES if rule.issuer.is_id_jag else (),
    )


def _resources(question: Question, rule: Rule, assertion: VerifiedAssertion, watch: Watch) -> list[str]:
    """RFC 8707 section 2: what the token is for.

    A rule may require that the issuer has said it: MCP's enterprise profile binds a token to the claim.
    """
    watch(Step.RESOURCE, rule.resources, list(question.resources))
    if rule.require_resource and "resource" not in assertion.claims:
        detail = _(
            'is required by the rule "{rule}" (require_resource); {found}',
            rule=rule,
            found=the_jwt_has(ABSENT),
        )
        raise AssertionRefused(Reason.MISSING_CLAIM, "resource", detail)
    return grant_resources(
        requested=question.resources,
        claimed=resource_claim(assertion.claims),
        allowed=strings_of(rule, "resources"),
    )


def _lifetime(case: Case, rule: Rule, assertion: VerifiedAssertion, watch: Watch) -> int | None:
    """Return the lifetime of the token in seconds; ``None``: from DOT's settings."""
    if not rule.limit_to_assertion:
        return rule.access_token_lifetime or None
    left = math.floor(assertion.expires_at - case.question.now)
    if left < 1:
        watch(Step.EXP, case.question.now, assertion.expires_at)
        demand = _("exp must be in the future, without leeway, for a token that ends with the assertion")
        detail = Joined("; ", (demand, moment(assertion.expires_at, case.question.now)))
        raise AssertionRefused(Reason.EXPIRED, detail=detail)
    return min(rule.access_token_lifetime or default_lifetime(request_for_token(case)), left)


def request_for_token(case: Case) -> Request:
    """The request of ``case`` as it is when its token is made: what a site may compute a lifetime from."""
    request = Request("", "POST", [("grant_type", case.question.door.grant_type)])
    if case.question.request is not None:
        # Not copy.copy(), which the posted parameters that it finds for attributes send round in circles.
        vars(request).update(vars(case.question.request))
    request.client, request.user = case.application, case.subject.user
    request.scopes, request.resource = case.scopes, case.resources
    return request
