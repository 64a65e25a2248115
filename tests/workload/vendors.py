"""Every vendor."""

from __future__ import annotations

from . import ci, clouds, forges, providers

VENDORS = (*forges.VENDORS, *ci.VENDORS, *clouds.VENDORS, *providers.VENDORS)
