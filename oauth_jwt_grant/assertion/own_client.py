"""A client's own JWT (RFC 7523 section 2.2) beside the JWT that is the grant."""

from __future__ import annotations

from .errors import AssertionRefused
from .tokens import UnverifiedJWT


def may_authenticate(client_assertion: str, grant: str, max_length: int) -> bool:
    """Whether ``client_assertion`` is a JWT that can be read, and another one than ``grant``.

    RFC 8725 section 3.12: one JWT is never both. It is the same by its issuer and ``jti``, or by header and
    claims, whatever its signature looks like. A grant that cannot be read is refused later, as a grant.
    """
    try:
        own = UnverifiedJWT.parse(client_assertion, max_length)
    except AssertionRefused:
        return False
    client = own.claims.get("sub")
    # What databases and caches are asked for: no surrogate, no control character.
    if not isinstance(client, str) or not client.isprintable():
        return False
    try:
        other = UnverifiedJWT.parse(grant, max_length)
    except AssertionRefused:
        return True
    return not _is_same(own, other)


def client_of(client_assertion: str, max_length: int) -> str | None:
    """The client that ``client_assertion`` says it is of (OIDC Core section 9), or ``None`` if it is of none.

    Nothing is verified: this may choose who checks the JWT, and no more.
    """
    try:
        claims = UnverifiedJWT.parse(client_assertion, max_length).claims
    except AssertionRefused:
        return None
    client = claims.get("sub")
    # RFC 6749 appendix A.1: of ASCII, as any database can compare it.
    written = isinstance(client, str) and client.isascii() and client.isprintable()
    return client if written and claims.get("iss") == client else None


def _is_same(one: UnverifiedJWT, other: UnverifiedJWT) -> bool:
    if (one.header, one.claims) == (other.header, other.claims):
        return True
    names = [(jwt.claims.get("iss"), jwt.claims.get("jti")) for jwt in (one, other)]
    return names[0] == names[1] and names[0][1] is not None
