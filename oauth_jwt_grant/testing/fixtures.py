"""Fixtures for pytest, which a ``conftest.py`` imports. The only file that imports pytest."""

from __future__ import annotations

import pytest

from .issuer import TestIssuer


@pytest.fixture
def jwt_issuer() -> TestIssuer:
    """Return an issuer with a new key. It is trusted after ``trust()``, which needs the database."""
    return TestIssuer()
