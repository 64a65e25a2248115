"""What an account is called, and where its program asks for tokens."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.urls import NoReverseMatch, reverse

from ..assertion import _
from ..conf import issuer_identifier, server_audiences
from ..models import TrustedIssuer

#: The separator of the name of an account and that of the server.
LABEL = "service-accounts"

_NAME = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
#: The pattern of the identifier of every account, in syntax that each database understands.
PATTERN = rf"^{_NAME}@{LABEL}[.]"
_LOOPBACK = {("http", host) for host in ("localhost", "127.0.0.1", "::1")}


class ServiceAccountError(ValueError):
    """A service account cannot be created or changed like this; the message has the reason and no key.

    ``field`` is the argument that is at fault, if it is one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def is_service_account(issuer: TrustedIssuer) -> bool:
    """Whether ``issuer`` is an account whose keys are made here."""
    inline = issuer.key_source == TrustedIssuer.KeySource.INLINE
    return inline and re.match(PATTERN, issuer.issuer) is not None


def identifier_of(name: str, token_uri: str) -> str:
    """``iss`` of the account ``name``, under the server's own name: no foreign issuer has a claim to it."""
    if not re.fullmatch(_NAME, name):
        raise ServiceAccountError(
            _("a name is 1 to 63 of a-z, 0-9 and -, begins with a letter, ends with no -"), "name"
        )
    host = urlsplit(issuer_identifier() or "").hostname or urlsplit(token_uri).hostname
    return f"{name}@{LABEL}.{host}"


def default_token_uri() -> str:
    """Return the URL of the token endpoint, if the settings contain it."""
    try:
        path = reverse("oauth2_provider:token")
    except NoReverseMatch:
        path = "/o/token/"
    candidates = sorted(uri for uri in server_audiences() if urlsplit(uri).path == path)
    parts = urlsplit(candidates[0] if candidates else issuer_identifier() or "")
    if not parts.scheme or not parts.netloc:
        raise ServiceAccountError(
            _("the settings do not contain the URL of the token endpoint: name it"), "token_uri"
        )
    return f"{parts.scheme}://{parts.netloc}{path}"


def check_token_uri(uri: str) -> str:
    """``uri`` if a client may send assertions there: RFC 6749 section 3.2 requires TLS (not on loopback)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        parts = urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme, parts.hostname) in _LOOPBACK
    if parts.hostname and is_safe and uri.isprintable() and not re.search(r"[\s#]", uri):
        return uri
    raise ServiceAccountError(_("not an https URL of a token endpoint: {uri}", uri=uri), "token_uri")
