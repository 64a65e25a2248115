"""The way of a token from where it is saved to the view; oauthlib, in between, hands on its text alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_collected: ContextVar[list[Any] | None] = ContextVar("oauth_jwt_grant_issued", default=None)


@contextmanager
def issued_tokens() -> Iterator[list[Any]]:
    """A list of the access tokens that this grant saves inside the ``with`` block."""
    tokens: list[Any] = []
    begun = _collected.set(tokens)
    try:
        yield tokens
    finally:
        _collected.reset(begun)


def note_issued(access_token: Any) -> None:
    """Put a token, which has been saved, on the list of whoever asked for it."""
    tokens = _collected.get()
    if tokens is not None:
        tokens.append(access_token)
