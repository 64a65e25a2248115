"""What all commands share: errors of one line for whatever an operator can cause, and output that arrives."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class

from oauth_jwt_grant.models import ClaimCondition, TrustedIssuer
from tests.factories import AUDIENCE, ISSUER
from tests.support import World


def run_here(*arguments: str) -> int:
    """Run a command in this process as ``manage.py`` does, and return its exit status."""
    try:
        load_command_class("oauth_jwt_grant", arguments[0]).run_from_argv(["manage.py", *arguments])
    except SystemExit as stop:
        return int(str(stop.code))
    return 0


def full_disk() -> Any:
    """A file on a disk without space."""
    return Path("/dev/full").open("w")


def no_reader() -> Any:
    """The end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    return open(writing, "w")


@pytest.fixture(autouse=True)
def _connections_stay(monkeypatch: Any) -> None:
    """As its last step, a command closes the connections of its process."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


@pytest.mark.parametrize(("command", "status"), [("trustissuer", 2), ("applytrust", 1), ("checkissuers", 3)])
def test_a_wrong_argument_moves_no_cursor(run: Any, capsys: Any, command: str, status: int) -> None:
    assert run_here(command, "a", "--no\x1b[31m") == status
    last = capsys.readouterr().err.splitlines()[-1]
    assert (last.isprintable(), "--no\\x1b[31m" in last) == (True, True)
    assert run(command, "a", "--no\x1b[31m").err.isprintable()


def test_choices_are_named_as_they_are_written(capsys: Any) -> None:
    assert run_here("explainassertion", "--accepted-as", "code") == 2
    assert "<Door" not in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not on this system: no /dev/full")
@pytest.mark.parametrize(
    ("command", "status"), [("exporttrust", 2), ("applytrust none.toml", 1), ("checkissuers --no-fetch", 3)]
)
@pytest.mark.parametrize("output", [full_disk, no_reader], ids=["disk", "pipe"])
def test_output_that_cannot_be_written(
    world: World, monkeypatch: Any, capsys: Any, tmp_path: Path, command: str, status: int, output: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.toml").write_text("issuers = []")
    # Buffered: it fails only at the end.
    monkeypatch.setattr(sys, "stdout", output())
    assert run_here(*command.split()) == status
    assert sys.stdout.closed
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("CommandError: could not finish: ")


def test_output_that_is_closed(world: World, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run_here("exporttrust") == 2
    assert capsys.readouterr().err.endswith("CommandError: standard output is closed\n")


@pytest.mark.parametrize("command", ["applytrust - --prune", "explainassertion -", "linksubjects -"])
def test_input_that_is_closed_is_empty(world: World, monkeypatch: Any, capsys: Any, command: str) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run_here(*command.split()) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err
    assert TrustedIssuer.objects.filter(pk=world.issuer.pk).exists()


def test_an_export_is_utf_8_on_any_terminal(world: World, monkeypatch: Any) -> None:
    world.change(world.issuer, name="Jürgen")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run_here("exporttrust") == 0
    assert 'name = "Jürgen"'.encode() in sys.stdout.buffer.getvalue()  # type: ignore[attr-defined]


def test_an_error_of_an_export_is_in_the_encoding_of_the_terminal(world: World, monkeypatch: Any) -> None:
    ClaimCondition.objects.create(rule=world.rule, claim="a", operator="equals", values=["1"])
    ClaimCondition.objects.update(values=[None])
    TrustedIssuer.objects.update(issuer="https://jürgen.example")
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run_here("exporttrust") == 1
    sys.stderr.flush()
    assert b"https://j\\xfcrgen.example" in sys.stderr.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_plan_as_json_is_json_on_any_terminal(world: World, monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "trust.toml").write_text(f'[[issuers]]\nissuer = "{ISSUER}"\nname = "Jürgen"\n', "utf-8")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run_here("applytrust", str(tmp_path / "trust.toml"), "--dry-run", "--json") == 2
    (change,) = json.loads(sys.stdout.buffer.getvalue())["changes"]  # type: ignore[attr-defined]
    assert change["fields"]["name"]["after"] == "Jürgen"


def test_a_database_that_is_down(manage: Any) -> None:
    done = manage("trustissuer", "--issuer", ISSUER, database="nowhere/database")
    assert (done.status, "CommandError: could not finish: OperationalError: " in done.err) == (2, True)
    assert "Traceback" not in done.err


def test_no_part_of_a_private_key_stays(run: Any, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="not on this system: no limits of processes")
    key = tmp_path / "key.json"
    mint = ["mintassertion", "--issuer", ISSUER, "--audience", AUDIENCE, "--generate", "--key"]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        done = run(*mint, str(key))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (done.status, done.err) == (1, f"--generate: cannot write {key}: File too large")
    assert not key.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [
        ["mintassertion", "--issuer", "a", "--audience", "b", "--generate", "--key", "-"],
        ["createserviceaccount", "robot", "--scopes", "read", "--output", "-"],
    ],
    ids=["mintassertion", "createserviceaccount"],
)
def test_a_private_key_goes_to_no_output(run: Any, monkeypatch: Any, tmp_path: Path, arguments: Any) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err.endswith(": a private key goes into a file, not to standard output")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("days", ["-1", "9" * 12, "9" * 5000, "many"], ids=["below", "above", "huge", "word"])
def test_days_that_no_date_has(run: Any, days: str) -> None:
    assert run("checkissuers", f"--warn-days={days}").err.endswith("not a whole number from 0 to 36500")
