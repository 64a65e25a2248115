from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.clients import server
from tests.jwks_server import JwksServer, certificate_authority
from tests.support import make_application

from .every import VENDORS
from .site import Site, lead_to, serve

#: Where the vendors publish, and where a job of GitHub's asks for its token.
HOSTS = {host for vendor in VENDORS for host in vendor.hosts} | {"pipelines.actions.githubusercontent.com"}


@pytest.fixture(scope="session")
def _token_endpoint() -> Iterator[int]:
    with server.wsgi() as port:
        yield port


@pytest.fixture(scope="session")
def _vendors() -> Iterator[JwksServer]:
    with serve(HOSTS) as running:
        yield running


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory) -> Path:
    """The authority of every certificate here."""
    path: Path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(certificate_authority().cert_pem.bytes())
    return path


@pytest.fixture
def site(transactional_db, settings, monkeypatch, ca_file, _token_endpoint, _vendors) -> Iterator[Site]:
    """The site, with a public application, and vendors that publish nothing yet."""
    settings.OAUTH_JWT_GRANT = {
        **settings.OAUTH_JWT_GRANT,
        "ACCEPTED_AS": ["authorization_grant", "client_assertion"],
    }
    _vendors.answers.clear()
    _vendors.requests.clear()
    lead_to(_vendors, HOSTS, monkeypatch)
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(ca_file)
        application = make_application("deploy-tool", client_type="public", secret="")
        yield Site(_token_endpoint, _vendors, session, application)
