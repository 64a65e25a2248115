"""The settings: defaults, reading through, nothing cached."""

from __future__ import annotations

from typing import Any

import pytest

from oauth_jwt_grant.assertion import ALGORITHMS
from oauth_jwt_grant.conf import DEFAULTS, conf
from oauth_jwt_grant.conf.settings import Settings


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_key_has_a_default_and_is_read_through(settings: Any, name: str) -> None:
    ours = Settings()
    settings.OAUTH_JWT_GRANT = {}
    assert getattr(ours, name) == DEFAULTS[name]
    del settings.OAUTH_JWT_GRANT
    assert getattr(ours, name) == DEFAULTS[name]

    settings.OAUTH_JWT_GRANT = {name: "changed"}
    assert getattr(ours, name) == "changed"
    settings.OAUTH_JWT_GRANT = {name: None}
    assert getattr(ours, name) is None


def test_the_names_are_written_as_in_the_dict() -> None:
    assert all(name.isupper() for name in DEFAULTS)


def test_the_defaults_are_safe() -> None:
    assert DEFAULTS["AUDIENCES"] == []
    assert set(DEFAULTS["ALGORITHMS"]) == ALGORITHMS.keys()
    assert not any(name.startswith("HS") or name.lower() == "none" for name in ALGORITHMS)
    assert conf.LEEWAY <= 60
    assert conf.MAX_LIFETIME <= 3600
