"""DPoP (RFC 9449): what a proof must be, for which URLs, whether it is new; where a token keeps its key."""

from __future__ import annotations
