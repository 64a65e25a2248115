"""Every vendor."""

from __future__ import annotations

from . import agents, ci, clouds, forges, platforms, providers

VENDORS = tuple(one for kind in (forges, ci, clouds, platforms, agents, providers) for one in kind.VENDORS)
