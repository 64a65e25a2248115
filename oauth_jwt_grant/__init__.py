"""The JWT authorization grant (RFC 7523 section 2.1) for django-oauth-toolkit."""

from __future__ import annotations

__version__ = "0.1.0"
