"""Tokens for keys that are not public: to one origin, read each time, shown nowhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import DiscoveredKeys, Fetcher, FetchFailed, is_origin, read_token
from oauth_jwt_grant.keys.token_files import origin_of
from tests.connect_proxy import ConnectProxy
from tests.jwks_server import Answer, JwksServer, json_answer

from .material import ec_jwk, header

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.s3cr3t_-~+/="


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture
def server(server: JwksServer) -> JwksServer:
    """Like the API server of a cluster: nothing without a token, and the keys with the right one."""

    def answer(sent: dict[str, str]) -> Answer:
        known = sent.get("Authorization") in {f"Bearer {TOKEN}", "Bearer next"}
        return json_answer({"keys": [ec_jwk("a")]}) if known else Answer(status=401)

    server.answers["/jwks"] = answer
    return server


def fetcher(server: JwksServer, files: dict[str, str], **changes: Any) -> Fetcher:
    options = {"timeout": 30, "ca_bundle": server.ca_pem, "allow_private_network": True, **changes}
    return Fetcher(token_files=files, resolver=lambda host, port: ["127.0.0.1"], **options)


def sent(server: JwksServer) -> list[str | None]:
    return [headers.get("Authorization") for _, headers in server.requests]


def test_the_file_is_read_at_each_fetch(server: JwksServer, file: Path) -> None:
    known = fetcher(server, {server.url(""): str(file)})
    assert known.fetch(server.url()).document["keys"]
    file.write_bytes(b"next")
    assert known.fetch(server.url()).document["keys"]
    assert sent(server) == [f"Bearer {TOKEN}", "Bearer next"]


@pytest.mark.parametrize(
    "origin",
    [
        *("https://127.0.0.1", "https://localhost:{port}", "http://127.0.0.1:{port}"),
        *("https://127.0.0.1:{port}/", "https://127.0.0.1:{port}/jwks", "https://127.0.0.1:1{port}"),
        *("https://127.0.0.1:{port}.", "HTTPS://127.0.0.1:{port}", "https://user@127.0.0.1:{port}"),
        *("", "*", "https://*", "127.0.0.1:{port}"),
    ],
)
def test_no_other_origin_gets_it(server: JwksServer, file: Path, origin: str) -> None:
    unknown = fetcher(server, {origin.format(port=server.port): str(file)})
    with pytest.raises(FetchFailed, match="HTTP status 401"):
        unknown.fetch(server.url())
    assert sent(server) == [None]


@pytest.mark.parametrize("host", ["127.0.0.1", "keys.example", "KEYS.example", "Localhost"])
def test_however_the_host_is_written(server: JwksServer, file: Path, host: str) -> None:
    files = {f"https://{host.lower()}:{server.port}": str(file)}
    assert fetcher(server, files).fetch(server.url(host=host)).document["keys"]


def test_neither_across_a_redirect_nor_to_where_the_metadata_points(
    server: JwksServer, file: Path, remote: Callable[..., Any]
) -> None:
    with JwksServer() as other:
        files = {server.url(""): str(file)}
        server.answers["/old"] = Answer(status=302, headers={"Location": other.url()})
        with pytest.raises(FetchFailed, match="HTTP status 302"):
            fetcher(server, files).fetch(server.url("/old"))
        place = "/.well-known/openid-configuration"
        server.answers[place] = json_answer({"issuer": server.url(""), "jwks_uri": other.url()})
        other.publish(ec_jwk("a"))
        source = remote(DiscoveredKeys, issuer=server.url(""), fetcher=fetcher(server, files))
        assert [key.kid for key in source.candidates(header("a"))] == ["a"]
        assert sent(server) == [f"Bearer {TOKEN}"] * 2
        assert sent(other) == [None]


def test_a_proxy_does_not_see_it(server: JwksServer, file: Path) -> None:
    with ConnectProxy() as proxy:
        files = {server.url(""): str(file)}
        assert fetcher(server, files, proxy=proxy.url).fetch(server.url()).document["keys"]
        ((_, _, headers),) = proxy.requests
    assert headers.keys() == {"host"}
    assert sent(server) == [f"Bearer {TOKEN}"]


BAD: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "there is no such file"),
    "empty": (b"", "it does not hold one line with a token"),
    "a line break alone": (b"\n", "it does not hold one line with a token"),
    "two lines": (b"s3cr3t\ns3cr3t\n", "it does not hold one line with a token"),
    "a header": (b"s3cr3t\r\nX-Admin: 1", "it does not hold one line with a token"),
    "spaces": (b" s3cr3t", "it does not hold one line with a token"),
    "not ASCII": ("s3cr3t-é".encode(), "it does not hold one line with a token"),
    "NUL": (b"s3cr3t\0", "it does not hold one line with a token"),
    "large": (b"s" * 16385, "it is larger than 16384 bytes"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_a_failed_fetch(
    server: JwksServer, tmp_path: Path, remote: Callable[..., Any], bad: str, caplog: Any
) -> None:
    content, reason = BAD[bad]
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    source = remote(fetcher=fetcher(server, {server.url(""): str(path)}))
    with pytest.raises(KeysUnavailable) as caught:
        source.candidates(header("a"))
    text = f"the file of FETCH_TOKEN_FILES for {server.url('')}: {reason}"
    assert caught.value.detail == f"the keys cannot be fetched: {text}"
    assert source.status().last_error == text
    assert server.requests == []
    assert text in caplog.text
    assert "s3cr3t" not in caplog.text
    assert str(path) not in caplog.text


def test_the_longest_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"s" * 16383 + b"\n")
    assert len(read_token(str(tmp_path / "token"))) == 16383


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match="no such file"):
            read_token(str(path))
    with pytest.raises(ValueError, match=r"no such file|null"):
        read_token("\0")


def test_a_link_to_a_file(file: Path) -> None:
    """As Kubernetes mounts tokens."""
    (file.parent / "link").symlink_to(file)
    assert read_token(str(file.parent / "link")) == TOKEN


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://keys.example/a?b", "https://keys.example"),
        ("https://KEYS.example:443/", "https://keys.example"),
        ("https://[FD00::1]:6443/", "https://[fd00::1]:6443"),
    ],
)
def test_origins(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert is_origin(origin)
    assert not is_origin(url)


@pytest.mark.parametrize(
    "text", ["", "https://", "http://a", "a", "https://a:b", "https://[a", "https://a:443"]
)
def test_what_is_no_origin(text: str) -> None:
    assert not is_origin(text)


def test_a_file_that_cannot_be_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match="it cannot be read: Permission denied"):
        read_token(str(file))
