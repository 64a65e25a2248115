"""Whose token it becomes: from the subject of a verified assertion to a local user.

A foreign ``sub`` is never compared with local user names unless a rule requires it: two
issuers may both have an ``admin``, and neither is ours.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.db import DatabaseError, DataError, IntegrityError, connections, models, router, transaction
from django.db.models import QuerySet
from django.db.models.manager import BaseManager
from django.utils.module_loading import import_string

from .assertion import NOTHING, AssertionRefused, Joined, Reason, Text, VerifiedAssertion, _, both, shown
from .conf import DEFAULTS, conf
from .database import Columns, Parameter, PreparedQuery, holds, is_incomparable
from .languages import in_english
from .models import COMPARABLE, GrantRule, LinkedSubject, written
from .rules import claim_value, subject_claim
from .trust import Rule, is_privileged, user_columns
from .validators import is_email_field, validate_user_fields

#: Characters: a random part that is guessed or met again once in 100 million million tries.
_SHORTEST_NAME = 16

#: An instance of the site's user model, whichever that is.
User = Any


@dataclass(frozen=True, slots=True)
class Subject:
    """Who the token is for: a user, nobody, or a user who is created together with the token."""

    user: User | None = None
    to_be_provisioned: bool = False


class Resolver(Protocol):
    """The function that ``SUBJECT_RESOLVER`` names."""

    def __call__(self, assertion: VerifiedAssertion, rule: Rule, /) -> Subject:
        """Return whose token this becomes, or raise :class:`~oauth_jwt_grant.assertion.AssertionRefused`.

        It is also called in a dry run, so it must change nothing. A user who is inactive or privileged is
        refused afterwards.
        """


class Provisioner(Protocol):
    """The function that ``USER_PROVISIONER`` names."""

    def __call__(self, assertion: VerifiedAssertion, rule: Rule, /) -> User:
        """Return a new user, saved, or raise :class:`~oauth_jwt_grant.assertion.AssertionRefused`.

        It is called in the transaction of the token.
        """


def find_subject(assertion: VerifiedAssertion, rule: Rule) -> Subject:
    """Ask the site's ``SUBJECT_RESOLVER`` and check whom it names.

    Raises :class:`AssertionRefused` for a subject that is unknown, inactive or
    privileged (staff or superuser, unless the rule allows them).
    """
    path = conf.SUBJECT_RESOLVER
    resolver: Resolver = resolve_subject if path == DEFAULTS["SUBJECT_RESOLVER"] else import_string(path)
    subject = resolver(assertion, rule)
    if subject.user is not None:
        check_user(subject.user, rule)
    return subject


def resolve_subject(assertion: VerifiedAssertion, rule: Rule) -> Subject:
    """Return the user by the ``subject_policy`` of ``rule``: the built-in ``SUBJECT_RESOLVER``."""
    policies = GrantRule.SubjectPolicy
    match rule.subject_policy:
        case policies.NO_USER:
            return Subject()
        case policies.SERVICE_USER:
            fixed = _fixed_user(rule)
            if fixed is None:
                raise _unknown(
                    _("the rule must name a user who exists; it names none, or one who was deleted")
                )
            return Subject(fixed)
        case policies.USER_FIELD:
            return Subject(_user_by_claim(assertion, rule))
        case policies.PROVISION:
            user = linked_user(assertion, rule)
            return Subject(user, to_be_provisioned=user is None)
        case _:
            linked = linked_user(assertion, rule)
            if linked is None:
                subject = shown(assertion.subject)
                raise _unknown(
                    _("the subject {subject} must be linked to a user; it is linked to none", subject=subject)
                )
            return Subject(linked)


def check_user(user: User, rule: Rule) -> None:
    """Raise :class:`AssertionRefused` for a user who may have no token by this rule.

    A manager that hides users means that they are as good as deleted, whatever policy has found them.
    """
    if _is_hidden(user):
        name = shown(user.get_username())
        raise _unknown(
            _("the default manager of the user model must have the user; it hides {name}", name=name)
        )
    if not user.is_active:
        detail = _("the user must be active; the user {user} is not", user=shown(user.get_username()))
        raise AssertionRefused(Reason.INACTIVE_SUBJECT, detail=detail)
    if is_privileged(user) and not rule.allow_privileged_users:
        name = shown(user.get_username())
        kinds = {"is_staff": _("staff"), "is_superuser": _("superuser")}
        kind = both([word for flag, word in kinds.items() if getattr(user, flag, False)])
        detail = _(
            'the user must not be privileged by the rule "{rule}"; the user {name} is {kind}',
            rule=rule,
            name=name,
            kind=kind,
        )
        raise AssertionRefused(Reason.PRIVILEGED_SUBJECT, detail=detail)


def _is_hidden(user: User) -> bool:
    """Whether the default manager of the user model does not have ``user``; Django's own has all."""
    model: Any = get_user_model()
    manager = model._default_manager
    if type(manager).get_queryset is BaseManager.get_queryset:
        return False
    return not manager.using(router.db_for_write(model)).filter(pk=user.pk).exists()


_USER = user_columns(get_user_model())


def _user_by_pk() -> QuerySet[Any, Any]:
    user = Parameter("user", get_user_model()._meta.pk)
    return get_user_model()._base_manager.filter(pk=user).values_list(*_USER.names)


_users = PreparedQuery(_user_by_pk)


def _fixed_user(rule: Rule) -> User | None:
    """The user that the rule names, read where users are written."""
    rows = _users.rows(get_user_model(), user=rule.user_id) if rule.user_id is not None else []
    return _USER.instance(rows[0]) if rows else None


def linked_user(assertion: VerifiedAssertion, rule: Rule) -> User | None:
    """The user that the assertion's subject is linked to, if it is.

    A rule of this request has been read together with the link; any other is asked now.
    """
    if rule.link is not None and rule.link.subject == assertion.subject:
        return rule.link.user
    return _look_up_link(assertion, rule)


def _look_up_link(assertion: VerifiedAssertion, rule: Rule) -> User | None:
    alias = router.db_for_write(LinkedSubject)
    links = LinkedSubject.objects.using(alias).select_related("user")
    which = {"issuer": rule.issuer.pk, "subject": assertion.subject}
    found = links.filter(**which) if holds(assertion.subject, connections[alias]) else ()
    # A database that compares loosely must not make a neighbour of the subject the subject.
    exact = [link.user for link in found if link.subject == assertion.subject]
    return exact[0] if exact else None


def provision(assertion: VerifiedAssertion, rule: Rule) -> User:
    """Make and link the user of a subject that is seen for the first time.

    Called inside the transaction of the token, so that no user is left behind where no
    token is issued. Of two first requests at once, the second takes the first one's user.
    """
    provisioner: Provisioner = import_string(conf.USER_PROVISIONER)
    try:
        with transaction.atomic(using=router.db_for_write(LinkedSubject)):
            user = provisioner(assertion, rule)
            LinkedSubject.objects.create(issuer_id=rule.issuer.pk, subject=assertion.subject, user=user)
    except IntegrityError:
        user = _look_up_link(assertion, rule)
        if user is None:
            raise _unknown(_("a user must be created with the token; the database accepted none")) from None
    check_user(user, rule)
    return user


def provision_user(assertion: VerifiedAssertion, rule: Rule) -> User:
    """The built-in ``USER_PROVISIONER``: a user without a password and with a random, meaningless name.

    Neither an issuer nor anybody who registers here can aim at a name that nobody knows beforehand. What
    the rule lists is filled in from claims, and the user gets the groups of the rule.
    """
    user, groups = _user_to_be(assertion, rule)
    check_new_user(user)
    user.save()
    if groups:
        user.groups.add(*groups)
    return user


def _user_to_be(assertion: VerifiedAssertion, rule: Rule) -> tuple[User, list[Group]]:
    """A user who is not saved yet, and the groups that the user is going to have."""
    user = new_user()
    for name, value in claimed_fields(assertion, rule).items():
        setattr(user, name, value)
    listed = written(GrantRule.groups.through).filter(grantrule=rule.pk).values_list("group", flat=True)
    groups = list(written(Group).filter(pk__in=list(listed)).order_by("name"))
    if groups and "groups" not in {field.name for field in get_user_model()._meta.many_to_many}:
        raise _misconfigured(rule, _("it has groups, and the user model has none"))
    return user, groups


def claimed_fields(assertion: VerifiedAssertion, rule: Rule) -> dict[str, str]:
    """The fields of a new user that ``rule`` lists, as far as ``assertion`` has a value for them."""
    fields = rule.user_fields or {}
    try:
        # A row that SQL has written may name any field.
        validate_user_fields(fields)
    except ValidationError as error:
        raise _misconfigured(rule, Text("user_fields: {why}", why=faults_of(error))) from error
    found = {name: _claimed(assertion, name, claim) for name, claim in sorted(fields.items())}
    return {name: value for name, value in found.items() if value}


def _claimed(assertion: VerifiedAssertion, name: str, claim: str) -> str:
    """The text for the field ``name``; empty if the claim has none that is fit to be stored."""
    model: Any = get_user_model()
    value: Any = claim_value(assertion.claims, claim)
    if not isinstance(value, str) or not value.isprintable():
        return ""
    if is_email_field(name):
        return value if assertion.claims.get("email_verified") is True else ""
    return value.strip()[: model._meta.get_field(name).max_length]


def _misconfigured(rule: Rule, problem: Text) -> AssertionRefused:
    return AssertionRefused(
        Reason.ISSUER_MISCONFIGURED, detail=_("rule {rule}: {problem}", rule=rule, problem=problem)
    )


def new_user() -> User:
    """Return a user as the built-in ``USER_PROVISIONER`` makes one; it is not saved."""
    model = get_user_model()
    field: Any = model._meta.get_field(model.USERNAME_FIELD)
    name = f"jwt-{secrets.token_hex(12)}"
    if isinstance(field, models.EmailField):
        name = f"{name}@subject.invalid"
    elif field.max_length is not None and field.max_length >= _SHORTEST_NAME:
        name = name[: field.max_length]
    user = model(**{model.USERNAME_FIELD: name})
    user.set_unusable_password()
    return user


def check_new_user(user: User) -> None:
    """Raise :class:`AssertionRefused` if the user model does not take ``user``; the detail says by field."""
    try:
        user.full_clean()
    except ValidationError as error:
        detail = _(
            "a user must be created with the token; the user model does not take it: {why}",
            why=faults_of(error),
        )
        raise AssertionRefused(Reason.NOT_STORED, detail=detail) from error


def faults_of(error: ValidationError) -> str:
    """Return what is wrong with a user, by field; in English, as decisions are stored."""
    with in_english():
        faults = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    texts = [
        " ".join(texts) if name == NON_FIELD_ERRORS else f"{name}: {' '.join(texts)}"
        for name, texts in faults.items()
    ]
    return " ".join(texts)


def check_provisioning(assertion: VerifiedAssertion, rule: Rule) -> Text:
    """Return what the built-in ``USER_PROVISIONER`` would set now, in words; saves nothing.

    Raises :class:`AssertionRefused` if it would fail. What a function of the site's own would do is not known
    before it does it.
    """
    if DEFAULTS["USER_PROVISIONER"] != conf.USER_PROVISIONER:
        return NOTHING
    user, groups = _user_to_be(assertion, rule)
    check_new_user(user)
    told: list[str] = [f"{name} {shown(value)}" for name, value in claimed_fields(assertion, rule).items()]
    told += [_("group {name}", name=shown(group.name)) for group in groups]
    return _("a user is created with {names}", names=Joined(", ", told)) if told else _("a user is created")


def _user_by_claim(assertion: VerifiedAssertion, rule: Rule) -> User:
    """The one user whose field equals the claim, exactly."""
    if rule.subject_claim != "sub":
        return _the_one_user(
            rule.user_field, subject_claim(assertion.claims, rule.subject_claim, rule.pinned)
        )
    if not assertion.subject:
        raise _unknown(_("sub must be a string that is not empty"))
    return _the_one_user(rule.user_field, assertion.subject)


def _the_one_user(field: str, value: str) -> User:
    model = get_user_model()
    sought = _("exactly one user must have the {field} {value}", field=field, value=shown(value))
    try:
        users = _users_with(model, model._meta.get_field(field), value)
    except (DatabaseError, FieldDoesNotExist, TypeError, ValidationError, ValueError) as error:
        if isinstance(error, DatabaseError) and not (isinstance(error, DataError) or is_incomparable(error)):
            raise
        # Not every text is a number or a UUID, and a row that was never validated may name any field.
        raise _unknown(
            _("{sought}; this field of users cannot be compared with it", sought=sought)
        ) from error
    matches = [user for user in users if str(getattr(user, field)) == value]
    if len(users) == 1 and matches:
        return matches[0]
    if len(users) > 1:
        raise _unknown(_("{sought}; two or more have it", sought=sought))
    found = (
        _("only {value} is nearly the same", value=shown(str(getattr(users[0], field))))
        if users
        else _("none has it")
    )
    raise _unknown(Joined("; ", (sought, found)))


def _users_with(model: Any, field: Any, value: str) -> list[User]:
    """Up to two users whose ``field`` equals ``value`` as the database compares.

    Strings are looked up by a statement that is compiled once. A manager of the site's own may ask
    differently each time, and Django checks the range of a number as it compiles: these go through the ORM.
    """
    if not isinstance(field, COMPARABLE):
        raise TypeError(field.name)
    alias = router.db_for_write(model)
    if not holds(value, connections[alias]):
        return []
    manager = model._default_manager
    is_plain = type(manager).get_queryset is BaseManager.get_queryset
    if is_plain and isinstance(field, models.CharField | models.TextField):
        columns, query = _users_by(field.name)
        return [columns.instance(row) for row in query.rows(model, value=value)]
    return list(manager.using(alias).filter(**{field.name: value})[:2])


@cache
def _users_by(field: str) -> tuple[Columns, PreparedQuery]:
    model: Any = get_user_model()
    columns = user_columns(model, "", field)
    value = Parameter("value", model._meta.get_field(field))
    return columns, PreparedQuery(
        lambda: model._default_manager.filter(**{field: value}).order_by().values_list(*columns.names)[:2]
    )


def _unknown(detail: Text) -> AssertionRefused:
    return AssertionRefused(Reason.UNKNOWN_SUBJECT, detail=detail)
