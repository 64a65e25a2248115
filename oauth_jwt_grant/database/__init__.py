"""Statements that are compiled once, and the way between seconds and Django's datetimes."""

from __future__ import annotations
