"""The settings of the site, and the names of this server in them."""

from __future__ import annotations

from .audiences import (
    hosts_are_exact,
    is_at_port,
    is_own_identifier,
    issuer_identifier,
    issuer_identifiers,
    server_audiences,
)
from .settings import DEFAULTS, DOTTED_PATH, SETTINGS, STRING, STRINGS, conf

__all__ = [
    "DEFAULTS",
    "DOTTED_PATH",
    "SETTINGS",
    "STRING",
    "STRINGS",
    "conf",
    "hosts_are_exact",
    "is_at_port",
    "is_own_identifier",
    "issuer_identifier",
    "issuer_identifiers",
    "server_audiences",
]
