from __future__ import annotations

import pytest

from .support import World, build_world


@pytest.fixture
def world(db: None) -> World:
    """A site where a good request gets a token."""
    return build_world()
