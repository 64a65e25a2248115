"""For the API behind the token: what the JWT said that an access token was issued for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .claims import claims_of
from .views import claim_required

if TYPE_CHECKING:
    from .permissions import HasClaim

__all__ = ["HasClaim", "claim_required", "claims_of"]


def __getattr__(name: str) -> Any:
    """Return ``HasClaim``, loaded when it is asked for (PEP 562): it needs Django REST framework."""
    if name != "HasClaim":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .permissions import HasClaim

    return HasClaim
