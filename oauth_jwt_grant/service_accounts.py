"""Service accounts: an issuer of one, with a key pair that this server makes and gives away.

The private half leaves in a key file of the form that Google's client libraries read; what
stays is the public half. An account is told from other issuers by its identifier alone,
``NAME@service-accounts.HOST``.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.db.models import Max
from django.urls import NoReverseMatch, reverse

from .assertion.jose import import_jwk
from .audiences import issuer_identifier, server_audiences
from .keys import normalise_jwks
from .models import Decision, GrantRule, LinkedSubject, TrustedIssuer

#: What google-auth writes into ``aud`` whatever ``token_uri`` says, as Google's own service wants it.
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
#: Google's libraries sign for exactly one hour, whatever the site's ``MAX_LIFETIME`` is.
LIFETIME = 3600
RULE_NAME = "service account"

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = "service-accounts"
_LOOPBACK = {("http", host) for host in ("localhost", "127.0.0.1", "::1")}


class ServiceAccountError(ValueError):
    """A service account cannot be made or changed so; the message says why and holds no key."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """An account, and the key file that was made for it: its only copy of the private key."""

    issuer: TrustedIssuer
    key_file: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of an account, and when an assertion that it signed was last accepted (``None``: never)."""

    kid: str
    last_used: datetime | None


def create_service_account(
    name: str,
    *,
    scopes: str,
    token_uri: str | None = None,
    user: Any = None,
    default_application: Any = None,
    google_audience: bool = True,
) -> IssuedKey:
    """Make an account: issuer, rule, user (unless ``user`` is given) and first key, or nothing at all.

    ``scopes`` is the space-separated ceiling; ``token_uri`` the URL of the token endpoint (by
    default as the settings tell it). Raises :class:`ServiceAccountError`, or Django's
    ``ValidationError`` for values that the admin would refuse too.
    """
    uri = check_token_uri(token_uri or default_token_uri())
    if not _NAME.fullmatch(name):
        raise ServiceAccountError("a name is 1 to 63 of a-z, 0-9 and -, begins with a letter, ends with no -")
    identifier = _identifier(name, uri)
    with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
        if TrustedIssuer.objects.filter(issuer=identifier).exists():
            raise ServiceAccountError(f"there is a service account {identifier} already")
        issued = _issue(_new_issuer(name, identifier, uri, google_audience), default_application)
        _save_rule(issued.issuer, scopes, default_application)
        link = LinkedSubject(issuer=issued.issuer, subject=identifier, user=user or _new_user(identifier))
        link.full_clean()
        link.save()
    return issued


def add_key(name: str, *, token_uri: str | None = None) -> IssuedKey:
    """Make a further key for the account called ``name``; the others stay valid."""
    with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
        issuer = find_service_account(name, lock=True)
        if token_uri is not None and check_token_uri(token_uri) not in issuer.audiences:
            raise ServiceAccountError(f"{token_uri} is not among the audiences of {issuer.issuer}")
        rule = issuer.rules.filter(name=RULE_NAME).first()
        return _issue(issuer, rule.default_application if rule else None, token_uri)


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


def find_service_account(name: str, *, lock: bool = False) -> TrustedIssuer:
    """The account called ``name`` or, with an ``@``, identified by it; with ``lock`` for a change."""
    accounts = TrustedIssuer.objects.using(router.db_for_write(TrustedIssuer))
    if lock:
        accounts = accounts.select_for_update()
    wanted = name if "@" in name else f"{name}@{_LABEL}."
    by_name = {"issuer": name} if "@" in name else {"issuer__startswith": wanted}
    found = [
        account
        for account in accounts.filter(**by_name)
        # A database that compares loosely finds more than was asked for.
        if f"@{_LABEL}." in account.issuer and account.issuer.startswith(wanted)
    ]
    if not found:
        raise ServiceAccountError(f"there is no service account {name}")
    if len(found) > 1:
        raise ServiceAccountError(f"write one of: {', '.join(account.issuer for account in found)}")
    return found[0]


def default_token_uri() -> str:
    """The URL of the token endpoint, as far as the settings tell it."""
    try:
        path = reverse("oauth2_provider:token")
    except NoReverseMatch:
        path = "/o/token/"
    candidates = sorted(uri for uri in server_audiences() if urlsplit(uri).path == path)
    parts = urlsplit(candidates[0] if candidates else issuer_identifier() or "")
    if not parts.scheme or not parts.netloc:
        raise ServiceAccountError("the settings do not tell the URL of the token endpoint, so say it")
    return f"{parts.scheme}://{parts.netloc}{path}"


def check_token_uri(uri: str) -> str:
    """``uri`` if a client may send assertions there: RFC 6749 section 3.2 wants TLS (not on loopback)."""
    parts = urlsplit(uri)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme, parts.hostname) in _LOOPBACK):
        return uri
    raise ServiceAccountError(f"not an https URL of a token endpoint: {uri}")


def _identifier(name: str, token_uri: str) -> str:
    """``iss``: an address under the server's own name, which no foreign issuer has a claim to."""
    host = urlsplit(issuer_identifier() or "").hostname or urlsplit(token_uri).hostname
    return f"{name}@{_LABEL}.{host}"


def _new_issuer(name: str, identifier: str, token_uri: str, google_audience: bool) -> TrustedIssuer:
    """The issuer without keys. Each of its terms is what Google's libraries need; docs say why."""
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


def _save_rule(issuer: TrustedIssuer, scopes: str, default_application: Any) -> None:
    """The rule. ``linked`` rather than one fixed user: a ``sub`` that names anybody else is refused."""
    rule = GrantRule(
        issuer=issuer,
        name=RULE_NAME,
        client_policy=GrantRule.ClientPolicyChoices.ANONYMOUS,
        default_application=default_application,
        subject_policy=GrantRule.SubjectPolicy.LINKED,
        scopes=scopes,
    )
    rule.full_clean()
    rule.save()


def _new_user(identifier: str) -> Any:
    """A user called ``identifier`` who cannot log in and is nobody special."""
    model = get_user_model()
    if model._default_manager.filter(**{model.USERNAME_FIELD: identifier}).exists():
        raise ServiceAccountError(f"there is a user {identifier} already: name the user that is meant")
    user = model(**{model.USERNAME_FIELD: identifier})
    user.set_unusable_password()
    user.full_clean()
    user.save()
    return user


def _issue(issuer: TrustedIssuer, application: Any, token_uri: str | None = None) -> IssuedKey:
    """Add a new key to ``issuer`` and save it."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    jwk = _public_jwk(private)
    issuer.jwks = {"keys": [*issuer.jwks["keys"], jwk]}
    issuer.full_clean()
    issuer.save()
    # Java's library wants a client_id to be there; nobody sends it.
    client_id = application.client_id if application else issuer.issuer
    key_file = {
        "type": "service_account",
        "project_id": issuer.issuer.partition(f"@{_LABEL}.")[2],
        "private_key_id": jwk["kid"],
        "private_key": _private_pem(private),
        "client_email": issuer.issuer,
        "client_id": client_id,
        "token_uri": token_uri or issuer.audiences[0],
    }
    return IssuedKey(issuer, key_file)


def _public_jwk(private: RSAPrivateKey) -> dict[str, Any]:
    """The public half, with its thumbprint (RFC 7638) as key id.

    In hexadecimal: in base64url it may begin with a hyphen, which a shell's commands take for an option.
    """
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (jwk,) = normalise_jwks(pem.decode())["keys"]
    digest = base64.urlsafe_b64decode(f"{import_jwk(jwk).thumbprint}=")
    return {**jwk, "kid": digest.hex(), "use": "sig", "alg": "RS256"}


def _private_pem(private: RSAPrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
