"""The page "Test an assertion": a dry run of the decision, for operators."""

from __future__ import annotations

from .page import test_assertion, token_request, token_url

__all__ = [
    "test_assertion",
    "token_request",
    "token_url",
]
