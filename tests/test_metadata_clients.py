"""The metadata as strict clients read it: over HTTPS, where RFC 8414 puts it, and no more than it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory, override_settings
from django.urls import clear_script_prefix

from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.views import ID_JAG_PROFILE
from tests.checks.test_checks import OURS
from tests.clients import server
from tests.clients.programs import is_installed
from tests.factories import ec_key, mint, rsa_key
from tests.jwks_server import certificate_authority
from tests.support import SECRET, build_world, make_rule


@pytest.fixture(scope="module")
def _port() -> Iterator[int]:
    with server.wsgi() as port:
        yield port


@pytest.fixture(scope="module")
def session(tmp_path_factory: Any) -> Iterator[requests.Session]:
    """An HTTP client that trusts the site's certificate."""
    ca: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.write_bytes(certificate_authority().cert_pem.bytes())
    with requests.Session() as found:
        # Neither another authority nor a proxy of the environment.
        found.verify, found.trust_env = str(ca), False
        yield found


@pytest.fixture
def site(transactional_db: None, settings: Any, _port: int) -> str:
    """The URL of a running site that takes ID-JAGs of one issuer for one confidential client."""
    settings.ROOT_URLCONF = OURS
    url = f"https://localhost:{_port}"
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": [url, f"{url}/o/token/"]}
    world = build_world()
    world.change(world.issuer, profile="id-jag")
    make_rule(world.issuer, world.application)
    return url


def read(session: requests.Session, issuer: str) -> dict[str, Any]:
    """The document of ``issuer``: it is where RFC 8414 section 3.1 says, and any page may read it."""
    response = session.get(get_well_known_url(issuer, external=True), allow_redirects=False)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert int(response.headers["Content-Length"]) == len(response.content)
    document: dict[str, Any] = response.json()
    return document


def authlib(document: dict[str, Any], issuer: str) -> tuple[str, list[str]]:
    AuthorizationServerMetadata(document).validate()
    assert document["issuer"] == issuer
    return document["token_endpoint"], document["grant_types_supported"]


def mcp(document: dict[str, Any], issuer: str) -> tuple[str, list[str]]:
    if not is_installed("mcp"):
        pytest.skip("not on this cell: mcp is not installed")
    from mcp.client.auth.extensions.identity_assertion import _origin
    from mcp.client.auth.utils import (
        build_oauth_authorization_server_metadata_discovery_urls,
        validate_metadata_issuer,
    )
    from mcp.shared.auth import OAuthMetadata

    asked = build_oauth_authorization_server_metadata_discovery_urls(issuer, issuer)
    assert get_well_known_url(issuer, external=True) == asked[0]
    metadata = OAuthMetadata.model_validate(document)
    validate_metadata_issuer(metadata, issuer)
    assert _origin(str(metadata.token_endpoint)) == _origin(issuer)
    assert metadata.authorization_grant_profiles_supported == [ID_JAG_PROFILE]
    return str(metadata.token_endpoint), metadata.grant_types_supported


def requests_oauth2client(document: dict[str, Any], issuer: str) -> tuple[str, list[str]]:
    if not is_installed("requests_oauth2client"):
        pytest.skip("not on this cell: requests_oauth2client is not installed")
    from requests_oauth2client import OAuth2Client

    client = OAuth2Client.from_discovery_document(document, issuer=issuer, client_id="client")
    return client.token_endpoint, document["grant_types_supported"]


CLIENTS = [authlib, mcp, requests_oauth2client]


@pytest.mark.standard("MET-01", "MET-02", "MET-03", "MET-09")
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("path", ["", "/o", "/tenant/one"])
def test_an_issuer_is_found_and_is_who_was_asked(
    site: str, session: requests.Session, client: Any, path: str
) -> None:
    issuer = f"{site}{path}"

    token_endpoint, grants = client(read(session, issuer), issuer)
    assert token_endpoint == f"{site}/o/token/"
    assert GRANT_TYPE in grants


@pytest.mark.standard("MET-01", "MET-02")
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("path", ["", "/o", "/tenant"])
def test_the_issuer_that_is_set(
    site: str, session: requests.Session, settings: Any, client: Any, path: str
) -> None:
    issuer = f"{site}{path}"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": issuer}

    assert client(read(session, issuer), issuer)[0] == f"{site}/o/token/"
    # A client that asks for another issuer is not told that it is the one.
    assert read(session, f"{site}/another")["issuer"] == issuer


@pytest.mark.parametrize("client", CLIENTS)
def test_with_openid_connect_there_is_a_place_for_keys(
    site: str, session: requests.Session, settings: Any, client: Any
) -> None:
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": rsa_key().private_pem(),
        "OAUTH2_SERVER_CLASS": "oauth_jwt_grant.servers.JWTBearerOIDCServer",
    }
    document = read(session, site)

    client(document, site)
    keys = session.get(document["jwks_uri"]).json()["keys"]
    assert urlsplit(document["jwks_uri"]).netloc == urlsplit(site).netloc
    assert [key["use"] for key in keys] == ["sig"]


def test_without_a_key_there_is_no_place_for_keys(
    site: str, session: requests.Session, settings: Any
) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_RSA_PRIVATE_KEY": ""}

    assert "jwks_uri" not in read(session, site)


@pytest.mark.standard("MET-02", "JAG-03")
def test_what_was_read_leads_to_a_token(site: str, session: requests.Session) -> None:
    document = read(session, site)
    header, claims = {"typ": "oauth-id-jag+jwt"}, {"aud": document["issuer"], "client_id": "client"}

    response = session.post(
        document["token_endpoint"],
        data={"grant_type": GRANT_TYPE, "assertion": mint(ec_key(), header=header, **claims)},
        auth=("client", SECRET),
        allow_redirects=False,
    )
    assert response.status_code == 200, response.text
    assert "client_secret_basic" in document["token_endpoint_auth_methods_supported"]
    assert "none" not in document["token_endpoint_auth_methods_supported"]


@pytest.mark.standard("MET-02")
def test_a_client_that_starts_with_the_issuer_alone(site: str, session: requests.Session) -> None:
    if not is_installed("requests_oauth2client"):
        pytest.skip("not on this cell: requests_oauth2client is not installed")
    from requests_oauth2client import InvalidRequest, OAuth2Client

    client = OAuth2Client.from_discovery_endpoint(
        get_well_known_url(site, external=True),
        issuer=site,
        client_id="client",
        client_secret=SECRET,
        session=session,
    )
    header = {"typ": "oauth-id-jag+jwt"}
    assertion = mint(ec_key(), header=header, aud=client.issuer, client_id="client", scope="read")
    # A client that wants its token bound learns that it cannot have it, and has lost nothing.
    with pytest.raises(InvalidRequest, match="DPoP is not supported"):
        client.jwt_bearer(assertion, dpop=True)
    assert client.jwt_bearer(assertion).scope == "read"


def under(script_name: str, path: str) -> dict[str, Any]:
    """The document that a site under a prefix publishes, by the handler that a WSGI server calls."""
    request = RequestFactory().get(path, secure=True, headers={"host": "as.example.com"})
    environ = {**request.environ, "SCRIPT_NAME": script_name}
    statuses: list[str] = []
    try:
        response: Any = get_wsgi_application()(environ, lambda status, headers: statuses.append(status))
    finally:
        clear_script_prefix()
    assert statuses == ["200 OK"]
    return dict(json.loads(b"".join(response)))


@pytest.mark.standard("MET-01", "MET-02", "H-50")
def test_behind_a_prefix_of_the_proxy(transactional_db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = OURS
    well_known = "/.well-known/oauth-authorization-server"

    below = under("/app", well_known)
    assert below["issuer"] == "https://as.example.com/app"
    assert below["token_endpoint"] == "https://as.example.com/app/o/token/"
    # A proxy that hands the root's well-known place to the site must be helped by the setting.
    assert under("/app", f"{well_known}/app")["issuer"] == "https://as.example.com/app/app"
    issuer = "https://as.example.com/app"
    with override_settings(OAUTH2_PROVIDER={**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": issuer}):
        found = under("/app", f"{well_known}/app")
    AuthorizationServerMetadata(found).validate()
    assert found["issuer"] == issuer
    assert found["token_endpoint"] == "https://as.example.com/app/o/token/"


@pytest.mark.standard("MET-01")
def test_head_and_caching_are_as_in_the_plain_document(site: str, session: requests.Session) -> None:
    place = get_well_known_url(site, external=True)
    got, head = session.get(place), session.head(place)

    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Access-Control-Allow-Origin"):
        assert head.headers[name] == got.headers[name]
    assert not {"Cache-Control", "ETag", "Expires", "Set-Cookie"} & got.headers.keys()
