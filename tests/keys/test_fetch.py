"""One fetch against a real HTTPS server: what is accepted, what is refused, and for how long it may take."""

from __future__ import annotations

import datetime
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from oauth_jwt_grant.keys import Fetcher, FetchFailed, check_url
from tests.jwks_server import (
    NAMES,
    Answer,
    JwksServer,
    certificate_authority,
    dead_port,
    json_answer,
    server_context,
)

from .material import Clock

HTML = Answer(b"<html>Sign in</html>", headers={"Content-Type": "text/html"})


@pytest.fixture
def fetcher(server: JwksServer) -> Fetcher:
    return Fetcher(timeout=30, ca_bundle=server.ca_pem, allow_private_network=True)


def failure(fetcher: Fetcher, url: str, **kwargs: Any) -> str:
    with pytest.raises(FetchFailed) as caught:
        fetcher.fetch(url, **kwargs)
    return str(caught.value)


def test_brings_the_object(server: JwksServer, fetcher: Fetcher) -> None:
    server.answers["/jwks"] = json_answer({"keys": []}, ETag='"1"', Cache_Control="public, max-age=600")
    answer = fetcher.fetch(server.url())
    assert (answer.document, answer.not_modified) == ({"keys": []}, False)
    assert (answer.max_age, answer.etag) == (600, '"1"')


def test_asks_plainly(server: JwksServer, fetcher: Fetcher) -> None:
    server.answers["/jwks"] = json_answer({}, Set_Cookie="a=b")
    fetcher.fetch(server.url())
    fetcher.fetch(server.url())
    (_, first), (_, second) = server.requests
    assert first == second
    assert first["Host"] == f"127.0.0.1:{server.port}"
    assert first["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization", "If-None-Match"} & first.keys()


def test_not_modified(server: JwksServer, fetcher: Fetcher) -> None:
    server.answers["/jwks"] = lambda headers: Answer(status=304 if headers["If-None-Match"] == '"1"' else 500)
    answer = fetcher.fetch(server.url(), etag='"1"')
    assert (answer.document, answer.not_modified, answer.max_age) == ({}, True, None)


def test_not_modified_that_nobody_asked_for(server: JwksServer, fetcher: Fetcher) -> None:
    server.answers["/jwks"] = Answer(status=304)
    assert failure(fetcher, server.url()) == "the answer has the HTTP status 304"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public"}, None),
        ({"Cache-Control": "max-age=x"}, None),
        ({"Cache-Control": "s-maxage=5"}, None),
        ({"Cache-Control": "public, MAX-AGE=120"}, 120),
        ({"Cache-Control": 'max-age="120"'}, 120),
        ({"Cache-Control": "max-age=120", "Age": "100"}, 20),
        ({"Cache-Control": "max-age=120", "Age": "500"}, 0),
        ({"Cache-Control": "max-age=120", "Age": "a"}, 120),
        ({"Cache-Control": "max-age=120, no-store"}, 0),
        ({"Cache-Control": "no-cache"}, 0),
    ],
)
def test_max_age(server: JwksServer, fetcher: Fetcher, headers: dict[str, str], seconds: int | None) -> None:
    server.answers["/jwks"] = Answer(b"{}", headers=headers)
    assert fetcher.fetch(server.url()).max_age == seconds


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(status=404), "the answer has the HTTP status 404"),
        (Answer(status=500), "the answer has the HTTP status 500"),
        (Answer(b"{}", status=206), "the answer has the HTTP status 206"),
        (HTML, "the answer is not a JSON object: not JSON"),
        (Answer(b""), "the answer is not a JSON object: not JSON"),
        (Answer(b"[]"), "the answer is not a JSON object: not a JSON object"),
        (Answer(b'{"a": NaN}'), "the answer is not a JSON object: NaN is not JSON"),
        (Answer(b'{"a": 1, "a": 1}'), "the answer is not a JSON object: a name occurs twice in one object"),
        (Answer(b"\xff{}"), "the answer is not a JSON object: not UTF-8"),
        (
            Answer(b"{}", headers={"Content-Encoding": "br"}),
            "the answer is compressed although that was not asked for",
        ),
        (
            Answer(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip, gzip"}),
            "the answer is compressed although that was not asked for",
        ),
        (
            Answer(b"{}", headers={"Content-Encoding": "gzip"}),
            "the answer is not compressed as it says",
        ),
        (
            Answer(gzip.compress(b"{}")[:-6], headers={"Content-Encoding": "gzip"}),
            "the compressed answer is cut off",
        ),
        (Answer(b"", headers={"Content-Encoding": "gzip"}), "the compressed answer is cut off"),
        (
            Answer(gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}),
            "the answer is larger than 262144 bytes when decompressed",
        ),
        (
            Answer(gzip.compress(b"{}") + b"x" * 300_000, headers={"Content-Encoding": "gzip"}),
            "the answer is larger than 262144 bytes",
        ),
        (Answer(raw=b"no HTTP\r\n\r\n"), "the server does not keep to HTTP"),
        (Answer(raw=b""), "the server does not keep to HTTP"),
        (
            Answer(b"{}", headers={"Content-Length": "50"}),
            "the transfer broke: the server does not keep to HTTP",
        ),
        (
            Answer(b"zz\r\n", headers={"Transfer-Encoding": "chunked"}),
            "the transfer broke: the server does not keep to HTTP",
        ),
    ],
)
def test_unusable_answers(server: JwksServer, fetcher: Fetcher, answer: Answer, text: str) -> None:
    server.answers["/jwks"] = answer
    assert failure(fetcher, server.url()) == text


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_an_answer_that_is_compressed_all_the_same(
    server: JwksServer, fetcher: Fetcher, encoding: str, compress: Any
) -> None:
    plain = json.dumps({"keys": ["x" * 100_000]}).encode()
    server.answers["/jwks"] = Answer(compress(plain), headers={"Content-Encoding": encoding})
    assert fetcher.fetch(server.url()).document == {"keys": ["x" * 100_000]}
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('"1"', '"1"'),
        ('W/"1"', 'W/"1"'),
        ("1", "1"),
        ("", None),
        ('"a\0b"', None),
        ('"\x01"', None),
        ('"a b"', None),
        ('"\u00e9"', None),
        (f'"{"x" * 253}"', f'"{"x" * 253}"'),
        (f'"{"x" * 254}"', None),
    ],
)
def test_an_etag_that_cannot_be_kept_is_none(
    server: JwksServer, fetcher: Fetcher, sent: str, kept: str | None
) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: " + sent.encode("latin-1") + b"\r\n\r\n{}"
    server.answers["/jwks"] = Answer(raw=body)
    answer = fetcher.fetch(server.url(), etag=sent)
    assert (answer.document, answer.etag) == ({}, kept)
    assert server.requests[0][1].get("If-None-Match") == kept


def test_status_is_told(server: JwksServer, fetcher: Fetcher) -> None:
    with pytest.raises(FetchFailed) as caught:
        fetcher.fetch(server.url("/nothing"))
    assert caught.value.status == 404


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server: JwksServer, fetcher: Fetcher, status: int) -> None:
    server.answers["/jwks"] = Answer(status=status, headers={"Location": server.url("/other")})
    server.answers["/other"] = json_answer({})
    assert failure(fetcher, server.url()) == f"the answer has the HTTP status {status}"
    assert server.count("/other") == 0


def test_body_of_a_redirect_is_not_read(server: JwksServer, fetcher: Fetcher) -> None:
    server.answers["/jwks"] = Answer(b"x" * 100, 302, {"Location": "/other"}, drip=1)
    assert failure(fetcher, server.url()) == "the answer has the HTTP status 302"


def test_size_limit(server: JwksServer) -> None:
    body = json.dumps({"a": "x" * 1000}).encode()
    server.answers["/jwks"] = Answer(body)
    limits: dict[str, Any] = {"ca_bundle": server.ca_pem, "allow_private_network": True}
    assert Fetcher(max_bytes=len(body), **limits).fetch(server.url()).document
    too_small = Fetcher(max_bytes=len(body) - 1, **limits)
    assert failure(too_small, server.url()) == f"the answer is larger than {len(body) - 1} bytes"


def test_eight_megabytes_are_not_read_to_the_end(server: JwksServer, fetcher: Fetcher) -> None:
    server.answers["/jwks"] = Answer(b" " * 8_000_000)
    assert failure(fetcher, server.url()) == "the answer is larger than 262144 bytes"


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/",
        "HTTPS//keys.example",
        "https://",
        "https:///jwks",
        "https://user@keys.example/",
        "https://user:word@keys.example/",
        "https://keys.example/#a",
        "https://keys.example:0/",
        "https://keys.example:99999/",
        "https://[::1/",
        "https://ключи.example/",
        "file:///etc/passwd",
        "",
    ],
)
def test_urls_that_are_never_asked(url: str) -> None:
    with pytest.raises(FetchFailed, match="not an https URL"):
        check_url(url)
    assert failure(Fetcher(), url).startswith("not an https URL")


def test_url_that_no_request_can_be_made_of() -> None:
    assert failure(Fetcher(), "https://*.example/") == "not a URL that can be fetched"
    with pytest.raises(FetchFailed, match="not a URL that can be fetched"):
        check_url("https://*.example/")


class TestTLS:
    def test_public_authorities_do_not_vouch_for_it(self, server: JwksServer) -> None:
        server.answers["/jwks"] = json_answer({})
        text = failure(Fetcher(timeout=30, allow_private_network=True), server.url())
        assert text.startswith("TLS: the certificate is not accepted: unable to get local issuer certificate")
        assert server.requests == []

    @pytest.mark.parametrize(
        ("certificate", "text"),
        [
            (lambda: certificate_authority().issue_cert("other.example"), "IP address mismatch"),
            (lambda: trustme.CA().issue_cert(*NAMES), "unable to get local issuer certificate"),
            (
                lambda: certificate_authority().issue_cert(
                    *NAMES,
                    not_before=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
                    not_after=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC),
                ),
                "certificate has expired",
            ),
        ],
        ids=["other name", "other authority", "expired"],
    )
    def test_wrong_certificates(self, certificate: Any, text: str) -> None:
        with JwksServer(server_context(certificate())) as server:
            server.answers["/jwks"] = json_answer({})
            fetcher = Fetcher(timeout=30, ca_bundle=server.ca_pem, allow_private_network=True)
            assert failure(fetcher, server.url()).startswith("TLS: the certificate is not accepted: " + text)
            assert server.requests == []

    def test_server_without_tls(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=_answer_in_clear, args=(listener,))
            thread.start()
            fetcher = Fetcher(timeout=30, allow_private_network=True)
            text = failure(fetcher, f"https://127.0.0.1:{listener.getsockname()[1]}/")
            thread.join()
        assert text.startswith("TLS: ")

    @pytest.mark.parametrize(
        "bundle", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
    )
    def test_bundle_that_is_none(self, bundle: str) -> None:
        text = failure(Fetcher(ca_bundle=bundle), "https://keys.example/")
        assert text.startswith("the CA bundle is not PEM text with certificates: ")


def _answer_in_clear(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")


class TestAddresses:
    """``keys.example`` is wherever the test says; the server is at 127.0.0.1."""

    @pytest.fixture(autouse=True)
    def _answers(self, server: JwksServer) -> None:
        server.answers["/jwks"] = json_answer({"keys": []})

    @pytest.fixture
    def url(self, server: JwksServer) -> str:
        return server.url(host="keys.example")

    def fetcher(self, server: JwksServer, *addresses: str, **kwargs: Any) -> Fetcher:
        def resolver(host: str, port: int) -> list[str]:
            assert (host, port) == ("keys.example", server.port)
            return list(addresses)

        options = {"allow_private_network": True, "timeout": 30, **kwargs}
        return Fetcher(ca_bundle=server.ca_pem, resolver=resolver, **options)

    @pytest.mark.parametrize("found", ["", "x", "1.2.3", "127.0.0.1 "])
    def test_what_is_no_address(self, server: JwksServer, url: str, found: str) -> None:
        text = failure(self.fetcher(server, "127.0.0.1", found), url)
        assert text == "the name keys.example leads to what is not an address"
        assert server.requests == []

    def test_host_and_server_name_are_those_of_the_url(self, server: JwksServer, url: str) -> None:
        self.fetcher(server, "127.0.0.1").fetch(url)
        assert server.requests[0][1]["Host"] == f"keys.example:{server.port}"

    def test_certificate_is_that_of_the_name_not_of_the_address(self) -> None:
        names: list[str | None] = []
        context = server_context(certificate_authority().issue_cert("keys.example"))
        context.sni_callback = lambda connection, name, context: names.append(name)
        with JwksServer(context) as server:
            server.answers["/jwks"] = json_answer({"keys": []})
            assert self.fetcher(server, "127.0.0.1").fetch(server.url(host="keys.example")).document
        assert names == ["keys.example"]

    def test_certificate_of_the_address_alone(self) -> None:
        with JwksServer(server_context(certificate_authority().issue_cert("127.0.0.1"))) as server:
            text = failure(self.fetcher(server, "127.0.0.1"), server.url(host="keys.example"))
            assert text.startswith("TLS: the certificate is not accepted: Hostname mismatch")
            assert server.requests == []

    def test_private_address_without_permission(self, server: JwksServer, url: str) -> None:
        fetcher = self.fetcher(server, "127.0.0.1", allow_private_network=False)
        assert failure(fetcher, url) == (
            "keys.example is at 127.0.0.1, which is not a public address and not allowed"
        )
        assert server.requests == []

    def test_only_allowed_addresses_are_asked(self, server: JwksServer, url: str) -> None:
        asked = []

        def policy(address: Any) -> bool:
            asked.append(str(address))
            return str(address) == "127.0.0.1"

        self.fetcher(server, "169.254.169.254", "127.0.0.1", policy=policy).fetch(url)
        assert asked == ["169.254.169.254", "127.0.0.1"]

    def test_a_forbidden_address_is_not_asked_beside_an_allowed_one(
        self, server: JwksServer, url: str
    ) -> None:
        def policy(address: Any) -> bool:
            return str(address) == "127.0.0.9"

        text = failure(self.fetcher(server, "127.0.0.9", "127.0.0.1", policy=policy), url)
        assert text.startswith("cannot connect: ")
        assert server.requests == []

    def test_next_address_where_one_is_dead(self, server: JwksServer, url: str) -> None:
        assert self.fetcher(server, "127.0.0.9", "127.0.0.1").fetch(url).document == {"keys": []}

    def test_all_addresses_dead(self, server: JwksServer, url: str) -> None:
        fetcher = self.fetcher(server, "127.0.0.9", "::1")
        assert failure(fetcher, url).startswith("cannot connect: ")

    def test_address_is_resolved_once(self, server: JwksServer, url: str) -> None:
        """An address that changes between check and connect: there is no second look."""
        answers = iter([["127.0.0.1"], ["169.254.169.254"]])
        fetcher = Fetcher(
            ca_bundle=server.ca_pem, allow_private_network=True, resolver=lambda host, port: next(answers)
        )
        assert fetcher.fetch(url).document == {"keys": []}
        assert list(answers) == [["169.254.169.254"]]

    def test_no_address(self, server: JwksServer, url: str) -> None:
        assert failure(self.fetcher(server), url) == "the name has no address"

    def test_unknown_name(self, url: str) -> None:
        def resolver(host: str, port: int) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        text = failure(Fetcher(resolver=resolver), url)
        assert text == "the name keys.example cannot be resolved: Name or service not known"

    def test_environment_is_ignored(
        self, server: JwksServer, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine keys.example login a password b\n")
        proxy = f"http://127.0.0.1:{dead_port()}"
        for name, value in {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "ALL_PROXY": proxy,
            "NETRC": str(netrc),
            "REQUESTS_CA_BUNDLE": "/nowhere",
        }.items():
            monkeypatch.setenv(name, value)
        self.fetcher(server, "127.0.0.1").fetch(url)
        assert "Authorization" not in server.requests[0][1]


class TestDeadline:
    """One deadline of 1 s for all, by the real clock."""

    @pytest.fixture
    def fetcher(self, server: JwksServer) -> Fetcher:
        return Fetcher(timeout=1, ca_bundle=server.ca_pem, allow_private_network=True)

    @pytest.fixture(autouse=True)
    def _in_time(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        # Without the deadline each of them would last for half a minute.
        assert 0.9 < time.monotonic() - begun < 15

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(b"{}" * 50, drip=0.5),
            Answer(b"{}", drip=0.5, drip_headers=True),
            Answer(b"{}", delay=30),
        ],
        ids=["body drips", "headers drip", "says nothing"],
    )
    def test_slow_answers(self, server: JwksServer, fetcher: Fetcher, answer: Answer) -> None:
        server.answers["/jwks"] = answer
        assert failure(fetcher, server.url()) == "no complete answer within 1 s"

    def test_server_that_never_shakes_hands(self, fetcher: Fetcher) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            text = failure(fetcher, f"https://127.0.0.1:{listener.getsockname()[1]}/")
        assert text in {"no complete answer within 1 s", "cannot connect: no answer"}

    def test_many_addresses_share_it(self, server: JwksServer) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            fetcher = Fetcher(
                timeout=1,
                allow_private_network=True,
                resolver=lambda host, port: ["127.0.0.1"] * 30,
            )
            text = failure(fetcher, f"https://keys.example:{port}/")
        assert text in {"no complete answer within 1 s", "cannot connect: no answer"}

    def test_name_resolution_is_part_of_it(self) -> None:
        end = threading.Event()

        def resolver(host: str, port: int) -> list[str]:
            end.wait(30)
            return ["127.0.0.1"]

        fetcher = Fetcher(timeout=1, resolver=resolver)
        assert failure(fetcher, "https://keys.example/") == "name resolution took too long"
        end.set()


def test_silent_address_does_not_use_up_the_time_of_the_others(server: JwksServer) -> None:
    server.answers["/jwks"] = json_answer({"keys": []})
    with socket.create_server(("127.0.0.5", server.port)):
        fetcher = Fetcher(
            timeout=4,
            ca_bundle=server.ca_pem,
            allow_private_network=True,
            resolver=lambda host, port: ["127.0.0.5", "127.0.0.1"],
        )
        assert fetcher.fetch(server.url(host="keys.example")).document == {"keys": []}


def test_one_deadline_for_several_fetches(server: JwksServer, fetcher: Fetcher, deadlines: Clock) -> None:
    server.answers["/jwks"] = json_answer({})
    deadline = fetcher.deadline()
    fetcher.fetch(server.url(), deadline=deadline)
    deadlines.sleep(29)
    fetcher.fetch(server.url(), deadline=deadline)
    deadlines.sleep(1)
    assert failure(fetcher, server.url(), deadline=deadline) == "no complete answer within 30 s"


def test_deadline_that_is_over_before_the_first_try(server: JwksServer) -> None:
    fetcher = Fetcher(timeout=0, ca_bundle=server.ca_pem, allow_private_network=True)
    assert failure(fetcher, server.url()) == "no complete answer within 0 s"
