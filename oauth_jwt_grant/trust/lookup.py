"""The trust in the issuer of one assertion, read by one query: the issuer, its rules, conditions and link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error, router
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet

from ..assertion import AssertionRefused, Reason
from ..database import Columns, FetchedRow, Parameter, PreparedQuery, RememberedColumns, all_but, may_defer
from ..dot import get_application_model
from ..keys import misconfigured
from ..models import GrantRule, Link, LinkedSubject, TrustedIssuer, condition_of
from ..rules import Client, Condition
from .clients import may_defer_application


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule of the database with its conditions, as :func:`~oauth_jwt_grant.rules.first_match` wants it."""

    row: GrantRule
    conditions: tuple[Condition, ...]
    listed: bool

    @property
    def client_policy(self) -> str:
        """Who may present the assertion."""
        return self.row.client_policy

    def lists(self, client: Client) -> bool:
        """Whether the client for which the rule was loaded is among its applications."""
        return self.listed

    def __str__(self) -> str:
        return str(self.row)


@dataclass(frozen=True, slots=True)
class Trust:
    """An issuer and its enabled rules in their order."""

    issuer: TrustedIssuer
    rules: tuple[LoadedRule, ...]


def find_trust(iss: str, client: Client | None, subject: str = "") -> Trust:
    """The trust in the issuer that calls itself ``iss``, read fresh, with its rules as ``client`` meets them.

    With them comes to whom the issuer's ``subject`` is linked. Nothing here is verified yet.
    Raises :class:`AssertionRefused` (``UNKNOWN_ISSUER``).
    """
    with misconfigured("the row of the issuer or of a rule", Error):
        rules = _load_rules(iss, client, subject)
        issuer = rules[0].row.issuer if rules else _issuer_without_rules(iss)
    # A database that compares loosely must not make a neighbour of the issuer the issuer.
    if issuer is None or issuer.issuer != iss:
        raise AssertionRefused(Reason.UNKNOWN_ISSUER)
    return Trust(issuer, tuple(rules))


def _user_columns(user: Any) -> Columns:
    """Of the user, what says whether there may be a token; the rest is read if a site asks for it."""
    needed = ("is_active", "is_staff", "is_superuser")
    fields = {field.name for field in user._meta.concrete_fields}
    # What a property says may rest on any field, and must not be read from a replica.
    said = all(name in fields or isinstance(getattr(user, name, False), bool) for name in needed)
    if said and may_defer(user):
        return RememberedColumns(user, "link__user__", only=needed)
    return Columns(user, "link__user__")


def _application_columns(model: Any) -> Columns:
    """Of the stand-in for a client, its key; all of it where ``is_usable()`` may look at it."""
    if may_defer_application(model):
        return RememberedColumns(model, "default_application__", only=())
    return Columns(model, "default_application__")


_RULE = RememberedColumns(GrantRule, only=all_but(GrantRule, "issuer", "enabled", "position"))
_ISSUER = RememberedColumns(
    TrustedIssuer, "issuer__", only=all_but(TrustedIssuer, "name", "created", "updated")
)
_APPLICATION = _application_columns(get_application_model())
_LINKED = _user_columns(get_user_model())
# What a row consists of: its place, rule, issuer, condition, link, and what is to be known of the client.
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
    """With each rule, the application whose the token will be where there is no client."""
    return _rules_of_issuer().values_list(*_NAMES, *_APPLICATION.names)


_for_client = PreparedQuery(_rules_for_client)
_for_nobody = PreparedQuery(_rules_for_nobody)


def _load_rules(iss: str, client: Client | None, subject: str) -> list[LoadedRule]:
    if client is None:
        rows = _for_nobody.rows(GrantRule, iss=iss, subject=subject)
    else:
        rows = _for_client.rows(GrantRule, iss=iss, subject=subject, client=client.pk)
    if not rows:
        return []
    rows.sort(key=_order)
    issuer = _ISSUER.instance(rows[0], _ISSUER_AT)
    # A database that compares loosely must not make a neighbour of the subject the subject.
    user = _LINKED.instance(rows[0], _LINKED_AT) if rows[0].values[_LINK_AT] == subject else None
    link = Link(subject, user)
    grouped: dict[Any, list[FetchedRow]] = {}
    for row in rows:
        grouped.setdefault(row.values[_PK_AT], []).append(row)
    return [_loaded(rows, issuer, link, client) for rows in grouped.values()]


def _order(row: FetchedRow) -> tuple[int, int, int]:
    position, pk, condition = row.values[:_RULE_AT]
    return position, pk, condition or 0


def _loaded(rows: list[FetchedRow], issuer: TrustedIssuer, link: Link, client: Client | None) -> LoadedRule:
    """One rule from its rows, of which there is one for each of its conditions, or one without any."""
    rule = _RULE.instance(rows[0], _RULE_AT)
    rule.issuer, rule.linked = issuer, link
    if client is None:
        rule.default_application = _APPLICATION.instance(rows[0], _LAST)
    conditions = [_condition(row) for row in rows if row.values[_CONDITION_AT] is not None]
    listed = client is not None and bool(rows[0].values[_LAST])
    return LoadedRule(rule, tuple(conditions), listed=listed)


def _condition(row: FetchedRow) -> Condition:
    condition: Condition = row.remembered(_CONDITION_AT, 3, condition_of)
    return condition


def _issuer_without_rules(iss: str) -> TrustedIssuer | None:
    issuers = TrustedIssuer.objects.using(router.db_for_write(TrustedIssuer))
    return issuers.filter(issuer=iss).first()
