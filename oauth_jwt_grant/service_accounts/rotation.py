"""The keys of an existing account: add one, withdraw one, and list which are in use."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction
from django.db.models import Subquery

from ..assertion import _
from ..conf import conf
from ..models import Decision, GrantRule, TrustedIssuer, written
from ..trust import listed
from .accounts import GOOGLE_AUDIENCE, RULE_NAME, find_service_account
from .key_files import IssuedKey, new_key, stored_keys
from .names import ServiceAccountError, check_token_uri, default_token_uri


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of an account: when it was made, and when an assertion that it signed was last accepted.

    ``made`` is ``None`` for a key without that date, ``last_used`` for one that is not known to
    have been used.
    """

    kid: str
    last_used: datetime | None
    made: datetime | None = None


def add_key(name: str, *, token_uri: str | None = None, seen: str | None = None) -> IssuedKey:
    """Make a further key for the account called ``name``; the others stay valid.

    ``seen`` is the :func:`keys_fingerprint` of the keys that the user saw when asking for one more: if
    they are others by now, there is no further key, so that one wish does not make two.
    """
    with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
        issuer = find_service_account(name, lock=True)
        if seen is not None and seen != keys_fingerprint(issuer):
            raise ServiceAccountError(_("its keys have been changed meanwhile: look at them first"))
        if token_uri is not None and check_token_uri(token_uri) not in listed(issuer, "audiences"):
            raise ServiceAccountError(
                _(
                    "{token_uri} is not among the audiences of {issuer}",
                    token_uri=token_uri,
                    issuer=issuer.issuer,
                )
            )
        if len(stored_keys(issuer)) >= conf.MAX_KEYS:
            raise ServiceAccountError(
                _("it has {max_keys} keys already: withdraw one first", max_keys=conf.MAX_KEYS)
            )
        rules = written(GrantRule).filter(issuer=issuer, name=RULE_NAME)
        rule = rules.select_related("default_application").first()
        application = rule.default_application if rule else None
        issued = new_key(issuer, application, token_uri or token_uri_of(issuer))
        issuer.save()
    return issued


def withdraw_key(name: str, kid: str) -> TrustedIssuer:
    """Stop trusting the key ``kid`` of the account called ``name``, from the next request on.

    Tokens that were issued for it stay; the admin revokes them. The last key is not withdrawn:
    disabling the account has the same effect, and can be undone.
    """
    with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
        issuer = find_service_account(name, lock=True)
        keys = stored_keys(issuer)
        kept = [jwk for jwk in keys if jwk.get("kid") != kid]
        if len(kept) == len(keys):
            raise ServiceAccountError(_("{issuer} has no key {kid}", issuer=issuer.issuer, kid=kid))
        if not kept:
            raise ServiceAccountError(_("it is the last key: add one first, or disable the issuer"))
        issuer.jwks = {"keys": kept}
        issuer.save()
    return issuer


def key_uses(name: str) -> list[KeyUse]:
    """The keys of the account called ``name``, oldest first, each with its last use.

    A use is known as long as its decision is kept (``DECISION_RETENTION_DAYS``).
    """
    return uses_of(find_service_account(name))


def uses_of(issuer: TrustedIssuer) -> list[KeyUse]:
    """Return the :func:`key_uses` of an account that has been read."""
    made = {str(jwk.get("kid") or ""): _moment(jwk.get("iat")) for jwk in stored_keys(issuer)}
    last = _last_used(issuer, [kid for kid in made if kid])
    return [KeyUse(kid, last.get(kid), when) for kid, when in made.items()]


def keys_fingerprint(issuer: TrustedIssuer) -> str:
    """Return a fingerprint of the present keys of an account."""
    return hashlib.sha256(json.dumps(issuer.jwks, sort_keys=True).encode()).hexdigest()


def token_uri_of(issuer: TrustedIssuer) -> str:
    """Where the program of an account asks for tokens: the first of its audiences that can be that."""
    for audience in listed(issuer, "audiences"):
        try:
            if audience != GOOGLE_AUDIENCE:
                return check_token_uri(audience)
        except ServiceAccountError:
            continue
    return default_token_uri()


def _last_used(issuer: TrustedIssuer, kids: list[str]) -> dict[str, datetime | None]:
    # For a key in use a step into the index; a MAX over the group would read all decisions of the account.
    accepted = Decision.objects.filter(issuer=issuer, outcome=Decision.Outcome.ACCEPTED).order_by("-time")
    columns = [Subquery(accepted.filter(kid=kid).values("time")[:1]) for kid in kids]
    times = written(TrustedIssuer).filter(pk=issuer.pk).order_by().values_list("pk", *columns).first()
    return dict(zip(kids, times[1:], strict=True)) if times else {}


def _moment(seconds: Any) -> datetime | None:
    """Return a NumericDate (RFC 7519 section 2) as a datetime; ``None`` if it is not a valid one."""
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
