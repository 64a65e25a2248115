"""Bearer tokens for keys that are not public: a file of the operator for each origin, read at each fetch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..assertion.texts import _

_MAX_BYTES = 16384
# RFC 6750 section 2.1, without its rule on where "=" may be.
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/=-]+")


def origin_of(url: str) -> str:
    """The origin of an https ``url`` (RFC 6454), as it is written in the setting."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}" if parts.port in (None, 443) else f"https://{shown}:{parts.port}"


def is_origin(text: str) -> bool:
    """Whether ``text`` is an https origin as :func:`origin_of` writes it: without it, no URL has it."""
    try:
        return len(text) > len("https://") and origin_of(text) == text
    except ValueError:
        return False


def bearer_for(url: str, files: Mapping[str, str]) -> str:
    """The ``Authorization`` for ``url`` by the file of exactly its origin; empty if there is none.

    Raises :class:`ValueError` as :func:`read_token` does.
    """
    path = files.get(origin_of(url))
    return "" if path is None else f"Bearer {read_token(path)}"


def read_token(path: str) -> str:
    """The one line in the file at ``path``.

    Raises :class:`ValueError` with the reason, which names neither the path nor anything of the content.
    """
    try:
        if not Path(path).is_file():  # a pipe would be waited for
            raise ValueError(_("there is no such file"))
        with Path(path).open("rb") as file:
            secret = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(_("it cannot be read: {why}", why=error.strerror)) from error
    if len(secret) > _MAX_BYTES:
        raise ValueError(_("it is larger than {most} bytes", most=_MAX_BYTES))
    secret = secret.removesuffix(b"\n").removesuffix(b"\r")
    if not _TOKEN.fullmatch(secret):
        raise ValueError(_("it does not hold one line with a token"))
    return secret.decode("ascii")
