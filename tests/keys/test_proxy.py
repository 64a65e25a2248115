"""Fetching through a real proxy: TLS from end to end, names resolved there, credentials shown nowhere."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import Any

import pytest

from oauth_jwt_grant.keys import Fetcher, FetchFailed, KeyLimits
from oauth_jwt_grant.keys.proxy import parse_proxy
from tests.connect_proxy import ConnectProxy
from tests.jwks_server import (
    Answer,
    JwksServer,
    certificate_authority,
    dead_port,
    json_answer,
    server_context,
)

from .material import Clock, ec_jwk, header

NAMES = {"keys.example": "127.0.0.1"}
SECRET = "s3cr3t:@/%"
WITH_SECRET = "http://user:s3cr3t%3A%40%2F%25@127.0.0.1:"


def no_resolver(host: str, port: int) -> list[str]:
    assert host == "127.0.0.1", "only the proxy resolves the names of issuers"
    return [host]


def fetcher(server: JwksServer, proxy: str, **changes: Any) -> Fetcher:
    options = {"timeout": 30, "ca_bundle": server.ca_pem, "resolver": no_resolver, **changes}
    return Fetcher(proxy=proxy, **options)


def failure(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchFailed) as caught:
        fetcher.fetch(url)
    assert caught.value.status is None
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cr3t" not in repr(error)
        error = error.__cause__ or error.__context__
    return str(caught.value)


@pytest.fixture
def url(server: JwksServer) -> str:
    server.answers["/jwks"] = json_answer({"keys": []})
    return server.url(host="keys.example")


def test_a_name_that_only_the_proxy_knows(server: JwksServer, url: str) -> None:
    with ConnectProxy(NAMES) as proxy:
        assert fetcher(server, proxy.url).fetch(url).document == {"keys": []}
        ((method, target, headers),) = proxy.requests
    assert (method, target) == ("CONNECT", f"keys.example:{server.port}")
    assert headers == {"host": target}
    ((_, sent),) = server.requests
    assert sent["Host"] == target
    assert not {"Proxy-Authorization", "Authorization"} & sent.keys()


def test_credentials_are_for_the_proxy_alone(server: JwksServer, url: str) -> None:
    with ConnectProxy(NAMES, credentials=f"user:{SECRET}") as proxy:
        assert fetcher(server, f"{WITH_SECRET}{proxy.port}").fetch(url).document == {"keys": []}
    ((_, sent),) = server.requests
    assert "Proxy-Authorization" not in sent


@pytest.mark.parametrize("sent", ["", "user:wrong@", "other:s3cr3t@"])
def test_wrong_credentials(server: JwksServer, url: str, sent: str) -> None:
    with ConnectProxy(NAMES, credentials="user:s3cr3t") as proxy:
        text = failure(fetcher(server, f"http://{sent}127.0.0.1:{proxy.port}"), url)
    assert text == "the proxy refuses with the HTTP status 407"
    assert server.requests == []


def test_proxy_that_is_down(server: JwksServer, url: str) -> None:
    text = failure(fetcher(server, f"{WITH_SECRET}{dead_port()}"), url)
    assert text == "the proxy cannot be reached: Connection refused"
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 403 Forbidden by s3cr3t\r\n\r\n", "the proxy refuses with the HTTP status 403"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "the proxy refuses with the HTTP status 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "the proxy refuses with the HTTP status 302"),
        (b"HTTP/1.0 501 Unsupported method\r\n\r\n", "the proxy refuses with the HTTP status 501"),
        (b"", "the proxy does not keep to HTTP"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the proxy does not keep to HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "the proxy does not keep to HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000, "the proxy does not keep to HTTP"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", "the proxy does not keep to HTTP"),
    ],
    ids=["403", "404", "302", "501", "closes", "SSH", "odd status", "endless head", "half a head"],
)
def test_proxy_that_opens_no_tunnel(server: JwksServer, url: str, answer: bytes, text: str) -> None:
    with ConnectProxy(NAMES, answer=answer) as proxy:
        assert failure(fetcher(server, f"{WITH_SECRET}{proxy.port}"), url).startswith(text)
        assert len(proxy.requests) == 1
    assert server.requests == []


def test_proxy_that_breaks_off(server: JwksServer, url: str) -> None:
    """It resets the connection, as one does that is restarted."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset() -> None:
            connection, _ = listening.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        text = failure(fetcher(server, f"http://127.0.0.1:{listening.getsockname()[1]}"), url)
        thread.join()
    assert text == "the proxy breaks off: Connection reset by peer"


def test_the_deadline_holds_for_the_proxy_too(server: JwksServer, url: str) -> None:
    begun = time.monotonic()
    with ConnectProxy(NAMES, answer=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50, drip=0.3) as proxy:
        assert failure(fetcher(server, proxy.url, timeout=1), url) == "no complete answer within 1 s"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert failure(fetcher(server, address, timeout=1), url) == "no complete answer within 1 s"
    assert time.monotonic() - begun < 30


def test_tls_ends_at_the_issuer(server: JwksServer, url: str) -> None:
    """The proxy is no authority: a certificate of another name, or of another CA, is refused."""
    with JwksServer(server_context(certificate_authority().issue_cert("other.example"))) as other:
        with ConnectProxy({"keys.example": "127.0.0.1"}) as proxy:
            text = failure(fetcher(server, proxy.url), other.url(host="keys.example"))
            assert text.startswith("TLS: the certificate is not accepted: Hostname mismatch")
            text = failure(fetcher(server, proxy.url, ca_bundle=""), url)
            assert text.startswith("TLS: the certificate is not accepted: unable to get local issuer")
        assert other.requests == server.requests == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.", "0"),
        *("localhost", "keys.localhost", "LOCALHOST.", "169.254.169.254", "[::ffff:127.0.0.1]"),
        *("[::1]", "[fd00::1]", "[fe80::1%25eth0]"),
    ],
)
def test_literal_private_addresses_are_refused(server: JwksServer, host: str) -> None:
    with ConnectProxy() as proxy:
        text = failure(fetcher(server, proxy.url), f"https://{host}:{server.port}/jwks")
        assert text.endswith("which is not a public address and not allowed")
        assert proxy.requests == []


def test_literal_addresses_that_are_allowed(server: JwksServer) -> None:
    server.answers["/jwks"] = json_answer({})
    with ConnectProxy() as proxy:
        inside = fetcher(server, proxy.url, allow_private_network=True)
        assert inside.fetch(server.url()).document == {}
        assert failure(inside, "https://169.254.169.254/").endswith("not a public address and not allowed")
        assert proxy.targets == [f"127.0.0.1:{server.port}"]
        proxy.names = {"[2001:4860:4860::8888]": "127.0.0.1", "93.184.216.34": "127.0.0.1"}
        # Their certificates are of other addresses, but the way is open.
        for host in proxy.names:
            assert failure(fetcher(server, proxy.url), server.url(host=host)).startswith("TLS: ")
            assert proxy.targets[-1] == f"{host}:{server.port}"


def test_next_address_of_the_proxy_where_one_is_dead(server: JwksServer, url: str) -> None:
    with ConnectProxy(NAMES) as proxy:
        through = fetcher(
            server,
            f"http://proxy.example:{proxy.port}",
            resolver=lambda host, port: {"proxy.example": ["127.0.0.9", "127.0.0.1"]}[host],
        )
        assert through.fetch(url).document == {"keys": []}


def test_keys_come_and_redirects_do_not(server: JwksServer, remote: Any, clock: Clock) -> None:
    """All that holds for a direct fetch holds here: discovery, entity tags, statuses, no redirect."""
    server.publish(ec_jwk("a"), ETag='"1"')
    with ConnectProxy(NAMES) as proxy:
        url = server.url(host="keys.example")

        def source() -> Any:
            return remote(url=url, fetcher=fetcher(server, proxy.url), limits=KeyLimits(patience=5))

        assert [key.kid for key in source().candidates(header("a"))] == ["a"]
        clock.now += 3600
        server.answers["/jwks"] = Answer(status=302, headers={"Location": url})
        assert [key.kid for key in source().candidates(header("a"))] == ["a"]
        assert source().status().last_error == "the answer has the HTTP status 302"
        assert server.requests[-1][1]["If-None-Match"] == '"1"'
        assert server.count() == len(proxy.targets) == 2


@pytest.mark.parametrize(
    "url",
    [
        *("proxy.example:3128", "http://proxy.example", "http://:3128", "https://proxy.example:3128"),
        *("socks5://a:1", "http://a:0", "http://a:70000", "http://a:1/path", "http://a:1?q", "http://a:1#f"),
        *("http://a b:1", "http://a:1\n", "http://[a:1", "http://ä.example:1", "http://user:s3cr3t@a:x"),
    ],
)
def test_what_is_no_proxy(server: JwksServer, url: str) -> None:
    with pytest.raises(ValueError, match="it is not a URL") as caught:
        parse_proxy(url)
    assert "s3cr3t" not in repr(caught.value)
    text = failure(fetcher(server, url), "https://keys.example/")
    assert text == f"the proxy of the setting FETCH_PROXY cannot be used: {caught.value}"


def test_a_proxy_shows_no_credentials() -> None:
    proxy = parse_proxy("http://user:s3cr3t@[::1]:3128/")
    assert proxy.authorization == "Basic dXNlcjpzM2NyM3Q="
    assert repr(proxy) == "Proxy(host='::1', port=3128)"
    assert parse_proxy("http://user@a:1").authorization == "Basic dXNlcjo="
    assert parse_proxy("http://a:1").authorization == ""
