"""The check of clients that authenticate by a JWT of their own, which needs DOT's next release."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError

from oauth_jwt_grant.checks import own_clients
from oauth_jwt_grant.checks.own_clients import check_own_assertions

pytestmark = pytest.mark.django_db


def ids(databases: list[str] | None = ["default"]) -> set[str | None]:  # noqa: B006 - never changed
    return {message.id for message in check_own_assertions(databases=databases)}


def test_without_such_a_client_nothing_is_said() -> None:
    assert ids() == ids(None) == ids(["other"]) == set()


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_defaults_are_not_enough_for_one(
    monkeypatch: pytest.MonkeyPatch, settings: Any, backend: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    monkeypatch.setattr(own_clients, "some_client_signs", lambda *args: True)
    assert ids() == {"oauth_jwt_grant.W041", "oauth_jwt_grant.W042"}
    issuer = "https://as.example.com"
    monkeypatch.setattr(own_clients, "issuer_identifier", lambda: issuer)

    class Accepting:
        CLIENT_ASSERTION_ACCEPTED_AUDIENCES = (issuer,)
        APPLICATION_MODEL = own_clients.oauth2_settings.APPLICATION_MODEL

    monkeypatch.setattr(own_clients, "oauth2_settings", Accepting)
    assert ids() == {"oauth_jwt_grant.W042"}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "x"}}
    assert ids() == set()


def test_before_the_first_migration_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object) -> bool:
        raise DatabaseError

    monkeypatch.setattr(own_clients, "some_client_signs", missing)
    assert ids() == set()
    monkeypatch.setattr(own_clients.apps, "is_installed", lambda name: False)
    assert ids() == set()
