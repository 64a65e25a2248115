"""Programs for the people who write clients: how to get an assertion and post it."""

from __future__ import annotations

from .pipelines import client_examples
from .programs import google_example, terms_of

__all__ = [
    "client_examples",
    "google_example",
    "terms_of",
]
