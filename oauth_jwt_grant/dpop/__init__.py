"""DPoP (RFC 9449): what a proof must be, for which URLs, whether it is new; where a token keeps its key."""

from __future__ import annotations

from .binding import as_proven, binding_of, bound_resource, proven
from .proof import Proof
from .replay import HEADER, ProofUndecided, check_proof, is_first_use, undecided
from .targets import origins_are_known, own_urls, token_endpoint_urls

__all__ = [
    "HEADER",
    "Proof",
    "ProofUndecided",
    "as_proven",
    "binding_of",
    "bound_resource",
    "check_proof",
    "is_first_use",
    "origins_are_known",
    "own_urls",
    "proven",
    "token_endpoint_urls",
    "undecided",
]
