"""For a site's own tests: an issuer in memory, without network and without waiting. Never for production."""

from __future__ import annotations

from .issuer import TestIssuer

__all__ = ["TestIssuer"]
