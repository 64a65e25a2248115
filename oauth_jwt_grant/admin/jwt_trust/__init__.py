"""From a JWT that an operator has pasted to the trust in its issuer, or to one rule more."""

from __future__ import annotations

from .page import trust_jwt

__all__ = [
    "trust_jwt",
]
