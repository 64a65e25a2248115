"""The settings of the site, and what they say about the names of this server."""

from __future__ import annotations
