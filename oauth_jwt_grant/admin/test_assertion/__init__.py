"""The page "Test an assertion": a dry run of the decision, for operators."""

from __future__ import annotations
