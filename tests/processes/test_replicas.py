"""A read replica that lags behind: whatever decides is read where it is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from oauth2_provider.models import get_application_model

from tests.single_use.revoking import WAYS

from .test_processes import WITHDRAWALS

ROOT = Path(__file__).parents[2]


def results_of(module: str, folder: Path) -> Any:
    """What a child prints that has two SQLite files, one of which lags behind."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.processes.{module}"],
        env={**os.environ, "OJG_TEST_FOLDER": str(folder), "OJG_TEST_CACHE": "locmem"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_token_is_hidden_from_revocation_by_a_replica(tmp_path: Path) -> None:
    """Neither one that knows nothing of the tokens, nor one that says that all is disabled already."""
    ways = {*WAYS, "withdraw_key", "withdraw_last_key"}
    results = results_of("replica_revocation", tmp_path)
    assert results == {f"{way}, {state}": 0 for way in ways for state in ("before", "disabled")}


def test_no_decision_rests_on_a_replica(tmp_path: Path) -> None:
    """One scene after the other in a process with two SQLite files; see :mod:`.replica`."""
    results = results_of("replica", tmp_path)
    read = {name: tables for name, (_, tables) in results.items() if tables}
    answers = {name: answer for name, (answer, _) in results.items()}

    assert answers == {
        "granted": "granted",
        "given": "granted",
        "replayed": "invalid_grant",
        "key withdrawn, cache flushed": "invalid_grant",
        **{f"withdrawn: {name}": "invalid_grant" for name in WITHDRAWALS},
        "withdrawn: listed application": "unauthorized_client",
        "withdrawn: application": "unauthorized_client",
    }
    # django-oauth-toolkit's own question after a client that is not (or no more) among those registered here.
    assert read == {"withdrawn: application": [get_application_model()._meta.db_table]}
