"""Programs for the people who write clients: how to get an assertion and post it."""

from __future__ import annotations
