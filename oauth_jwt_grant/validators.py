"""Field validators and defaults. Migrations hold their paths, so they stay where they are."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import CharField, EmailField, TextField
from django.utils.translation import gettext_lazy as _

from .assertion import ALGORITHMS, AssertionRefused, Door
from .assertion.strict_json import read_object
from .keys import FetchFailed, check_url, parse_ca_bundle
from .languages import translated
from .rules import STORED, InvalidCondition, Operator, check_claim, condition_of, split_scope


def empty_list() -> list[Any]:
    """The default of a list field: a new empty list each time."""
    return []


def empty_dict() -> dict[str, Any]:
    """The default of an object field: a new empty dict each time."""
    return {}


def validate_https_url(value: str) -> None:
    """Accept what the fetcher would fetch: an https URL with a host and without user name or fragment."""
    try:
        check_url(value)
    except FetchFailed as error:
        raise ValidationError(
            _("Enter a URL that begins with https:// and has no user name and no fragment."), code="https_url"
        ) from error


def validate_certificates(value: str) -> None:
    """Accept what a fetch can use: PEM text with one or more certificates and no private key."""
    try:
        parse_ca_bundle(value)
    except ValueError as error:
        raise ValidationError(
            _("Enter one or more certificates in PEM. %(problem)s"),
            code="certificates",
            params={"problem": translated(error)},
        ) from error


def validate_issuer(value: str) -> None:
    """Accept an issuer identifier: a text without white space at its ends and without control characters."""
    if value != value.strip() or not value.isprintable():
        raise ValidationError(
            _("Enter the iss value exactly as the issuer sends it, without white space around it."),
            code="issuer",
        )


def validate_algorithms(value: Any) -> None:
    """Accept a list of names of signature algorithms that assertions may be signed with."""
    validate_strings(value)
    unknown = [name for name in value if name not in ALGORITHMS]
    if unknown:
        raise ValidationError(
            _("%(names)s cannot be accepted. Choose from: %(known)s."),
            code="algorithms",
            params={"names": ", ".join(unknown), "known": ", ".join(ALGORITHMS)},
        )


def validate_strings(value: Any) -> None:
    """Accept a JSON list of strings, none of them empty, padded, or itself a JSON list."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValidationError(_('Enter a JSON list of texts, such as ["one", "two"].'), code="strings")
    for item in value:
        if item != item.strip():
            raise ValidationError(_("There is white space around %(item)r."), params={"item": item})
        if not item.isprintable():
            # Copied from a page or a mail, such as U+200B. No client sends it.
            text = _("%(item)s has a character that cannot be seen.")
            raise ValidationError(text, code="unseen", params={"item": ascii(item)})
        if item.startswith("[") and item.endswith("]"):
            text = _("%(item)s is a whole list as one text. Give each of its members by itself.")
            raise ValidationError(text, params={"item": item})


def validate_doors(value: Any) -> None:
    """Accept a list of ways in which an assertion may be presented."""
    validate_strings(value)
    unknown = [name for name in value if name not in [*Door]]
    if unknown:
        raise ValidationError(
            _("%(names)s cannot be accepted. Choose from: %(known)s."),
            code="doors",
            params={"names": ", ".join(unknown), "known": ", ".join(Door)},
        )


def validate_claim(value: str) -> None:
    """Accept the name of a claim, or a JSON Pointer to one."""
    try:
        check_claim(value)
    except InvalidCondition as error:
        raise ValidationError(translated(error), code="claim") from error


def validate_list(value: Any) -> None:
    """Accept a JSON list that can be written as TOML: without null, at any depth."""
    if not isinstance(value, list):
        raise ValidationError(_('Enter a JSON list, such as ["one", "two"].'), code="list")
    validate_json(value)
    if has_null(value):
        text = _("null equals nothing, and a trust file cannot write it. Leave it out, at any depth.")
        raise ValidationError(text, code="null")


def validate_conditions(value: Any) -> None:
    """Accept a JSON list of conditions: objects with the members claim, operator and values."""
    validate_list(value)
    for condition in value:
        if (
            not isinstance(condition, dict)
            or "claim" not in condition
            or not condition.keys() <= STORED.keys()
        ):
            text = _("Each condition is an object with the members claim, operator and values.")
            raise ValidationError(text, code="conditions")
        _validate_condition(**{**STORED, **condition})


def _validate_condition(claim: Any, operator: Any, values: Any) -> None:
    operators = [*Operator]
    if operator not in operators:
        text = _("There is no operator %(operator)s. Choose from: %(known)s.")
        params = {"operator": operator, "known": ", ".join(operators)}
        raise ValidationError(text, code="operator", params=params)
    if not isinstance(claim, str) or len(claim) > 255:
        raise ValidationError(_("The claim must be a text of at most 255 characters."), code="claim")
    validate_list(values)
    try:
        condition_of(claim, operator, values).check()
    except InvalidCondition as error:
        raise ValidationError(f"{claim}: {translated(error)}", code="condition") from error


#: Fields of a user that no claim fills in, whatever the user model makes of them.
_RIGHTS = frozenset(
    {"groups", "is_active", "is_staff", "is_superuser", "last_login", "password", "user_permissions"}
)


def validate_user_fields(value: Any) -> None:
    """Accept a JSON object: fields of the user model that a claim may fill in, each with its claim."""
    if not isinstance(value, dict) or not all(isinstance(claim, str) for claim in value.values()):
        text = _('Enter a JSON object of fields and claims, such as {"first_name": "given_name"}.')
        raise ValidationError(text, code="user_fields")
    for name, claim in value.items():
        validate_claim(claim)
        why = _why_not_filled_in(name, claim)
        if why:
            raise ValidationError(f"{name}: {why}", code="user_fields")


def is_email_field(name: str) -> bool:
    """Whether the field ``name`` of a user holds an e-mail address."""
    model = get_user_model()
    return name == getattr(model, "EMAIL_FIELD", "") or isinstance(model._meta.get_field(name), EmailField)


def _why_not_filled_in(name: str, claim: str) -> Any:
    model = get_user_model()
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return _("the user model has no such field.")
    if name in _RIGHTS or name == model.USERNAME_FIELD or getattr(field, "primary_key", False):
        return _("it gives rights or is what a user logs in by, so no claim sets it.")
    if not isinstance(field, CharField | TextField):
        return _("only fields with text are set.")
    if is_email_field(name) and claim not in ("email", "/email"):
        return _("an e-mail address comes from the claim email alone: email_verified is about that one.")
    return ""


def validate_json(value: Any) -> None:
    """Accept what each database stores as JSON: no infinite numbers, half surrogate pairs or deep nesting."""
    try:
        read_object(json.dumps({"value": value}).encode())
    except (ValueError, RecursionError) as error:
        raise ValidationError(
            _("This is no JSON that can be stored: %s.") % translated(error), code="json"
        ) from error


def has_null(value: Any) -> bool:
    """Whether a JSON value is ``null`` or has one in it. Not for values that a token brings: it recurs."""
    if isinstance(value, dict | list):
        return any(map(has_null, value.values() if isinstance(value, dict) else value))
    return value is None


def validate_scopes(value: str) -> None:
    """Accept a space-separated list of scopes (RFC 6749 section 3.3)."""
    try:
        split_scope(value)
    except AssertionRefused as error:
        raise ValidationError(_("Enter scopes separated by single spaces."), code="scopes") from error


def validate_resources(value: Any) -> None:
    """Accept a JSON list of absolute URIs with a host and without fragment (RFC 8707 section 2)."""
    validate_strings(value)
    if not all(map(_is_absolute_uri, value)):
        raise ValidationError(
            _("Each resource must be an absolute URI with a host and no fragment."), code="uri"
        )


def _is_absolute_uri(value: str) -> bool:
    """Whether ``value`` has a scheme and a host, and neither user name, fragment nor white space."""
    try:
        parts = urlsplit(value)
        has_host = bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return (
        has_host and parts.username is None and "#" not in value and value.isprintable() and " " not in value
    )
