"""The keys of an issuer as the admin shows and fetches them."""

from __future__ import annotations
