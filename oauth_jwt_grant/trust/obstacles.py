"""What keeps a stored issuer, or one of its rules, from granting anything now: decided here alone.

Configuration that can never work is refused on save, by ``clean()`` of the models. The same ``clean()``
is asked here about rows that no form has seen. The rest depends on something else (settings, applications,
users, other rules), so it can be saved, and is reported: by the admin, the commands and a system check.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Subquery

from ..assertion import AssertionRefused, Clause, Door, Joined, NotGranted, Text, _, is_for, text_of
from ..conf import DEFAULTS, conf, hosts_are_exact, server_audiences
from ..dot import AbstractApplication, get_application_model, get_scopes_backend
from ..keys import misconfigured
from ..models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer, flaws_of, written
from ..presets import Severity, pins_of, pins_of_shared, traps_of, why_unpinned
from ..rules import NAMING, Condition, InvalidCondition, Operator, claim_path, conditions_of, same
from .doors import door_findings
from .terms import BY_LINK, check_rule, is_privileged, policy_of
from .values import ROWS

_POLICIES = GrantRule.SubjectPolicy
_CLIENTS = GrantRule.ClientPolicyChoices
#: Of these there are findings of their own: the health of the keys, and the user of a rule.
_SAID_ELSEWHERE = ("jwks", "ca_bundle", "trust_anchors", "certificate_bindings", "user")
_EXACT = (Operator.EQUALS, Operator.IN)


_SEVERITIES = {
    Severity.CRITICAL: _("critical"),
    Severity.HIGH: _("high"),
    Severity.MEDIUM: _("medium"),
}


class Level(StrEnum):
    """How bad a finding is; an issuer is as bad as its worst one."""

    FINE = "fine"
    DISABLED = "disabled"
    WARNING = "warning"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that cannot work as it is stored. ``blocks``: the issuer, or its ``rule``, grants nothing."""

    text: Text
    blocks: bool = False
    level: Level = Level.WARNING
    rule: GrantRule | None = None


#: A rule, the conditions that it is going to have, and whether it is going to list an application.
RuleToBe = tuple[GrantRule, Sequence[ClaimCondition], bool]


def obstacles_of(issuer: TrustedIssuer) -> list[Obstacle]:
    """Return what keeps ``issuer`` and its enabled rules from granting; empty if nothing does."""
    return obstacles_of_each([issuer])[0]


def obstacles_of_each(issuers: Sequence[TrustedIssuer]) -> list[list[Obstacle]]:
    """Return the obstacles of each of ``issuers``, with four statements for all of them."""
    rules = _rules_of(issuers)
    links = written(LinkedSubject).filter(issuer__in=[issuer.pk for issuer in issuers]).order_by()
    linked = set(links.values_list("issuer", flat=True).distinct())
    scopes = _known_scopes()
    return [_examined(issuer, rules[issuer.pk], issuer.pk in linked, scopes) for issuer in issuers]


def obstacles_of_unsaved(issuer: TrustedIssuer, rules: Iterable[RuleToBe]) -> list[Obstacle]:
    """Return the obstacles that ``issuer`` is going to have with ``rules``, saved or not.

    Nothing is read. That no subject is linked is none: links come after the rule that uses them.
    """
    originals: dict[Any, GrantRule] = {}
    for number, (rule, conditions, lists) in enumerate(rules, 1):
        if rule.enabled:
            row: Any = copy(rule)
            row.pk, row.lists = -number, lists
            row._prefetched_objects_cache = {"conditions": list(conditions)}
            originals[row] = rule
    linked = any(rule.subject_policy in BY_LINK for rule in originals.values())
    # At the same position the older rule is the first.
    order = sorted(originals, key=lambda row: (row.position, originals[row].pk or math.inf, -row.pk))
    found = _examined(issuer, order, linked, _known_scopes())
    return [one if one.rule is None else replace(one, rule=originals[one.rule]) for one in found]


def blocked(obstacles: Iterable[Obstacle]) -> bool:
    """Whether an issuer with these obstacles grants nothing at all."""
    return any(obstacle.blocks and obstacle.rule is None for obstacle in obstacles)


def _rules_of(issuers: Sequence[TrustedIssuer]) -> dict[Any, list[GrantRule]]:
    """The enabled rules of each issuer in their order; each says whether it ``lists`` an application.

    ``passing`` is one that it lists although it has registered itself by its metadata document.
    """
    listing = GrantRule.applications.through.objects.filter(grantrule=OuterRef("pk"))
    listed: Any = get_application_model()._base_manager.filter(jwt_bearer_rules=OuterRef("pk"))
    by_document = (
        listed.filter(registration_source=AbstractApplication.RegistrationSource.CIMD)
        .order_by("pk")
        .values("client_id")[:1]
    )
    rules = (
        written(GrantRule)
        .filter(issuer__in=[issuer.pk for issuer in issuers], enabled=True)
        .annotate(lists=Exists(listing), passing=Subquery(by_document))
        .select_related("user", "default_application")
        .prefetch_related(Prefetch("conditions", written(ClaimCondition).order_by("pk")))
        .order_by("position", "pk")
    )
    found: dict[Any, list[GrantRule]] = defaultdict(list)
    for rule in rules:
        found[rule.issuer_id].append(rule)
    return found


def _examined(
    issuer: TrustedIssuer, rules: list[GrantRule], linked: bool, scopes: frozenset[str] | None
) -> list[Obstacle]:
    try:
        with misconfigured(ROWS):
            for rule in rules:
                rule.issuer = issuer
            of_rules = [*_unpinned(issuer, rules), *_of_rules(rules, linked, scopes), *_doors(issuer, rules)]
            of_rules += _traps(issuer, rules)
            return [*_of_issuer(issuer), *of_rules, *_without_rules(rules, of_rules), *_links(rules, linked)]
    except AssertionRefused as error:
        return [Obstacle(_("It cannot be used: {why}.", why=error.detail), blocks=True, level=Level.FAILING)]


def _of_issuer(issuer: TrustedIssuer) -> Iterator[Obstacle]:
    # A request has the name of the server; which one does not matter here.
    audiences = server_audiences() or ({"derived from the request"} if hosts_are_exact() else set())
    try:
        policy_of(issuer, audiences)
    except NotGranted as refused:
        text = _("It cannot be used, so assertions are refused: {why}.", why=refused.detail or refused.reason)
        yield Obstacle(text, blocks=True, level=Level.FAILING)
        return
    padded = [] if issuer.audiences else [name for name in conf.AUDIENCES if name != name.strip()]
    if padded:
        yield Obstacle(_("The setting AUDIENCES has white space around {name}.", name=repr(padded[0])))
    for flaw in _flaws(issuer):
        yield Obstacle(_("No form would save this: {why}.", why=flaw))


def _flaws(row: TrustedIssuer | GrantRule) -> list[str]:
    """What no form would save, unless another finding says more."""
    return [
        f"{name}: {text}".removeprefix(": ").rstrip(".")
        for name, texts in flaws_of(row).items()
        if name not in _SAID_ELSEWHERE
        for text in texts
    ]


def _without_rules(rules: list[GrantRule], obstacles: list[Obstacle]) -> Iterator[Obstacle]:
    if not rules:
        yield Obstacle(_("No rule is enabled, so every assertion is refused. Add a rule."), blocks=True)
        return
    dead = {obstacle.rule.pk for obstacle in obstacles if obstacle.blocks and obstacle.rule is not None}
    if dead.issuperset(rule.pk for rule in rules):
        yield Obstacle(_("No enabled rule can grant anything, so every assertion is refused."), blocks=True)


def _links(rules: list[GrantRule], linked: bool) -> Iterator[Obstacle]:
    if linked and not _has_own_resolver() and not any(rule.subject_policy in BY_LINK for rule in rules):
        yield Obstacle(_("Subjects are linked to users, but no enabled rule uses the links."))


def _doors(issuer: TrustedIssuer, rules: list[GrantRule]) -> Iterator[Obstacle]:
    for text in door_findings(issuer, rules):
        yield Obstacle(text)


def _unpinned(issuer: TrustedIssuer, rules: list[GrantRule]) -> Iterator[Obstacle]:
    """Rules for other customers of the issuer too: a condition names its customers only by their values."""
    of_issuer = conditions_of(issuer.conditions)
    if pins_of_shared(issuer.issuer) is not None:
        yield from _of_shared(issuer, of_issuer, rules)
        return
    pins = pins_of(issuer.issuer)
    for rule in rules:
        conditions = [*of_issuer, *(row.condition for row in rule.conditions.all())]
        if pins and not any(one.claim in pins and one.operator in NAMING for one in conditions):
            text = _(
                "The rule {rule} names none of {pins}, so it holds for other customers of the issuer too.",
                rule=rule,
                pins=", ".join(sorted(pins)),
            )
            yield Obstacle(text, rule=rule)


def _of_shared(
    issuer: TrustedIssuer, of_issuer: Sequence[Condition], rules: list[GrantRule]
) -> Iterator[Obstacle]:
    """Rules that match nothing, because they would let in customers of a shared issuer that nobody named."""
    for rule in rules:
        why = why_unpinned(issuer.issuer, of_issuer, [row.condition for row in rule.conditions.all()])
        if why and not rule.allow_any_tenant:
            text = _("The rule {rule} matches nothing: {why}.", rule=rule, why=why)
            yield Obstacle(text, blocks=True, rule=rule)


def _traps(issuer: TrustedIssuer, rules: list[GrantRule]) -> Iterator[Obstacle]:
    """Advice: what lets in more than was meant, with the way out, and where to read more."""
    of_issuer = conditions_of(issuer.conditions)
    for rule in rules:
        of_rule = [row.condition for row in rule.conditions.all()]
        for trap in traps_of(issuer, rule, [*of_issuer, *of_rule]):
            advice = _("The rule {rule} {text}. {fix}", rule=rule, text=trap.text, fix=trap.fix)
            severity = _SEVERITIES[trap.severity]
            about = Text(
                "({name}, {severity}: {source})", name=trap.name, severity=severity, source=trap.source
            )
            yield Obstacle(Joined(" ", (advice, about)), rule=rule)


def _doors_of(rule: GrantRule) -> set[Door]:
    return {door for door in Door if is_for(rule.accepted_as, door)}


def _has_own_resolver() -> bool:
    """Whether a function of the site's own finds users, so that nobody else can know how."""
    return bool(DEFAULTS["SUBJECT_RESOLVER"] != conf.SUBJECT_RESOLVER)


def _of_rules(rules: list[GrantRule], linked: bool, scopes: frozenset[str] | None) -> Iterator[Obstacle]:
    shadow: GrantRule | None = None
    for rule in rules:
        found = [*_row(rule), *_conditions(rule), *_clients(rule)]
        found += [*_user(rule, linked), *_scopes(rule, scopes)]
        if shadow is not None and _doors_of(shadow) >= _doors_of(rule):
            text = _("never decides: {rule} comes before it and takes every assertion", rule=shadow)
            found.append((text, True))
        for text, blocks in found:
            yield Obstacle(_("The rule {rule} {text}.", rule=rule, text=text), blocks, rule=rule)
        if shadow is None and rule.client_policy == _CLIENTS.ANONYMOUS and not rule.conditions.all():
            shadow = rule


#: What is wrong with a rule, as the end of a sentence, and whether it grants nothing for that.
_Found = Iterator[tuple[Text, bool]]


def _row(rule: GrantRule) -> _Found:
    """What no form would have saved, and a demand that no client can meet."""
    try:
        check_rule(rule)
    except NotGranted as refused:
        yield _("cannot be used, so it refuses all: {why}", why=refused.detail), True
        return
    if rule.refuses:
        yield _("refuses what it matches: take the tick from it, once it has what it needs"), True
    for flaw in _flaws(rule):
        yield _("would not be saved by any form: {why}", why=flaw), False
    if rule.require_dpop and not conf.DPOP:
        yield _("requires bound tokens, which the setting DPOP does not allow: it refuses all"), True


def _clients(rule: GrantRule) -> _Found:
    if _doors_of(rule) == {Door.CLIENT_ASSERTION}:
        return  # the policy for clients is not read there
    if rule.client_policy == _CLIENTS.LISTED and not rule.lists:  # type: ignore[attr-defined]
        yield _("lists no application, so it admits nobody"), True
    passing = getattr(rule, "passing", None)
    if passing:
        text = _(
            "lists {client}, which clearcimdapplications deletes when its document expires: "
            "register it yourself",
            client=passing,
        )
        yield text, False


def _user(rule: GrantRule, linked: bool) -> _Found:
    if _has_own_resolver():
        return
    if _needs_pin(rule):
        text = _("reads {claim}, and no condition says equals for the issuer in sub_id: it finds nobody")
        yield text.filled(claim=rule.subject_claim), True
    if rule.subject_policy == _POLICIES.LINKED and not linked:
        yield _("is for linked subjects, and none is linked"), True
    user = rule.user
    if rule.subject_policy != _POLICIES.SERVICE_USER:
        return
    if user is None:
        yield _("is for one fixed user, who was deleted: it refuses what it matches"), True
    elif not user.is_active:
        yield _("is for the user {user}, who is not active", user=user), True
    elif is_privileged(user) and not rule.allow_privileged_users:
        yield _("is for the user {user}, who is privileged, and allows no privileged users", user=user), True


def _needs_pin(rule: GrantRule) -> bool:
    """Whether the rule names people by a member of ``sub_id`` of any issuer."""
    path = claim_path(rule.subject_claim)
    if rule.subject_policy not in (*BY_LINK, _POLICIES.USER_FIELD) or path[0] != "sub_id" or len(path) == 1:
        return False
    conditions = [*conditions_of(rule.issuer.conditions), *(row.condition for row in rule.conditions.all())]
    equals = {one.claim for one in conditions if one.operator is Operator.EQUALS}
    return not equals & {"/sub_id/iss", "/sub_id/issuer"}


def _known_scopes() -> frozenset[str] | None:
    """The scopes of this server, or ``None`` where the site's backend cannot tell."""
    try:
        return frozenset(get_scopes_backend().get_all_scopes())
    except Exception:  # whatever a site's backend raises without a request
        return None


def _scopes(rule: GrantRule, known: frozenset[str] | None) -> _Found:
    unknown = [] if known is None else [scope for scope in rule.scopes.split() if scope not in known]
    if unknown:
        text = _("names scopes that this server does not have: {scopes}", scopes=" ".join(unknown))
        yield text, len(unknown) == len(rule.scopes.split())


def _conditions(rule: GrantRule) -> _Found:
    conditions = [row.condition for row in rule.conditions.all()]
    for condition in conditions:
        try:
            condition.check()
        except InvalidCondition as error:
            why = Clause(text_of(error))
            yield (
                _("has a condition on {claim} that never holds: {why}", claim=condition.claim, why=why),
                True,
            )
            continue
        yield from _literally(condition)
    for one, other in combinations(conditions, 2):
        if one.claim == other.claim and _exclude_each_other(one, other):
            text = _("has conditions that exclude each other: {one}, {other}")
            yield text.filled(one=one.text, other=other.text), True


def _exclude_each_other(one: Condition, other: Condition) -> bool:
    exact = one.operator in _EXACT and other.operator in _EXACT
    return exact and not any(same(value, wanted) for value in one.values for wanted in other.values)


def _literally(condition: Condition) -> _Found:
    """Values that an exact operator takes to the letter, and that look as if they were meant otherwise."""
    if condition.operator not in (*_EXACT, Operator.CONTAINS, Operator.CONTAINS_ANY, Operator.NONE_OF):
        return
    for value in condition.values:
        suspicion = _suspicion(value) if isinstance(value, str) else None
        if suspicion:
            yield suspicion.filled(claim=condition.claim, value=value), False


def _suspicion(value: str) -> Text | None:
    if _is_list(value):
        return _("compares {claim} with the string {value}, not with the members of that list")
    if "*" in value:
        return _("compares {claim} with {value} to the letter: only the operator glob knows wildcards")
    if value != value.strip():
        return _("compares {claim} with a value that has white space around it: {value}")
    return None


def _is_list(text: str) -> bool:
    try:
        return text.lstrip().startswith("[") and isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False
