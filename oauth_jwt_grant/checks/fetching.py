"""Checks of how keys are fetched: through which proxy, and with which tokens. Nothing is fetched."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning

from ..conf import SETTINGS, conf
from ..keys import is_origin, parse_proxy, read_token
from .messages import CheckId


def check_proxy(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The proxy for fetches is one. Nothing of its URL is shown: it may hold credentials."""
    if not _is_of_its_type("FETCH_PROXY") or not conf.FETCH_PROXY:
        return []
    try:
        parse_proxy(conf.FETCH_PROXY)
    except ValueError as error:
        return [
            Error(
                f"The setting FETCH_PROXY of OAUTH_JWT_GRANT cannot be used: {error}. No keys are fetched.",
                hint='OAUTH_JWT_GRANT = {..., "FETCH_PROXY": "http://user:password@proxy.example:3128"}. '
                "Write special characters in user and password percent-encoded.",
                id=CheckId.FETCH_PROXY,
            )
        ]
    return []


def check_who_decides(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The operator knows that with a proxy, this app no longer sees the addresses that are asked."""
    if not _is_of_its_type("FETCH_PROXY") or not conf.FETCH_PROXY:
        return []
    return [
        Warning(
            "Keys are fetched through the proxy of FETCH_PROXY. It resolves the names in URLs, so it "
            "alone decides which addresses are asked; only addresses written in a URL are checked here.",
            hint="Let the proxy refuse private, loopback and link-local addresses and metadata services, and "
            f"silence {CheckId.PROXY_DECIDES} then.",
            id=CheckId.PROXY_DECIDES,
        )
    ]


def check_token_files(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Each token file is for an origin that a URL can have, and can be read now."""
    if not _is_of_its_type("FETCH_TOKEN_FILES"):
        return []
    found: list[CheckMessage] = []
    for origin, path in conf.FETCH_TOKEN_FILES.items():
        found += _check_origin(origin) or _check_file(origin, path)
    return found


def _is_of_its_type(name: str) -> bool:
    """Whether the setting ``name`` is of its type (otherwise reported by check_values)."""
    return SETTINGS[name].kind.accepts(getattr(conf, name))


def _check_origin(origin: str) -> list[CheckMessage]:
    if is_origin(origin):
        return []
    return [
        Error(
            f"FETCH_TOKEN_FILES of OAUTH_JWT_GRANT has the key {origin!r}, which is no https origin in its "
            "shortest form: no URL has it, so the token is never sent.",
            hint="Scheme, host in lower case, and a port unless it is 443, without a final slash: "
            'OAUTH_JWT_GRANT = {..., "FETCH_TOKEN_FILES": {"https://10.0.12.7:6443": "/path/of/token"}}',
            id=CheckId.TOKEN_ORIGIN,
        )
    ]


def _check_file(origin: str, path: str) -> list[CheckMessage]:
    try:
        read_token(path)
    except ValueError as error:
        return [
            Warning(
                f"The file {path!r} of FETCH_TOKEN_FILES for {origin} cannot be used: {error}. "
                "Nothing is fetched from there.",
                hint="A file that this process can read, with one line of at most 16384 bytes.",
                id=CheckId.TOKEN_FILE,
            )
        ]
    return []
