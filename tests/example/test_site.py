"""The example site, run as its README says: by its own command, in processes of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

import oauth_jwt_grant

ROOT = Path(__file__).parent.parent.parent
MANAGE = ROOT / "example_project" / "manage.py"
#: Seconds; the demo takes about three.
PATIENCE = 120
SITE = r"server and API: (\S+)"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Nothing of the test site's settings, and proxies that lead nowhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "OJG_"))}
    nowhere = "http://127.0.0.1:9"
    return kept | {
        "PYTHONPATH": str(Path(oauth_jwt_grant.__file__).parent.parent),
        "PYTHONUNBUFFERED": "1",
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "ALL_PROXY": nowhere,
    }


@pytest.fixture(scope="module")
def kept(environment, tmp_path_factory) -> Path:
    """The folder of a demo that has kept its database and is over."""
    folder = tmp_path_factory.mktemp("kept") / "site"
    result = manage(environment, "demo", "--once", "--keep", str(folder), *own_port())
    assert (result.returncode, result.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def served(environment, kept) -> Iterator[str]:
    """What a demo has printed that goes on serving, with the database of an earlier one."""
    with demo(environment, "--keep", str(kept)) as (_, printed):
        yield printed


def own_port() -> tuple[str, str]:
    """A port that no other demo takes: two that begin at once would both find the usual one free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "--port", str(probe.getsockname()[1])


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MANAGE), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def demo(
    environment: dict[str, str], *arguments: str, until: str = "Stop with"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo after the line that begins with ``until``, and what it has printed so far."""
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "demo", *arguments, *own_port()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell ignores it in what it runs in the background, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith(until):
                break
        yield process, printed
    finally:
        process.kill()
        process.communicate()


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def test_demo_once_walks_through_the_grant_and_leaves_nothing_behind(environment, tmp_path, served):
    result = manage(environment | {"TMPDIR": str(tmp_path)}, "demo", "--once", *own_port())
    assert (result.returncode, result.stderr) == (0, "")
    assert re.findall(r"HTTP/1\.1 (\d+)", result.stdout) == ["200", "200", "400", "400", "400"]
    for shown in (
        "\n    Rule Jobs of acme/website: created.\n",
        '"repository": "acme/website"',
        '"user": "deploy-bot"',
        "used before",
        "could not be verified",
        "does not entitle",
        "bad_signature",
    ):
        assert shown in result.stdout
    assert list(tmp_path.iterdir()) == []
    # The other demo has kept its port.
    assert found(SITE, result.stdout) != found(SITE, served)


def test_no_whole_token_or_assertion_is_shown(served):
    assert re.findall(r"[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}", served) == []
    assert re.findall(r'(?:access_token": "|Bearer )\w{20,}', served) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="not on a machine without curl")
def test_printed_curl_gets_a_token_that_opens_the_api(environment, served):
    command = found(r"(?s)\n    (curl .+?)\n\n", served)
    answer = subprocess.run(
        ["/bin/sh", "-c", command],
        env=environment | {"NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    ).stdout
    token = found(r'"access_token": "(\w+)"', answer)
    api = get(f"{found(SITE, served)}/api/whoami/", headers={"Authorization": f"Bearer {token}"})
    assert api.json() == {
        "user": "deploy-bot",
        "client": "Deploy tool",
        "scope": "deployments:read",
        "claims": {"repository": "acme/website", "run_id": "4711"},
    }


def test_api_is_closed_without_a_token(served):
    assert get(f"{found(SITE, served)}/api/whoami/").status_code in (401, 403)


def test_admin_opens_with_the_printed_password(served):
    url, password = found(SITE, served), found(r"with the password (\S+)", served)
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"{url}/admin/", timeout=30)
        form = {
            "username": "admin",
            "password": password,
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        session.post(f"{url}/admin/login/", data=form, timeout=30)
        page = session.get(f"{url}/admin/", timeout=30)
        style = session.get(f"{url}/static/admin/css/base.css", timeout=30)
    assert "Log out" in page.text
    assert (page.status_code, style.status_code) == (200, 200)


def test_metadata_names_the_grant(served):
    url = found(SITE, served)
    metadata = get(f"{url}/.well-known/oauth-authorization-server").json()
    assert metadata["token_endpoint"] == f"{url}/o/token/"
    assert "urn:ietf:params:oauth:grant-type:jwt-bearer" in metadata["grant_types_supported"]


def test_ctrl_c_ends_it_well_and_leaves_nothing_behind(environment, tmp_path):
    with demo(environment | {"TMPDIR": str(tmp_path)}) as (process, printed):
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(requests.ConnectionError):
        get(found(SITE, printed))


def test_polite_kill_in_the_middle_of_the_walk_leaves_nothing_behind(environment, tmp_path):
    with demo(environment | {"TMPDIR": str(tmp_path)}, until="1. ") as (process, _):
        process.terminate()
        assert process.wait(PATIENCE) == 130
    assert list(tmp_path.iterdir()) == []


def test_port_that_is_taken_is_named(environment, served):
    url = found(SITE, served)
    result = manage(environment, "demo", "--once", "--port", url.rpartition(":")[2])
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{url} cannot be served" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--port", "65536"], "argument --port: invalid port value: '65536'"),
        (["--port", "-5"], "argument --port: invalid port value: '-5'"),
        (["--keep", str(MANAGE)], f"argument --keep: {MANAGE}: File exists"),
    ],
    ids=["above", "below", "file"],
)
def test_wrong_options_are_named(environment, arguments, error):
    result = manage(environment, "demo", "--once", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.endswith(f"error: {error}\n")


def test_kept_demo_runs_again(kept, served):
    assert re.findall(r"HTTP/1\.1 (\d+)", served) == ["200", "200", "400", "400", "400"]
    with closing(sqlite3.connect(kept / "example.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM oauth_jwt_grant_trustedissuer").fetchone() == (1,)


def test_site_passes_djangos_checks_and_its_models_are_migrated(environment, tmp_path):
    environment = environment | {"EXAMPLE_DATA": str(tmp_path)}
    checked = manage(environment, "check", "--fail-level", "INFO")
    assert checked.returncode == 0, checked.stderr
    migrated = manage(environment, "makemigrations", "--check", "--dry-run")
    assert migrated.returncode == 0, migrated.stdout


def test_site_holds_no_secret():
    text = "".join(path.read_text() for path in sorted(MANAGE.parent.rglob("*.py")))
    assert "PRIVATE KEY" not in text
    assert re.findall(r"(?i)(?:secret|password)\w* *= *[\"']\w", text) == []


def get(url: str, **options: object) -> requests.Response:
    """GET past the useless proxy."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=30, **options)
