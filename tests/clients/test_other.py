"""curl, and client libraries for Node.js, by the programs of the manual.

The Node.js packages of ``package.json`` are looked for in the folder that ``OJG_TEST_NODE_MODULES`` names.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from .test_python import USUAL, assert_used_up

MODULES = os.environ.get("OJG_TEST_NODE_MODULES", "")
IDENTIFIER = "nightly@service-accounts.localhost"

needs_node = pytest.mark.skipif(
    not MODULES or shutil.which("node") is None,
    reason="not on this cell: OJG_TEST_NODE_MODULES names no folder of Node.js packages",
)


def node(site, title: str) -> tuple[str, ...]:
    """The command that runs the program of a section."""
    link = site.folder / "node_modules"
    link.symlink_to(Path(MODULES).resolve(), target_is_directory=True)
    (site.folder / "program.mjs").write_text(site.program(title, "js"))
    return ("node", "program.mjs")


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="not on this cell: no curl or openssl"
)
def test_curl_and_openssl(site):
    site.set_up(USUAL)
    script = site.program("curl and openssl", "sh")
    answer = site.answer("bash", "-euo", "pipefail", "-c", script)
    assert answer == {"user": "bot", "client_id": "tool", "scope": "read"}
    assert_used_up(site)


@needs_node
@pytest.mark.parametrize("library", ["google-auth-library", "gtoken"])
def test_service_account(site, library):
    title = f"{library} (Node.js)"
    site.set_up(title)
    assert site.answer(*node(site, title)) == {"user": IDENTIFIER, "client_id": None, "scope": "read"}
    assert site.repeat()[0] == 200


@needs_node
@pytest.mark.parametrize(("library", "client_id"), [("openid-client", "tool"), ("oauth4webapi", "vault")])
def test_with_the_usual_issuer(site, library, client_id):
    site.set_up(USUAL)
    answer = site.answer(*node(site, f"{library} (Node.js)"))
    assert answer == {"user": "bot", "client_id": client_id, "scope": "read"}
    assert_used_up(site)


@needs_node
@pytest.mark.parametrize("site", ["asgi"], indirect=True)
def test_a_chunked_body_under_asgi(site):
    site.set_up("jsforce (Node.js)")
    answer = site.answer(*node(site, "jsforce (Node.js)"))
    assert answer == {"user": "bot", "client_id": None, "scope": "read"}
    assert_used_up(site)


@needs_node
@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
def test_a_chunked_body_is_empty_under_wsgi(site):
    site.set_up("jsforce (Node.js)")
    done = site.run(*node(site, "jsforce (Node.js)"))
    assert done.returncode != 0
    assert "unsupported_grant_type" in done.stderr + done.stdout
