"""What a request with a DPoP proof may call its target (``htu``, RFC 9449 section 4.2)."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from ..conf import conf, hosts_are_exact, is_at_port, server_audiences
from ..dot import oauth2_settings


def token_endpoint_urls(request: HttpRequest) -> frozenset[str]:
    """What ``htu`` may call the token endpoint, to which ``request`` was made (RFC 9449 section 4.2).

    The audiences that end in its path, and the URL of the request if that is ours.
    """
    named = {name for name in server_audiences(request) if name.endswith(request.path)}
    with suppress(DisallowedHost):
        named |= own_urls(request.build_absolute_uri(request.path), request.get_port())
    return frozenset(named)


def own_urls(url: str, port: str) -> frozenset[str]:
    """``url``, which a request has named by its ``Host`` header, if that is a host of ours; or else nothing.

    It is one if the settings name its scheme and host, or if ``ALLOWED_HOSTS`` names exact hosts only and
    its port is ``port``, the one that was connected to.
    """
    exact = hosts_are_exact() and is_at_port(urlsplit(url).netloc, port)
    return frozenset({url} if exact or _origin(url) in _named_origins() else ())


def origins_are_known() -> bool:
    """Whether :func:`own_urls` can find anything at all."""
    return hosts_are_exact() or bool(_named_origins())


def _named_origins() -> set[str]:
    """Scheme and host of each URL by which the settings name this server."""
    names = (*conf.AUDIENCES, oauth2_settings.OIDC_ISS_ENDPOINT or "")
    return {_origin(name) for name in names if name.startswith(("https://", "http://"))}


def _origin(url: str) -> str:
    """Scheme and host of ``url``, with the port that is written."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
