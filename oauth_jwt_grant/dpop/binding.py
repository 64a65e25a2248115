"""Where an access token keeps the key that it is bound to: among its audiences.

django-oauth-toolkit knows only bearer tokens. But each of its validators, on this site or on
another that asks for introspection, refuses a token for a URL that is not below one of the
token's resources (RFC 8707). So a bound token has none but its key, by the thumbprint URI
of RFC 9278, and what its audiences are besides stands behind that. No URL is below that, so
nobody takes the token for a bearer's who does not know what this is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_KEY = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"


@dataclass(frozen=True, slots=True)
class Binding:
    """The thumbprint (RFC 7638, SHA-256) of the key, and the resources that the token is for besides."""

    thumbprint: str
    resources: tuple[str, ...]


def bound_resource(thumbprint: str, resources: Sequence[str]) -> list[str]:
    """The ``resource`` column of a token for ``resources`` that is bound to the key with this thumbprint."""
    key = f"{_KEY}{thumbprint}"
    return [f"{key}#{resource}" for resource in resources] or [key]


def binding_of(resource: Sequence[str]) -> Binding | None:
    """Return the key in the ``resource`` column of a token; ``None`` for a bearer token.

    A column that names two keys, or something besides a key, has no thumbprint that any key has.
    """
    bound = [entry.removeprefix(_KEY).partition("#") for entry in resource if entry.startswith(_KEY)]
    if not bound:
        return None
    thumbprints = {thumbprint for thumbprint, _, _ in bound}
    sound = len(thumbprints) == 1 and len(bound) == len(resource)
    return Binding(thumbprints.pop() if sound else "", tuple(entry for _, _, entry in bound if entry))
