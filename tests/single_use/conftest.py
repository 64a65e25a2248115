from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.support import World, build_world


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """A site where a good request gets a token, committed, so that other processes see it."""
    yield build_world()
    if connection.vendor == "sqlite":
        # Children may have switched the file to WAL, which would stay so for the tests after this one.
        connection.cursor().execute("PRAGMA journal_mode=DELETE")
