"""The worked example of ``docs/trust-file.md``: its file, and the steps of its pipeline, run as written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from django.db import connection

from oauth_jwt_grant.models import ClaimCondition, TrustedIssuer
from tests.support import make_application, make_user

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "trust-file.md").read_text()
(TOML,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.M | re.S)
# The site of the tests has other scopes than the example.
TOML = TOML.replace("deployments:", "")
STEPS = {
    name: textwrap.dedent(text)
    for name, text in re.findall(r"- name: (\w+)\n +run: \|\n((?: {10}.*\n)+)", PAGE)
}


@pytest.fixture
def pipeline(tmp_path):
    """Run a step of the pipeline in a repository with the file, ``text`` in its place if one is given."""
    (tmp_path / "trust").mkdir()
    (tmp_path / "deploy").mkdir()
    manage = tmp_path / "deploy" / "manage"
    command = shlex.join([sys.executable, "-m", "django"])
    manage.write_text(
        f'#!/bin/sh\ncd {shlex.quote(str(ROOT))}\nexec {command} "$@" --settings tests.settings --no-color\n'
    )
    manage.chmod(0o755)
    variables = {
        "OJG_TEST_DB_NAME": str(connection.settings_dict["NAME"]),
        "TRUST_REPOSITORY_ID": "770123456",
    }

    def _step(name: str, text: str = TOML) -> subprocess.CompletedProcess[str]:
        (tmp_path / "trust" / "trust.toml").write_text(text)
        # As GitHub runs a step: it ends with the first command that fails.
        return subprocess.run(
            ["/bin/bash", "-e", "-c", STEPS[name]],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return _step


@pytest.mark.django_db(transaction=True)
def test_a_pull_request_plans_and_a_merge_applies(pipeline):
    make_application("deploy-tool")
    make_user("deploy-bot")
    planned = pipeline("Plan")
    assert planned.returncode == 0, planned.stderr
    assert "+ rule deploy of https://token.actions.githubusercontent.com" in planned.stdout
    assert not TrustedIssuer.objects.exists()
    applied = pipeline("Apply")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.endswith("0 to add, 0 to change, 0 to remove.\n")
    assert ClaimCondition.objects.get().values == ["770123456"]
    refused = pipeline("Plan", TOML.replace("scopes =", "scope ="))
    assert refused.returncode == 1
    assert "scope: there is no such key" in refused.stderr
