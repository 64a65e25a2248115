"""Stores decisions: with the token if there is one, and in a limited number if there is none."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.db import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    router,
    transaction,
)
from django.db.models import Model, Q, QuerySet

from ..assertion import (
    MAX_DETAIL,
    AssertionRefused,
    DatabaseBusy,
    DatabasesDiffer,
    Joined,
    NotGranted,
    Reason,
    Undecided,
    VerifiedAssertion,
    _,
)
from ..conf import conf
from ..database import (
    Confirmation,
    Parameter,
    PreparedInsert,
    holds,
    is_incomparable,
    is_missing,
    to_datetime,
)
from ..dot import get_access_token_model, get_refresh_token_model
from ..models import Decision, GrantRule, TrustedIssuer, written
from ..trust import Issuer, Rows
from .case import Case, Permission

logger = logging.getLogger("oauth_jwt_grant.decisions")


def _still_trusted() -> QuerySet[TrustedIssuer, Any]:
    """The ``iss`` of an issuer and a rule that are enabled still: what a token needs at its very end.

    And the assertion is not older than the issuer accepts now. An absent ``iat`` is null, which is not at or
    after any date.

    The issuer comes first in the query, as it is locked first wherever both are changed.
    """
    issued_at = Parameter("issued_at", TrustedIssuer._meta.get_field("issued_after"))
    issuers = TrustedIssuer.objects.filter(
        Q(issued_after=None) | Q(issued_after__lte=issued_at),
        pk=Parameter("issuer", TrustedIssuer._meta.pk),
        issuer=Parameter("iss", TrustedIssuer._meta.get_field("issuer")),
        enabled=True,
        rules__pk=Parameter("rule", GrantRule._meta.pk),
        rules__enabled=True,
    )
    return issuers.order_by().values_list("issuer")


_refused = PreparedInsert(Decision)
_accepted = PreparedInsert(Decision, Confirmation("iss", _still_trusted))
#: Columns of a refusal with text that a client may have chosen.
_TEXTS = {"detail": 500, "subject": 512, "kid": 255, "alg": 16}
#: What one transaction has to hold together.
_TOGETHER = (TrustedIssuer, GrantRule, Decision, get_access_token_model(), get_user_model())


def check_one_database() -> None:
    """Raise :class:`DatabasesDiffer` if trust, tokens, decisions and users are not written to one database.

    No transaction holds them together then: a token could be left without its decision. It is asked for each
    request, as a router may answer each request in another way.
    """
    aliases = [router.db_for_write(model) for model in _TOGETHER]
    if len(set(aliases)) > 1:
        names = (f"{model._meta.label}: {alias}" for model, alias in zip(_TOGETHER, aliases, strict=True))
        detail = Joined(", ", names)
        logger.error(
            "No token is issued: the database routers write to different databases what belongs into one "
            "transaction (%s). See the check oauth_jwt_grant.E010.",
            detail,
        )
        raise DatabasesDiffer(detail)


def accept(case: Case, permission: Permission, access_token: Any, client_address: str | None) -> Decision:
    """Insert the decision that goes with ``access_token``; to be called in the transaction of the token.

    Two guards are in this statement. It reads once more whether issuer and rule are enabled and the assertion
    is new enough, and keeps them so until COMMIT: an operator who has disabled one waits for us, or we find
    it disabled. And the unique ``replay_key`` lets one of two insertions through and makes the other wait for
    it. Where either says no, there is an :class:`~django.db.IntegrityError`, which rolls the token back (see
    :func:`refusal_of`). It is the last statement of the transaction, so nobody waits for us while we wait.
    """
    issuer, assertion, replay_key = permission.issuer, permission.assertion, permission.replay_key
    decision = _decision(
        case,
        {"user": access_token.user, "access_token": access_token},
        outcome=Decision.Outcome.ACCEPTED,
        scope=access_token.scope,
        claims=permission.recorded_claims,
        replay_key=replay_key,
        replay_until=to_datetime(assertion.usable_until) if replay_key else None,
        **_known(case, issuer, client_address),
    )
    _accepted.insert(
        decision,
        issuer=issuer.pk,
        iss=issuer.issuer,
        rule=permission.rule.pk,
        issued_at=_issued_at(assertion),
    )
    return decision


def _issued_at(assertion: VerifiedAssertion) -> datetime | None:
    """When ``assertion`` was issued, as the database compares it. By now a present ``iat`` is a date."""
    return to_datetime(assertion.claims["iat"]) if "iat" in assertion.claims else None


def _is_older(permission: Permission, limit: datetime | None) -> bool:
    if limit is None:
        return False
    issued_at = _issued_at(permission.assertion)
    return issued_at is None or issued_at < limit


def refusal_of(error: Error, permission: Permission) -> NotGranted:
    """Return the reason why the database refused the token and its decision; it has stored neither.

    The assertion has been used before; or what the decision rests on (issuer, rule, user,
    application) was withdrawn meanwhile; or the database gave up waiting for a lock.
    """
    if isinstance(error, IntegrityError):
        # The constraint is in the first line. PostgreSQL's others show values, which anybody may have chosen.
        if "replay_key" in str(error).partition("\n")[0]:
            return replayed(permission)
        return _withdrawn(permission)
    return failure_of(error)


def failure_of(error: Error) -> NotGranted:
    """Return the answer to a request during which the database failed; it has stored nothing.

    Only what may pass by itself asks the client to come again.
    """
    first_line = str(error).partition("\n")[0]
    if is_missing(error):
        logger.error("A table or column is missing: run migrate. The database says: %s", first_line)
        return AssertionRefused(Reason.NOT_SET_UP, detail=_("a table or column is missing: run migrate"))
    if isinstance(error, OperationalError | InterfaceError) and not is_incomparable(error):
        logger.error("The database failed while a token request was answered: %s", first_line)
        return DatabaseBusy()
    logger.error("The database cannot store or compare a value: %s: %s", type(error).__name__, first_line)
    return AssertionRefused(Reason.NOT_STORED, detail=_("the log says what the database does not take"))


def _withdrawn(permission: Permission) -> AssertionRefused:
    """What of the trust in ``permission`` is gone: two statements, only after an operator has interfered."""
    issuer = written(TrustedIssuer).filter(pk=permission.issuer.pk).first()
    if issuer is None or issuer.issuer != permission.issuer.issuer:
        return AssertionRefused(
            Reason.UNKNOWN_ISSUER, detail=_("the issuer was deleted or renamed meanwhile")
        )
    if not issuer.enabled:
        return AssertionRefused(Reason.ISSUER_DISABLED, detail=_("the issuer was disabled meanwhile"))
    if _is_older(permission, issuer.issued_after):
        detail = _("issued_after of the issuer was moved past the iat of the assertion meanwhile")
        return AssertionRefused(Reason.ISSUED_BEFORE, detail=detail)
    if not written(GrantRule).filter(pk=permission.rule.pk, issuer=issuer, enabled=True).exists():
        return AssertionRefused(Reason.NO_RULE, detail=_("the rule was disabled or deleted meanwhile"))
    holders = permission.subject.user, permission.application
    if all(row is None or _exists(row) for row in holders):
        # MariaDB checks JSON by a constraint, which takes 31 levels.
        return AssertionRefused(
            Reason.NOT_STORED, detail=_("a constraint of the database refuses the decision")
        )
    return AssertionRefused(Reason.NO_RULE, detail=_("the user or the application was deleted meanwhile"))


def _exists(row: Any) -> bool:
    """Whether ``row`` is in the database still, also if the default manager of its model hides it."""
    model = row._meta.concrete_model
    return bool(model._base_manager.using(router.db_for_write(model)).filter(pk=row.pk).exists())


def checksum(text: str) -> str:
    """Return what django-oauth-toolkit finds a token by."""
    return hashlib.sha256(text.encode()).hexdigest()


def withdraw(texts: Iterable[str], decision: Decision | None = None) -> None:
    """Delete the tokens with these texts and the token of ``decision``, with refresh tokens and decisions.

    For a token that is not answered although it was saved: it must be of no use, and the assertion not spent.
    """
    model: Any = get_access_token_model()
    alias = router.db_for_write(model)
    found = Q(token_checksum__in=[checksum(text) for text in texts])
    if decision is not None:
        found |= Q(pk=decision.access_token_id)
    with transaction.atomic(using=alias):
        keys = list(model._base_manager.using(alias).filter(found).values_list("pk", flat=True))
        for owner in (get_refresh_token_model(), Decision):
            owner._base_manager.using(alias).filter(access_token__in=keys).delete()
        model._base_manager.using(alias).filter(pk__in=keys).delete()


def first_use(permission: Permission) -> Decision | None:
    """The decision by which the assertion has been used for a token already, if it has."""
    if permission.replay_key is None:
        return None
    return written(Decision).filter(replay_key=permission.replay_key).only("pk", "time").first()


def replayed(permission: Permission) -> AssertionRefused:
    """Return the refusal of an assertion that has been used before: how that is known, and when it was."""
    if permission.assertion.jti is None:
        detail = _("the assertion must not have been used before; its signed content has been")
    else:
        detail = _("the assertion must not have been used before; its jti has been")
    used = first_use(permission)
    if used is not None:
        when = used.time.isoformat(" ", "seconds")
        detail = _("{detail}, at {time} (decision {number})", detail=detail, time=when, number=used.pk)
    return AssertionRefused(Reason.REPLAYED, detail=detail)


def refuse(case: Case, refused: NotGranted, client_address: str | None) -> Decision | None:
    """Keep a refusal, if its issuer is known and has not had its refusals for this minute.

    Returns the saved decision, or ``None``. Anybody who can reach the endpoint can make
    refusals, so their number is limited (``REFUSALS_PER_MINUTE``). A database that does not
    take the refusal changes nothing about the answer.
    """
    if case.issuer is None or isinstance(refused, DatabaseBusy):
        return None
    try:
        return _refuse(case, case.issuer, refused, client_address)
    except (DatabaseError, InterfaceError) as error:
        # The issuer was deleted meanwhile, a lock was not given in time, or the table is missing.
        level = logging.ERROR if is_missing(error) else logging.WARNING
        logger.log(level, "The database did not take a refusal: %s", str(error).partition("\n")[0])
        return None


def _refuse(case: Case, issuer: Issuer, refused: NotGranted, client_address: str | None) -> Decision | None:
    now = to_datetime(case.question.now)
    decisions = Decision.objects.using(router.db_for_write(Decision))
    if decisions.refusals_within(issuer.pk, 60, now).count() >= conf.REFUSALS_PER_MINUTE:
        return None
    undecided = isinstance(refused, Undecided)
    decision = _decision(
        case,
        {"user": case.subject.user},
        outcome=Decision.Outcome.UNDECIDED if undecided else Decision.Outcome.REFUSED,
        reason=refused.reason,
        detail=refused.explanation[:MAX_DETAIL],
        scope=" ".join(case.scopes),
        **_known(case, issuer, client_address),
    )
    connection = connections[decisions.db]
    if not all(holds(getattr(decision, name), connection) for name in _TEXTS):
        _escape(decision)
    try:
        _refused.insert(decision)
    except DataError:
        _escape(decision)
        _refused.insert(decision)
    return decision


def _escape(decision: Decision) -> None:
    """Escape what the database has no characters for: an operator can still read it."""
    for name, width in _TEXTS.items():
        setattr(decision, name, ascii(getattr(decision, name))[1:-1][:width])


def relate(decision: Decision, case: Case) -> None:
    """Give ``decision`` the issuer and the rule of ``case``: receivers read them without a statement."""
    rows = cast(Rows, case.rows)
    rule = None if case.rule is None else rows.rule(case.rule)
    _set_related(decision, issuer=rows.issuer() if rule is None else rule.issuer, rule=rule)


def _decision(case: Case, related: dict[str, Any], **values: Any) -> Decision:
    """A decision on ``case`` with ``values`` and its ``related`` rows."""
    related["application"] = case.application or case.question.application
    keys = {f"{name}_id": None if row is None else row.pk for name, row in related.items()}
    keys["issuer_id"] = None if case.issuer is None else case.issuer.pk
    keys["rule_id"] = None if case.rule is None else case.rule.pk
    decision = Decision(**keys, **values)
    _set_related(decision, **related)
    return decision


def _set_related(decision: Decision, **related: Model | None) -> None:
    """Set relations of ``decision``, which has their keys already.

    They are not assigned: Django would compare the databases that they were read from, and a site's own
    resolver may have read a user from a replica.
    """
    for name, other in related.items():
        decision._meta.get_field(name).set_cached_value(decision, other)  # type: ignore[union-attr]


def _known(case: Case, issuer: Issuer, client_address: str | None) -> dict[str, Any]:
    """The columns that every decision has, as far as the case got."""
    header = case.unverified.header if case.unverified else {}
    jti = case.assertion.jti if case.assertion else None
    return {
        "time": to_datetime(case.question.now),
        "accepted_as": case.question.door,
        "iss": issuer.issuer,
        # Nothing that is not yet verified passes for the issuer's word.
        "subject": case.assertion.subject if case.assertion else "",
        "kid": _key_id(case)[:255],
        "alg": str(header.get("alg") or "")[:16],
        "jti_digest": hashlib.sha256(jti.encode()).hexdigest() if jti else "",
        "client_address": _address(client_address),
    }


def _key_id(case: Case) -> str:
    """Return the key ID or thumbprint of the key that verified the assertion; before that, the header's.

    Tokens are revoked by it when a key is stolen, so the holder of the key must not choose it.
    """
    if case.assertion is not None:
        return case.assertion.key_id or case.assertion.thumbprint
    return str(case.unverified.header.get("kid") or "") if case.unverified else ""


def _address(text: str | None) -> str | None:
    """Return ``text`` if it is an IP address, else ``None`` (as behind a Unix socket)."""
    try:
        # The zone names an interface of this machine, and no database takes it (RFC 4007 section 11).
        return str(ipaddress.ip_address((text or "").partition("%")[0]))
    except ValueError:
        return None
