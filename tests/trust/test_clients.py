"""The lookup of a client, which is only ever quicker than DOT's own and never finds another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.dot import HAS_ROLES
from oauth_jwt_grant.trust import find_application, signs_for_itself
from tests.support import World, assert_granted, make_application


def test_the_application_with_this_client_id(world: World, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert find_application("client") == world.application


@pytest.mark.parametrize("client_id", ["", "other", "client ", "x" * 5000])
def test_no_other(world: World, client_id: str) -> None:
    assert find_application(client_id) is None


@pytest.mark.parametrize("source", ["dcr", "cimd"])
def test_a_client_that_has_registered_itself_is_left_to_dot(world: World, source: str) -> None:
    make_application("itself", registration_source=source)

    assert find_application("itself") is None


def test_a_manager_of_the_sites_own_is_asked_each_time(world: World, monkeypatch: Any) -> None:
    """It may show each tenant another part of the applications."""

    class Tenants(models.Manager[Any]):
        def get_queryset(self) -> models.QuerySet[Any]:
            return super().get_queryset().none()

    model = get_application_model()
    assert_granted(world.post())
    tenants = Tenants()
    tenants.model = model
    monkeypatch.setattr(model, "objects", tenants)

    assert find_application("client") is None
    assert world.post().status_code == 401


@pytest.mark.standard("PKJ-03", "PKJ-11")
@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt", "client_secret_basic"])
def test_an_application_with_jwts_of_its_own(world: World, monkeypatch: Any, method: str) -> None:
    """Registered for them, which is possible from django-oauth-toolkit's next release on, and no issuer."""
    if HAS_ROLES:
        world.change(world.application, token_endpoint_auth_method=method)
    else:
        monkeypatch.setattr(get_application_model(), "token_endpoint_auth_method", method, raising=False)
    assert signs_for_itself("client") is method.endswith("_jwt")
    assert not signs_for_itself("CLIENT")
    assert not signs_for_itself("other")
    world.change(world.issuer, issuer="CLIENT", enabled=False)
    assert signs_for_itself("client") is method.endswith("_jwt")
    world.change(world.issuer, issuer="client")
    assert not signs_for_itself("client")


USERS = """
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

class User(AbstractBaseUser):
    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"
    {column}

    @property
    def is_staff(self):
        return True
"""
SITE = """
import django, sys
from django.conf import settings
sys.path.insert(0, {folder!r})
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "people", "oauth2_provider", "oauth_jwt_grant"
    ],
    AUTH_USER_MODEL="people.User",
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from oauth_jwt_grant.trust import applications_of_operators
print(str(applications_of_operators().query).partition(" WHERE ")[2])
"""


@pytest.mark.parametrize(
    ("column", "flags"),
    [("", []), ("is_superuser = models.BooleanField(default=False)", ["is_superuser"])],
    ids=["no flags", "one of them"],
)
def test_operators_of_a_user_model_without_flags_are_nobody(
    tmp_path: Path, column: str, flags: list[str]
) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "__init__.py").touch()
    (tmp_path / "people" / "models.py").write_text(USERS.format(column=column))
    script = SITE.format(folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "user_id" in done.stdout
    assert [flag for flag in ("is_staff", "is_superuser") if flag in done.stdout] == flags
