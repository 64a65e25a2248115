"""Where an access token keeps the key that it is bound to: among its audiences.

django-oauth-toolkit knows only bearer tokens. But each of its validators, on this site or on
another that asks for introspection, refuses a token for a URL that is not below one of the
token's resources (RFC 8707). So a bound token has none but its key, by the thumbprint URI
of RFC 9278, and what its audiences are besides stands behind that. No URL is below that, so
nobody takes the token for a bearer's who does not know what this is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_KEY = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
# The key of the proof that came with the access token that is looked up. DOT's lookup takes the text of the
# token alone, so there is no argument that could carry it.
_proven: ContextVar[str | None] = ContextVar("oauth_jwt_grant_proven", default=None)


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


@contextmanager
def proven(thumbprint: str) -> Iterator[None]:
    """Look up access tokens as those that came with a proof of the key with this thumbprint."""
    before = _proven.set(thumbprint)
    try:
        yield
    finally:
        _proven.reset(before)


def as_proven(access_token: Any) -> Any:
    """Return ``access_token`` with its resources besides the key, or ``None`` if it may not be used.

    A bound token may be used with a proof of its key alone, a bearer token without any proof alone.
    """
    binding = binding_of(access_token.resource) if access_token is not None else None
    key = _proven.get()
    if binding is None:
        return access_token if key is None else None
    if binding.thumbprint != key:
        return None
    access_token.resource = list(binding.resources)
    return access_token
