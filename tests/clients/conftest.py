"""A site that clients reach over HTTPS, the things that the manual's programs name, and running them."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.management import call_command
from oauth2_provider.models import AbstractApplication

from tests.clients import server
from tests.clients.programs import LANGUAGES, NODE_MODULES, is_pinned, missing
from tests.clients.sent import SENT, sent
from tests.factories import rsa_key
from tests.jwks_server import certificate_authority
from tests.support import make_application, make_user

PAGE = (Path(__file__).parent.parent.parent / "docs" / "clients.md").read_text()
#: The whole run has a few small clients for Python, and curl; ``tox -e clients`` has them all.
collect_ignore = (
    []
    if os.environ.get("OJG_TEST_CLIENTS") == "1"
    else ["test_debian.py", "test_doors.py", "test_refused.py", "test_retries.py", "test_storage.py"]
)
PASSPHRASE = b"the passphrase of the key"


def section(title: str) -> str:
    """The text of the manual below the heading ``title``."""
    _, found, text = f"\n{PAGE}".partition(f"\n## {title}\n")
    assert found, f"no section {title}"
    return text.partition("\n## ")[0]


@dataclass
class Site:
    """A running site, and a folder with the files that programs name."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def here(self, text: str) -> str:
        """``text`` of the manual with this site in the place of the manual's."""
        text = text.replace("service-accounts.as.example.com", "service-accounts.localhost")
        text = text.replace("https://as.example.com", self.url)
        text = text.replace("https://sso.acme.example", f"{self.url}/sso")
        return text.replace("as.example.com", f"localhost:{self.port}")

    def set_up(self, title: str) -> None:
        """Run the ``manage.py`` commands of a section."""
        code = "\n".join(re.findall(r"^    .*$", section(title), re.M)).replace("\\\n", " ")
        for line in re.findall(r"manage\.py (.+)", self.here(code)):
            call_command(*shlex.split(line), stdout=io.StringIO(), stderr=io.StringIO())

    def program(self, title: str, language: str, number: int = 0) -> str:
        """A program of a section."""
        blocks = re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.M | re.S)
        return self.here(blocks[number])

    def run(self, *command: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program that trusts this site's CA by the variables that HTTP libraries document.

        ``typed`` is its standard input.
        """
        ca = str(self.folder / "ca.pem")
        trust = dict.fromkeys(
            ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), ca
        )
        return subprocess.run(
            command,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **trust, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def run_program(
        self, title: str, language: str, number: int = 0, *, typed: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of a section."""
        how = LANGUAGES[language]
        link = self.folder / "node_modules"
        if language == "js" and not link.exists():
            link.symlink_to(Path(NODE_MODULES).resolve(), target_is_directory=True)
        (self.folder / how.file).write_text(self.program(title, language, number))
        return self.run(*how.command, typed=typed, **how.environment, **environment)

    def answer(
        self, title: str, language: str, number: int = 0, typed: str = "", **environment: str
    ) -> dict[str, Any]:
        """What the API said to a program of a section: the last line that it prints."""
        done = self.run_program(title, language, number, typed=typed, **environment)
        assert done.returncode == 0, done.stderr + done.stdout
        if is_pinned(language):
            assert sent(self.last) == SENT[f"{title} {number}" if number else title]
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def python(self, title: str, number: int = 0) -> dict[str, Any]:
        """Run a Python program of a section; what the API said to it."""
        return self.answer(title, "python", number)

    def posted(self) -> dict[str, str]:
        """The parameters of the last token request."""
        return {name: values[0] for name, values in parse_qs(self.last.body.decode()).items()}

    @property
    def last(self) -> server.Posted:
        """The last token request."""
        return server.Recorder.posted[-1]

    def repeat(self) -> tuple[int, dict[str, Any]]:
        """Post the last token request again, byte by byte: status and answer."""
        headers = {"Content-Type": self.last.headers["Content-Type"]}
        if "Authorization" in self.last.headers:
            headers["Authorization"] = self.last.headers["Authorization"]
        request = urllib.request.Request(self.url + self.last.path, self.last.body, headers)  # noqa: S310 - it is https
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        try:
            with urllib.request.urlopen(request, context=context) as response:  # noqa: S310
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="session")
def _wsgi_port() -> Iterator[int]:
    with server.wsgi() as port:
        yield port


@pytest.fixture(scope="session")
def _asgi_port(tmp_path_factory) -> Iterator[int]:
    with server.asgi(tmp_path_factory.mktemp("tls")) as port:
        yield port


@pytest.fixture(params=["wsgi", "asgi"])
def site(request, transactional_db, settings, tmp_path, monkeypatch) -> Site:
    """The site, with a public application ``tool``, a confidential one, ``vault``, and the user ``bot``."""
    # The server, which all tests share, reads this once: when it starts.
    ours = ["tests.clients.server.Recorder", "tests.clients.outage.Outage"]
    settings.MIDDLEWARE = [*ours, *settings.MIDDLEWARE]
    settings.ROOT_URLCONF = "tests.clients.urls"
    port = request.getfixturevalue(f"_{request.param}_port")
    there = Site(port, tmp_path)
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [there.url, f"{there.url}/o/token/"]}
    monkeypatch.chdir(tmp_path)
    server.Recorder.posted.clear()
    write_files(tmp_path)
    make_application("tool", client_type=AbstractApplication.CLIENT_PUBLIC)
    make_application("vault", secret="the-secret-of-vault")
    make_user("bot")
    make_user("alice")
    return there


def write_files(folder: Path) -> None:
    """The key pair of the manual, and the authority of the site's certificate."""
    key = rsa_key("client")
    encryption = serialization.BestAvailableEncryption(PASSPHRASE)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_text(key.private_pem())
    (folder / "encrypted.pem").write_bytes(key.private.private_bytes(pem, pkcs8, encryption))
    (folder / "public.pem").write_text(key.pem())
    (folder / "ca.pem").write_bytes(certificate_authority().cert_pem.bytes())


@pytest.fixture
def oidc(settings) -> None:
    """OpenID Connect is on, so the metadata has ``jwks_uri``."""
    changes = {
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": rsa_key("client").private_pem(),
        "SCOPES": settings.OAUTH2_PROVIDER["SCOPES"] | {"openid": "OpenID Connect"},
    }
    provider = settings.OAUTH2_PROVIDER | changes
    # django-oauth-toolkit asks OIDC_SERVER_CLASS only where this is not written.
    provider.pop("OAUTH2_SERVER_CLASS", None)
    settings.OAUTH2_PROVIDER = provider


@pytest.fixture
def needs() -> Callable[..., None]:
    """Skip unless all that is named is there, as :func:`~tests.clients.programs.missing` takes it.

    With ``OJG_TEST_CLIENTS=1``, as ``tox -e clients`` sets it, a missing Python module fails: it comes with
    the dependency group. With ``OJG_TEST_NO_SKIP=1`` besides, as in ``.ci/run``, all else too.
    """

    def _needs(*things: str | Path) -> None:
        absent = missing(*things)
        if not absent:
            return
        modules = [name for name in absent if name[0].isalpha() and ":" not in name]
        everything = os.environ.get("OJG_TEST_NO_SKIP") == "1"
        if os.environ.get("OJG_TEST_CLIENTS") == "1" and (modules or everything):
            pytest.fail(f"not installed: {', '.join(absent)}")
        pytest.skip(f"not on this cell: {', '.join(absent)} is not installed")

    return _needs
