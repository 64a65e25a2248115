"""Every vendor."""

from __future__ import annotations

from . import ci, clouds, providers

VENDORS = (*ci.VENDORS, *clouds.VENDORS, *providers.VENDORS)
