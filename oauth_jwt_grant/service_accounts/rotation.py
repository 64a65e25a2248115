"""The keys of an account that is there: a further one, one less, and which of them are in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import router, transaction
from django.db.models import Max

from ..models import Decision, TrustedIssuer
from .accounts import RULE_NAME, find_service_account
from .key_files import IssuedKey, issue
from .names import ServiceAccountError, check_token_uri


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of an account, and when an assertion that it signed was last accepted (``None``: never)."""

    kid: str
    last_used: datetime | None


def add_key(name: str, *, token_uri: str | None = None) -> IssuedKey:
    """Make a further key for the account called ``name``; the others stay valid."""
    with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
        issuer = find_service_account(name, lock=True)
        if token_uri is not None and check_token_uri(token_uri) not in issuer.audiences:
            raise ServiceAccountError(f"{token_uri} is not among the audiences of {issuer.issuer}")
        rule = issuer.rules.filter(name=RULE_NAME).first()
        return issue(issuer, rule.default_application if rule else None, token_uri)


def withdraw_key(name: str, kid: str) -> TrustedIssuer:
    """Trust the key ``kid`` of the account called ``name`` no more, from the next request on.

    Tokens that it brought in stay; the admin revokes those. The last key is not withdrawn:
    disabling the account says the same, and can be undone.
    """
    with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
        issuer = find_service_account(name, lock=True)
        kept = [jwk for jwk in issuer.jwks["keys"] if jwk.get("kid") != kid]
        if len(kept) == len(issuer.jwks["keys"]):
            raise ServiceAccountError(f"{issuer.issuer} has no key {kid}")
        if not kept:
            raise ServiceAccountError("it is the last key: add one first, or disable the issuer")
        issuer.jwks = {"keys": kept}
        issuer.save()
    return issuer


def key_uses(name: str) -> list[KeyUse]:
    """The keys of the account called ``name``, oldest first, each with its last use.

    A use is known as long as its decision is kept (``DECISION_RETENTION_DAYS``).
    """
    issuer = find_service_account(name)
    accepted = Decision.objects.filter(issuer=issuer, outcome=Decision.Outcome.ACCEPTED).order_by()
    last = dict(accepted.values_list("kid").annotate(latest=Max("time")))
    return [KeyUse(str(jwk.get("kid", "")), last.get(jwk.get("kid"))) for jwk in issuer.jwks["keys"]]
