"""What is asked of a rule to find out whether it falls into a trap: predicates of its terms."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..models import GrantRule, TrustedIssuer
from ..rules import Condition, Operator, Pin, claim_path, is_pinned, names_values_of
from .registry import shared_pins


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule asks: ``conditions`` are its own and those of its issuer."""

    issuer: TrustedIssuer
    rule: GrantRule
    conditions: Sequence[Condition]

    def on(self, *claims: str) -> list[Condition]:
        """The conditions on one of ``claims``, which are names; a pointer may lead to them as well."""
        names = [[claim] for claim in claims]
        return [one for one in self.conditions if claim_path(one.claim) in names]


#: Whether something is true of the terms of a rule.
Predicate = Callable[[Terms], bool]


def either(*ways: Predicate) -> Predicate:
    """One of ``ways`` is true."""
    return lambda terms: any(falls(terms) for falls in ways)


def at(expression: str, *demands: Predicate) -> Predicate:
    """The issuer looks like ``expression``, and all of ``demands`` are true."""
    return lambda terms: bool(
        re.fullmatch(expression, terms.issuer.issuer) and all(demand(terms) for demand in demands)
    )


def unasked(*claims: str) -> Predicate:
    """No condition is on any of ``claims``."""
    return lambda terms: not terms.on(*claims)


def admits(claim: str, *values: str) -> Predicate:
    """There are conditions on ``claim``, and one of ``values`` meets them all."""

    def falls(terms: Terms) -> bool:
        asked = terms.on(claim)
        return bool(asked) and any(all(one.holds({claim: value}) for one in asked) for value in values)

    return falls


def named(*claims: str) -> Predicate:
    """A condition names values of one of ``claims``."""
    return lambda terms: bool(names_values_of(terms.on(*claims)))


def unnamed(*claims: str) -> Predicate:
    """No condition names a value of any of ``claims``."""
    return lambda terms: not named(*claims)(terms)


def unpinned(*pins: Pin) -> Predicate:
    """No condition names a customer by one of ``pins``, and the rule does not say that each may come."""
    return lambda terms: not terms.rule.allow_any_tenant and not is_pinned(terms.conditions, pins)


def by_name(names: Sequence[str], ids: Sequence[str]) -> Predicate:
    """Somebody is named by ``names``, which others can have later, and by none of ``ids``."""

    def falls(terms: Terms) -> bool:
        by_names = [one for one in terms.on(*names) if not _has_ids(one)]
        return bool(names_values_of(by_names)) and unnamed(*ids)(terms)

    return falls


def _has_ids(condition: Condition) -> bool:
    """GitHub writes the ids of owner and repository into the subjects of new repositories."""
    return all(re.match(r"repo:[^/@]+@\d+/", str(value)) for value in condition.values)


def pattern(expression: str, *claims: str) -> Predicate:
    """A pattern (on one of ``claims``, or on any) looks like ``expression``."""

    def falls(terms: Terms) -> bool:
        asked = terms.on(*claims) if claims else terms.conditions
        globs = [one for one in asked if one.operator is Operator.GLOB]
        return any(re.search(expression, str(value)) for one in globs for value in one.values)

    return falls


def only_exists(*claims: str) -> Predicate:
    """A condition asks no more than that one of ``claims`` is there."""
    return lambda terms: any(
        all(one.operator is Operator.EXISTS for one in asked)
        for claim in claims
        if (asked := terms.on(claim))
    )


def user_or_condition(*claims: str) -> Predicate:
    """The user is found by one of ``claims``, or a condition names its values."""

    def falls(terms: Terms) -> bool:
        by_claim = terms.rule.subject_policy == GrantRule.SubjectPolicy.USER_FIELD
        finds = by_claim and terms.rule.subject_claim.removeprefix("/") in claims
        return finds or named(*claims)(terms)

    return falls


def unverified_email(terms: Terms) -> bool:
    """An e-mail address counts, and no condition says that it is verified."""
    verified = [one for one in terms.on("email_verified") if one.operator in (Operator.EQUALS, Operator.IN)]
    is_verified = any(all(value in (True, "true") for value in one.values) for one in verified)
    return user_or_condition("email")(terms) and not is_verified


def groups_by_name(terms: Terms) -> bool:
    """A group or role is named by something else than a number or UUID."""
    named = [one for one in terms.on("groups", "cognito:groups", "groups_direct", "roles") if one.values]
    return any(
        not re.fullmatch(r"[0-9]+|[0-9a-fA-F-]{36}", str(value)) for one in named for value in one.values
    )


def unlinked(terms: Terms) -> bool:
    """Users are let in by something else than links, each of which an operator has made."""
    return terms.rule.subject_policy != GrantRule.SubjectPolicy.LINKED


def of_a_person(terms: Terms) -> bool:
    """The token may be that of any user, and not of a fixed one or nobody."""
    policies = GrantRule.SubjectPolicy
    return terms.rule.subject_policy not in (policies.SERVICE_USER, policies.NO_USER)


def places(expression: str) -> Predicate:
    """The issuer, or a place of its keys, looks like ``expression``."""

    def falls(terms: Terms) -> bool:
        found = (terms.issuer.issuer, terms.issuer.discovery_url, terms.issuer.jwks_url)
        return any(re.search(expression, str(place)) for place in found)

    return falls


def foreign_keys(*hosts: str) -> Predicate:
    """The keys of a shared issuer come from a host that is neither the issuer's nor one of ``hosts``."""

    def falls(terms: Terms) -> bool:
        issuer, sources = terms.issuer, TrustedIssuer.KeySource
        places: dict[str, str] = {sources.DISCOVERY: issuer.discovery_url, sources.JWKS_URL: issuer.jwks_url}
        place = places.get(issuer.key_source)
        if not place or shared_pins(issuer.issuer) is None:
            return False
        return _host(place) not in (_host(issuer.issuer), *hosts)

    return falls


def _host(url: str) -> str:
    """The host of an https URL, with its port; in lower case."""
    return url.removeprefix("https://").partition("/")[0].lower()


def audience(expression: str) -> Predicate:
    """The issuer has an audience of its own that looks like ``expression``."""

    def falls(terms: Terms) -> bool:
        audiences = terms.issuer.audiences if isinstance(terms.issuer.audiences, list) else []
        return any(re.fullmatch(expression, str(name)) for name in audiences)

    return falls
