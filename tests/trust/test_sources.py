"""From the settings and an issuer's row to its source of keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.models import TrustedIssuer
from oauth_jwt_grant.trust import key_source_of
from tests.connect_proxy import ConnectProxy
from tests.jwks_server import Answer, JwksServer, json_answer
from tests.keys.material import ec_jwk

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[JwksServer]:
    with JwksServer() as running:
        running.publish(ec_jwk("a"))
        yield running


@pytest.fixture
def issuer(server: JwksServer) -> TrustedIssuer:
    return TrustedIssuer.objects.create(
        issuer="https://issuer.example",
        key_source=TrustedIssuer.KeySource.JWKS_URL,
        jwks_url=server.url(host="keys.example"),
        ca_bundle=server.ca_pem,
        allow_private_network=True,
    )


def test_the_proxy_of_the_settings(server: JwksServer, issuer: TrustedIssuer, settings: Any) -> None:
    with ConnectProxy({"keys.example": "127.0.0.1"}, credentials="user:s3cr3t") as proxy:
        settings.OAUTH_JWT_GRANT = {"FETCH_PROXY": f"http://user:s3cr3t@127.0.0.1:{proxy.port}"}
        key_source_of(issuer).refresh()
        assert proxy.targets == [f"keys.example:{server.port}"]
        settings.OAUTH_JWT_GRANT = {"FETCH_PROXY": f"http://user:wrong@127.0.0.1:{proxy.port}"}
        with pytest.raises(KeysUnavailable, match="the proxy refuses with the HTTP status 407"):
            key_source_of(issuer).refresh()
    # What was fetched through the proxy stays when it goes.
    settings.OAUTH_JWT_GRANT = {"FETCH_PROXY": "nonsense"}
    source = key_source_of(issuer)
    assert [key.kid for key in source.candidates({"alg": "ES256", "kid": "a"})] == ["a"]
    with pytest.raises(KeysUnavailable, match="the proxy of the setting FETCH_PROXY cannot be used"):
        source.refresh()


def test_the_environment_names_no_proxy(
    server: JwksServer, issuer: TrustedIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    TrustedIssuer.objects.update(jwks_url=server.url())
    issuer.refresh_from_db()
    with ConnectProxy() as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        key_source_of(issuer).refresh()
        assert proxy.requests == []


def test_the_token_files_of_the_settings(
    server: JwksServer, issuer: TrustedIssuer, settings: Any, tmp_path: Path
) -> None:
    TrustedIssuer.objects.update(jwks_url=server.url())
    issuer.refresh_from_db()
    (tmp_path / "token").write_text("abc\n")
    server.answers["/jwks"] = lambda sent: (
        json_answer({"keys": [ec_jwk("a")]})
        if sent.get("Authorization") == "Bearer abc"
        else Answer(status=403)
    )
    with pytest.raises(KeysUnavailable, match="HTTP status 403"):
        key_source_of(issuer).refresh()
    settings.OAUTH_JWT_GRANT = {"FETCH_TOKEN_FILES": {server.url(""): str(tmp_path / "token")}}
    key_source_of(issuer).refresh()
    assert [key.kid for key in key_source_of(issuer).status().keys] == ["a"]
