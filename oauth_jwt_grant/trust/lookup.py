"""The trust in the issuer of one assertion, read by one query: the issuer, its rules, conditions and link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error, connections, router
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet

from ..assertion import AssertionRefused, Door, Reason, Text, _, shown
from ..database import Columns, FetchedRow, Parameter, PreparedQuery, holds, may_defer
from ..dot import AbstractApplication, get_application_model
from ..keys import misconfigured
from ..models import GrantRule, LinkedSubject, TrustedIssuer
from ..presets import why_unpinned
from ..rules import Client, Condition, Operator, condition_of
from .clients import may_defer_application
from .values import ISSUER_FIELDS, ROWS, RULE_FIELDS, Issuer, Link, Rule, frozen


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule with its conditions, as :func:`~oauth_jwt_grant.rules.first_match` takes it.

    ``application`` is the rule's own, read where the request has no client.
    """

    rule: Rule
    conditions: tuple[Condition, ...]
    listed: bool
    application: AbstractApplication | None

    @property
    def client_policy(self) -> str:
        """Who may present the assertion."""
        return self.rule.client_policy

    def why_not_for(self, door: Door) -> Text:
        """Why the rule cannot match at ``door``, or an empty text."""
        rule, issuer = self.rule, self.rule.issuer
        why = rule.why_not_for(door)
        if why or rule.allow_any_tenant:
            return why
        return why_unpinned(issuer.issuer, issuer.conditions, self.conditions)

    def lists(self, client: Client) -> bool:
        """Whether the client for which the rule was loaded is among its applications."""
        return self.listed

    def __str__(self) -> str:
        return str(self.rule)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that the values of a :class:`Trust` were made of, for the relations of its decision.

    An instance of a model takes as long to make as a signature to verify. So one is made only when asked for.
    """

    issuer: Callable[[], TrustedIssuer]
    fetched: Mapping[Any, FetchedRow]

    def rule(self, rule: Rule) -> GrantRule:
        """The row of ``rule``, with its issuer."""
        row: GrantRule = _RULE.instance(self.fetched[rule.pk], _RULE_AT)
        row.issuer = self.issuer()
        return row


@dataclass(frozen=True, slots=True)
class Trust:
    """An issuer and its enabled rules in their order."""

    issuer: Issuer
    rules: tuple[LoadedRule, ...]
    link: Link
    rows: Rows

    def rule_of_request(self, chosen: LoadedRule) -> Rule:
        """The rule of ``chosen`` with the link of the assertion's subject."""
        conditions = (*self.issuer.conditions, *chosen.conditions)
        pinned = tuple(one.claim for one in conditions if one.operator is Operator.EQUALS)
        return replace(chosen.rule, link=self.link, pinned=pinned)


def find_trust(iss: str, client: Client | None, subject: str = "") -> Trust:
    """The trust in the issuer that calls itself ``iss``, read fresh, with its rules as ``client`` meets them.

    With them comes to whom the issuer's ``subject`` is linked. Nothing here is verified yet.
    Raises :class:`AssertionRefused` (``UNKNOWN_ISSUER``).
    """
    with misconfigured(ROWS, Error):
        trust = _load(iss, client, subject) or _without_rules(iss)
    # A database that compares loosely must not make a neighbour of the issuer the issuer.
    if trust is None or trust.issuer.issuer != iss:
        detail = _("iss must be that of a trusted issuer; the JWT has {iss}", iss=shown(iss))
        raise AssertionRefused(Reason.UNKNOWN_ISSUER, detail=detail)
    return trust


def user_columns(user: Any, prefix: str = "", *more: str) -> Columns:
    """The columns of the user that decide on a token or name the user in a refusal, and ``more``.

    The others are read if a site accesses them.
    """
    needed = ("is_active", "is_staff", "is_superuser")
    fields = {field.name for field in user._meta.concrete_fields}
    # What a property says may rest on any field, and must not be read from a replica.
    said = all(name in fields or isinstance(getattr(user, name, False), bool) for name in needed)
    only = (*needed, user.USERNAME_FIELD, *more) if said and may_defer(user) else None
    return Columns(user, prefix, only=only)


def _application_columns(model: Any) -> Columns:
    """Of the rule's own application, what is asked of it; all of it where ``is_usable()`` may look at it."""
    needed = ("client_id", "client_type", "authorization_grant_type")
    return Columns(model, "default_application__", only=needed if may_defer_application(model) else None)


_RULE = Columns(GrantRule, only=RULE_FIELDS)
_ISSUER = Columns(TrustedIssuer, "issuer__", only=ISSUER_FIELDS)
_APPLICATION = _application_columns(get_application_model())
_LINKED = user_columns(get_user_model(), "link__user__")
# The parts of a row: its place, rule, issuer, condition, link, and the columns of the client.
_ORDER = ("position", "pk", "conditions__pk")
_PK_AT = _ORDER.index("pk")
_RULE_AT = len(_ORDER)
_ISSUER_AT = _RULE_AT + _RULE.width
_CONDITION_AT = _ISSUER_AT + _ISSUER.width
_LINK_AT = _CONDITION_AT + 3
_LINKED_AT = _LINK_AT + 1
_LAST = _LINKED_AT + _LINKED.width
_NAMES = (
    *_ORDER,
    *_RULE.names,
    *_ISSUER.names,
    "conditions__claim",
    "conditions__operator",
    "conditions__values",
    "link__subject",
    *_LINKED.names,
)


def _rules_of_issuer() -> QuerySet[GrantRule]:
    """The rules in their order. A join repeats each for each of its conditions, which are few."""
    issuer = Parameter("iss", TrustedIssuer._meta.get_field("issuer"))
    subject = Parameter("subject", LinkedSubject._meta.get_field("subject"))
    link = FilteredRelation("issuer__linked_subjects", condition=Q(issuer__linked_subjects__subject=subject))
    rules = GrantRule.objects.annotate(link=link).filter(issuer__issuer=issuer, enabled=True)
    # Ordered here and not there: on MariaDB, sorting rows with long texts takes a table on the disk.
    return rules.order_by()


def _rules_for_client() -> QuerySet[Any, Any]:
    """With each rule, whether it lists the client."""
    through = GrantRule.applications.through
    # The column is named after the application model, which a site may have swapped.
    column = GrantRule.applications.field.m2m_reverse_field_name()
    client = Parameter("client", get_application_model()._meta.pk)
    listed = Exists(through.objects.filter(**{"grantrule": OuterRef("pk"), column: client}))
    return _rules_of_issuer().annotate(listed=listed).values_list(*_NAMES, "listed")


def _rules_for_nobody() -> QuerySet[Any, Any]:
    """With each rule, the application that gets the token where there is no client."""
    return _rules_of_issuer().values_list(*_NAMES, *_APPLICATION.names)


_for_client = PreparedQuery(_rules_for_client)
_for_nobody = PreparedQuery(_rules_for_nobody)


def _load(iss: str, client: Client | None, subject: str) -> Trust | None:
    # Nobody is linked to a subject that the database cannot hold.
    asked = subject if holds(subject, connections[router.db_for_write(GrantRule)]) else ""
    if client is None:
        rows = _for_nobody.rows(GrantRule, iss=iss, subject=asked)
    else:
        rows = _for_client.rows(GrantRule, iss=iss, subject=asked, client=client.pk)
    if not rows:
        return None
    rows.sort(key=_order)
    grouped: dict[Any, list[FetchedRow]] = {}
    for row in rows:
        grouped.setdefault(row.values[_PK_AT], []).append(row)
    rules = tuple(_loaded(rows, client) for rows in grouped.values())
    # A database that compares loosely must not make a neighbour of the subject the subject.
    user = _LINKED.instance(rows[0], _LINKED_AT) if rows[0].values[_LINK_AT] == subject else None
    fetched = {pk: rows[0] for pk, rows in grouped.items()}
    issuer = partial(_ISSUER.instance, rows[0], _ISSUER_AT)
    return Trust(rules[0].rule.issuer, rules, Link(subject, user), Rows(issuer, fetched))


def _order(row: FetchedRow) -> tuple[int, int, int]:
    position, pk, condition = row.values[:_RULE_AT]
    return position, pk, condition or 0


def _loaded(rows: list[FetchedRow], client: Client | None) -> LoadedRule:
    """One rule from its rows, of which there is one for each of its conditions, or one without any."""
    first = rows[0]
    rule: Rule = first.frozen(_RULE_AT, _RULE.width + _ISSUER.width, _rule_of)
    conditions = tuple(_condition(row) for row in rows if row.values[_CONDITION_AT] is not None)
    if client is None:
        return LoadedRule(rule, conditions, listed=False, application=_APPLICATION.instance(first, _LAST))
    return LoadedRule(rule, conditions, listed=bool(first.values[_LAST]), application=None)


def _rule_of(*columns: Any) -> Rule:
    """The rule and its issuer whose columns follow each other."""
    values = [frozen(column) for column in columns]
    issuer = Issuer(**dict(zip(_ISSUER.attributes, values[_RULE.width :], strict=True)))
    return Rule(issuer=issuer, **dict(zip(_RULE.attributes, values[: _RULE.width], strict=True)))


def _condition(row: FetchedRow) -> Condition:
    condition: Condition = row.frozen(_CONDITION_AT, 3, condition_of)
    return condition


def _without_rules(iss: str) -> Trust | None:
    alias = router.db_for_write(TrustedIssuer)
    if not holds(iss, connections[alias]):
        return None
    row = TrustedIssuer.objects.using(alias).filter(issuer=iss).first()
    return None if row is None else Trust(Issuer.of(row), (), Link("", None), Rows(lambda: row, {}))
