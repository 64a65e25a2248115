"""The pages of service accounts."""

from __future__ import annotations
