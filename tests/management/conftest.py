"""Running a command in this process or in one of its own, and the trust that commands work on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests import factories

ROOT = Path(__file__).parent.parent.parent


class Result(NamedTuple):
    """What a command did: exit status and what it printed (an error's text counts as that)."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


class Pipe(io.StringIO):
    """An output; the first time that something is written to it, ``meanwhile`` happens."""

    def __init__(self, meanwhile: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def write(self, text: str) -> int:
        if self._meanwhile is not None:
            happens, self._meanwhile = self._meanwhile, None
            happens()
        return super().write(text)


@pytest.fixture
def run(monkeypatch) -> Run:
    """Run a command in this process."""

    def _run(*arguments: str, stdin: str = "", meanwhile: Callable[[], object] | None = None) -> Result:
        out, err = Pipe(meanwhile), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            call_command(*arguments, stdout=out, stderr=err, no_color=True)
        except CommandError as error:
            return Result(error.returncode, out.getvalue(), err.getvalue() + str(error))
        except SystemExit as stop:
            return Result(int(str(stop.code)), out.getvalue(), err.getvalue())
        return Result(0, out.getvalue(), err.getvalue())

    return _run


@pytest.fixture
def manage() -> Run:
    """Run a command in a process of its own, as ``manage.py`` would, on the test's database or another."""

    def _manage(*arguments: str, stdin: str = "", database: str | None = None) -> Result:
        name = database or str(connection.settings_dict["NAME"])
        environment = {**os.environ, "OJG_TEST_DB_NAME": name}
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments, "--settings", "tests.settings", "--no-color"],
            cwd=ROOT,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return _manage


@pytest.fixture
def issuer(db) -> TrustedIssuer:
    """An issuer with a key of its own entered, and no rule."""
    return TrustedIssuer.objects.create(
        name="Issuer",
        issuer=factories.ISSUER,
        key_source="inline",
        jwks=factories.jwks(factories.ec_key()),
    )


@pytest.fixture
def rule(issuer) -> GrantRule:
    """A rule that gives everybody a token of nobody with the scope ``read``."""
    return GrantRule.objects.create(
        issuer=issuer,
        name="anybody",
        client_policy="anonymous",
        subject_policy="no_user",
        scopes="read write",
        default_scopes="read",
    )


@pytest.fixture
def application(db):
    """A public application with the client id ``tool``."""
    model = get_application_model()
    return model.objects.create(
        client_id="tool",
        client_type=model.CLIENT_PUBLIC,
        authorization_grant_type=model.GRANT_CLIENT_CREDENTIALS,
    )


@pytest.fixture
def user(django_user_model):
    """A user without privileges."""
    return django_user_model.objects.create_user(username="alice@example.com")
