"""Which strings in ``aud`` name this authorization server (RFC 7523 section 3, item 3).

What the operator wrote counts. Where nothing is written, the identifiers are
derived, but never from a ``Host`` header that a caller can choose.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.urls import NoReverseMatch, reverse

from ..dot import oauth2_settings
from .settings import conf


def server_audiences(request: HttpRequest | None = None) -> frozenset[str]:
    """The identifiers of this server; empty where none can be trusted, so that nothing is accepted.

    The setting ``AUDIENCES``, or else the issuer identifier of DOT's metadata and the
    URL of the token endpoint: under ``OIDC_ISS_ENDPOINT`` if that is set, or under the
    host of ``request`` if ``ALLOWED_HOSTS`` names exact hosts only, and its port is the
    one that was connected to.
    """
    if conf.AUDIENCES:
        return frozenset(conf.AUDIENCES)
    token_path = _token_path(request)
    issuer = oauth2_settings.OIDC_ISS_ENDPOINT
    if issuer:
        parts = urlsplit(issuer)
        return frozenset({issuer, f"{parts.scheme}://{parts.netloc}{token_path}"})
    if request is None or not hosts_are_exact():
        return frozenset()
    try:
        if not is_at_port(request.get_host(), request.get_port()):
            return frozenset()
        issuer = oauth2_settings.oauth2_authorization_server_issuer(request)
        return frozenset({issuer, request.build_absolute_uri(token_path), *_published_issuer(request)})
    except DisallowedHost:
        return frozenset()


def issuer_identifier() -> str | None:
    """Return the issuer identifier of this server (RFC 8414 section 2), if a setting has it.

    ``OIDC_ISS_ENDPOINT``, or else the first of ``AUDIENCES`` that is not the URL of the token endpoint.
    """
    if oauth2_settings.OIDC_ISS_ENDPOINT:
        return str(oauth2_settings.OIDC_ISS_ENDPOINT)
    ordered = isinstance(conf.AUDIENCES, list | tuple)
    token_path = _token_path(None)
    names = conf.AUDIENCES if ordered else sorted(conf.AUDIENCES)
    return next((name for name in names if not name.endswith(token_path)), None)


def is_own_identifier(name: str) -> bool:
    """Whether a setting has ``name`` as an identifier of this server, as it has its issuer identifier."""
    return name == oauth2_settings.OIDC_ISS_ENDPOINT or name in conf.AUDIENCES


def issuer_identifiers(audiences: Iterable[str]) -> frozenset[str]:
    """The audiences of an ID-JAG for this server: only the issuer identifier (ID-JAG section 4.4.1).

    Where no setting has it, those of the derived ``audiences`` that are not the token endpoint.
    """
    identifier = issuer_identifier()
    if identifier is not None or conf.AUDIENCES:
        return frozenset() if identifier is None else frozenset({identifier})
    token_path = _token_path(None)
    return frozenset(name for name in audiences if not name.endswith(token_path))


def hosts_are_exact() -> bool:
    """Whether ``ALLOWED_HOSTS`` lets through no host that a caller could make up."""
    hosts = settings.ALLOWED_HOSTS
    return bool(hosts) and not any(host.startswith((".", "*")) for host in hosts)


def is_at_port(host: str, port: str) -> bool:
    """Whether ``host``, of a ``Host`` header, names no port but ``port``, the one of this server.

    ``ALLOWED_HOSTS`` contains no ports, and another port may be another server.
    Behind a proxy, ``USE_X_FORWARDED_PORT`` makes it known.
    """
    return split_domain_port(host)[1] in ("", port)


def _published_issuer(request: HttpRequest) -> list[str]:
    """The issuer in our own metadata, which differs from DOT's where DOT's URLs have a prefix."""
    try:
        place = request.build_absolute_uri(reverse("oauth_jwt_grant:oauth-server-metadata"))
    except NoReverseMatch:
        return []
    return [place.partition("/.well-known/")[0]]


def _token_path(request: HttpRequest | None) -> str:
    """Path of the token endpoint: where the request was posted to, or where DOT's URLs are mounted."""
    if request is not None:
        return request.path
    try:
        return reverse("oauth2_provider:token")
    except NoReverseMatch:
        return "/o/token/"
