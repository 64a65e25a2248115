"""Create a service account, and find one by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import DataError, IntegrityError, router, transaction
from django.db.models import F, Q, QuerySet

from ..assertion import _
from ..conf import server_audiences
from ..models import GrantRule, LinkedSubject, TrustedIssuer, check_row, written
from .key_files import IssuedKey, new_key
from .names import (
    LABEL,
    PATTERN,
    ServiceAccountError,
    check_token_uri,
    default_token_uri,
    identifier_of,
    is_service_account,
)
from .users import new_user

#: What google-auth writes into ``aud`` whatever ``token_uri`` is: the audience of Google's own service.
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
#: Google's libraries sign for exactly one hour, whatever the site's ``MAX_LIFETIME`` is.
LIFETIME = 3600
RULE_NAME = "service account"
#: The query for the accounts among issuers: :func:`~.names.is_service_account` for a database.
ACCOUNTS = Q(key_source=TrustedIssuer.KeySource.INLINE, issuer__regex=PATTERN)


def create_service_account(
    name: str,
    *,
    scopes: str,
    token_uri: str | None = None,
    user: Any = None,
    default_application: Any = None,
    google_audience: bool = True,
    groups: Sequence[Group] = (),
) -> IssuedKey:
    """Make an account: issuer, rule, user (unless ``user`` is given) and first key, or nothing at all.

    The new user gets ``groups``; one who is there already keeps those that an operator has chosen.

    ``scopes`` is the space-separated ceiling; ``token_uri`` the URL of the token endpoint (by
    default from the settings). Raises :class:`ServiceAccountError`, or Django's
    ``ValidationError`` for values that the admin would refuse too.
    """
    uri = check_token_uri(token_uri or default_token_uri())
    identifier = identifier_of(name, uri)
    try:
        with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
            if written(TrustedIssuer).filter(issuer=identifier).exists():
                raise _taken(identifier)
            issued = new_key(_new_issuer(name, identifier, uri, google_audience), default_application, uri)
            rule = _new_rule(issued.issuer, scopes, default_application)
            owner = user or new_user(identifier)
            link = LinkedSubject(issuer=issued.issuer, subject=identifier, user=owner)
            check_row(rule)
            check_row(link)
            if user is None:
                owner.save()
                if groups:
                    owner.groups.add(*groups)
            for row in (issued.issuer, rule, link):
                row.save()
    except IntegrityError as error:  # another request has created it in the meantime
        raise _taken(identifier) from error
    except DataError as error:
        raise ServiceAccountError(_("the database cannot store a character of the name"), "name") from error
    return issued


def find_service_account(name: str, *, lock: bool = False) -> TrustedIssuer:
    """The account called ``name`` or, with an ``@``, identified by it; with ``lock`` for a change."""
    accounts = written(TrustedIssuer)
    if lock:
        accounts = accounts.select_for_update()
    wanted = name if "@" in name else f"{name}@{LABEL}."
    by_name = {"issuer": name} if "@" in name else {"issuer__startswith": wanted}
    found = [
        account
        for account in accounts.filter(**by_name)
        # A database that compares loosely finds more than was asked for.
        if is_service_account(account) and account.issuer.startswith(wanted)
    ]
    if not found:
        raise ServiceAccountError(_("there is no service account {name}", name=name))
    if len(found) > 1:
        raise ServiceAccountError(
            _("write one of: {names}", names=", ".join(account.issuer for account in found))
        )
    return found[0]


def account_links(issuers: QuerySet[TrustedIssuer]) -> QuerySet[LinkedSubject]:
    """The link of each service account among ``issuers`` to its own user."""
    links = written(LinkedSubject)
    accounts = issuers.using(links.db).filter(ACCOUNTS).order_by().values("pk")
    return links.filter(issuer__in=accounts, subject=F("issuer__issuer"))


def _taken(identifier: str) -> ServiceAccountError:
    return ServiceAccountError(
        _("there is a service account {identifier} already", identifier=identifier), "name"
    )


def _new_issuer(name: str, identifier: str, token_uri: str, google_audience: bool) -> TrustedIssuer:
    """Return the issuer without keys. Google's libraries need each of its values; the docs explain why."""
    audiences = [token_uri, *sorted(server_audiences() - {token_uri})]
    if google_audience and GOOGLE_AUDIENCE not in audiences:
        audiences.append(GOOGLE_AUDIENCE)
    return TrustedIssuer(
        name=name,
        issuer=identifier,
        key_source=TrustedIssuer.KeySource.INLINE,
        jwks={"keys": []},
        algorithms=["RS256"],
        audiences=audiences,
        max_lifetime=LIFETIME,
        # google-auth signs the same bytes twice within a second and knows no jti.
        replay_policy=TrustedIssuer.ReplayPolicy.ONCE_IF_JTI,
        subject_fallback=True,
    )


def _new_rule(issuer: TrustedIssuer, scopes: str, default_application: Any) -> GrantRule:
    """The rule. ``linked`` rather than one fixed user: a ``sub`` that names anybody else is refused."""
    return GrantRule(
        issuer=issuer,
        name=RULE_NAME,
        client_policy=GrantRule.ClientPolicyChoices.ANONYMOUS,
        default_application=default_application,
        subject_policy=GrantRule.SubjectPolicy.LINKED,
        scopes=scopes,
    )
