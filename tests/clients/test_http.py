"""HTTP as old, careful and thrifty clients speak it, byte by byte, to a real server."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from oauth2_provider.models import get_access_token_model

from tests.factories import GRANT_TYPE, mint, rsa_key

from .test_python import USUAL

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def connect(site) -> Callable[[], ssl.SSLSocket]:
    """A new connection to a site with the usual issuer."""
    site.set_up(USUAL)
    context = ssl.create_default_context(cafile=site.folder / "ca.pem")

    def _connect() -> ssl.SSLSocket:
        raw = socket.create_connection(("localhost", site.port), timeout=20)
        return context.wrap_socket(raw, server_hostname="localhost")

    return _connect


def form(site) -> bytes:
    """The body of a good request, with an assertion of its own."""
    assertion = mint(rsa_key("client"), iss="https://ci.acme.example", aud=site.url)
    parameters = {"grant_type": GRANT_TYPE, "assertion": assertion, "client_id": "tool", "scope": "read"}
    return urlencode(parameters).encode()


def head(body: bytes | None, *lines: str, line: str = "POST /o/token/ HTTP/1.1") -> bytes:
    """The head of a request with ``body``, or, without, one whose length ``lines`` tell."""
    length = [] if body is None else [f"Content-Length: {len(body)}"]
    return "\r\n".join([line, "Host: localhost", f"Content-Type: {FORM}", *length, *lines, "", ""]).encode()


def answer(connection: ssl.SSLSocket) -> tuple[int, dict[str, str]]:
    """The next answer of a connection: its status, and the object in its body."""
    with connection.makefile("rb", buffering=0) as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = b""
        while len(body) < length:
            body += stream.read(length - len(body))
    return status, json.loads(body) if body else {}


def assert_tokens(*answers: tuple[int, dict[str, str]]) -> None:
    assert [(status, found.get("scope")) for status, found in answers] == [(200, "read")] * len(answers)
    assert get_access_token_model().objects.count() == len(answers)


@pytest.mark.parametrize("lines", [(), ("Connection: keep-alive",)], ids=["plain", "keep-alive"])
def test_http_1_0(site, connect, lines):
    body = form(site)
    with connect() as connection:
        connection.sendall(head(body, *lines, line="POST /o/token/ HTTP/1.0") + body)
        assert_tokens(answer(connection))


def test_two_requests_over_one_connection(site, connect):
    answers = []
    with connect() as connection:
        for _ in range(2):
            body = form(site)
            connection.sendall(head(body) + body)
            answers.append(answer(connection))
    assert_tokens(*answers)


def test_a_refusal_leaves_the_connection_good(site, connect):
    bad, good = b"grant_type=x&assertion=y", form(site)
    with connect() as connection:
        connection.sendall(head(bad) + bad)
        assert answer(connection) == (400, {"error": "unsupported_grant_type"})
        connection.sendall(head(good) + good)
        assert_tokens(answer(connection))


# Under ASGI uvicorn runs the second in the context of the first, and a database connection is left open.
@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
def test_two_requests_sent_at_once(site, connect):
    first, second = form(site), form(site)
    with connect() as connection:
        connection.sendall(head(first) + first + head(second) + second)
        assert_tokens(answer(connection), answer(connection))


def test_a_client_that_asks_before_it_sends_the_body(site, connect):
    """RFC 9110 section 10.1.1."""
    body = form(site)
    with connect() as connection:
        connection.sendall(head(body, "Expect: 100-continue"))
        assert answer(connection) == (100, {})
        connection.sendall(body)
        assert_tokens(answer(connection))


def test_a_body_in_pieces(site, connect):
    body = form(site)
    with connect() as connection:
        connection.sendall(head(body))
        for start in range(0, len(body), 100):
            connection.sendall(body[start : start + 100])
        assert_tokens(answer(connection))


@pytest.mark.parametrize("charset", ["unheard-of", "hex", "utf-7"])
def test_a_charset_other_than_utf8_is_refused(site, connect, charset):
    body = form(site)
    with connect() as connection:
        connection.sendall(head(body).replace(FORM.encode(), f"{FORM}; charset={charset}".encode()) + body)
        status, refused = answer(connection)
    assert (status, refused["error"]) == (400, "invalid_request")


def test_a_body_that_breaks_off_brings_no_token(site, connect):
    body = form(site)
    with connect() as connection:
        connection.sendall(head(body) + body[:-20])
    with connect() as connection:
        connection.sendall(head(body) + body)
        assert_tokens(answer(connection))


@pytest.mark.parametrize(
    ("site", "expected"),
    [("asgi", (200, None)), ("wsgi", (400, "unsupported_grant_type"))],
    indirect=["site"],
)
def test_a_chunked_body(site, connect, expected):
    body = form(site)
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    with connect() as connection:
        # At once: under WSGI the answer comes, and the connection ends, before the body is read.
        connection.sendall(head(None, "Transfer-Encoding: chunked", "Connection: close") + chunks)
        status, found = answer(connection)
    assert (status, found.get("error")) == expected


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods(connect, method):
    with connect() as connection:
        connection.sendall(head(b"", "Connection: close", line=f"{method} /o/token/ HTTP/1.1"))
        status = int(connection.recv(65536).split()[1])
    assert status == (200 if method == "OPTIONS" else 405)
    assert not get_access_token_model().objects.exists()
