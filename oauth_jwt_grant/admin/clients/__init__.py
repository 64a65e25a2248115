"""For the people who write clients: what to send, and a command that does it."""

from __future__ import annotations

from .programs import for_clients, google_example

__all__ = [
    "for_clients",
    "google_example",
]
