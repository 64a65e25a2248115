"""The pages of issuers, on which trust is given, looked after and taken away."""

from __future__ import annotations

from .admin import TrustedIssuerAdmin

__all__ = [
    "TrustedIssuerAdmin",
]
