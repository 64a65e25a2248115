"""Every vendor."""

from __future__ import annotations

from . import ci, clouds, forges, platforms, providers

VENDORS = (*forges.VENDORS, *ci.VENDORS, *clouds.VENDORS, *platforms.VENDORS, *providers.VENDORS)
