"""PEM and JSON as editors, web pages and Windows leave it: read by the validator and by the fetch alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trustme

from oauth_jwt_grant.keys import (
    Fetcher,
    FetchFailed,
    normalise_jwks,
    parse_ca_bundle,
    parse_trust_anchors,
)
from oauth_jwt_grant.keys.pem import read_certificates
from tests import factories
from tests.jwks_server import JwksServer, certificate_authority, json_answer
from tests.support import cases

from .authority import Authority
from .material import ec_jwk

ANCHOR = Authority("Root").pem
PUBLIC = factories.ec_key().pem()
BUNDLE = certificate_authority().cert_pem.bytes().decode()

#: What happens to a text on its way, and is no fault of its content.
STRAY: dict[str, Any] = {
    "nothing": lambda text: text,
    "byte order mark": lambda text: "\ufeff" + text,
    "byte order marks between": lambda text: "\ufeff" + text + "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "CRCRLF": lambda text: text.replace("\n", "\r\r\n"),
    "empty lines": lambda text: text.replace("\n", "\n\n"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0").replace("\n", "\u202f\n"),
    "indented": lambda text: "   " + text.replace("\n", "\n\t"),
    "zero-width spaces": lambda text: text.replace("M", "\u200bM\u2060"),
    "comment": lambda text: f"# Zertifizierungsstelle f\u00fcr \u7532\n{text}\n\u2013 \U0001f511\n",
    "attributes of a bag": lambda text: f"Bag Attributes\n    friendlyName: Sch\u00fcler\n{text}",
    "lone surrogate beside it": lambda text: f"\udcff{text}",
}


@pytest.fixture(params=STRAY)
def on_its_way(request: pytest.FixtureRequest) -> Any:
    return STRAY[request.param]


def test_trust_anchors(on_its_way: Any) -> None:
    assert {anchor.subject.rfc4514_string() for anchor in parse_trust_anchors(on_its_way(ANCHOR))} == {
        parse_trust_anchors(ANCHOR)[0].subject.rfc4514_string()
    }


def test_public_keys(on_its_way: Any) -> None:
    keys = normalise_jwks(on_its_way(PUBLIC))["keys"]
    assert keys[0] == normalise_jwks(PUBLIC)["keys"][0]


def test_a_bundle_serves_a_fetch(on_its_way: Any) -> None:
    text = on_its_way(BUNDLE)
    assert {info.sha256 for info in parse_ca_bundle(text)} == {parse_ca_bundle(BUNDLE)[0].sha256}
    with JwksServer() as server:
        server.answers["/"] = json_answer({"a": 1})
        fetcher = Fetcher(ca_bundle=text, allow_private_network=True)
        assert fetcher.fetch(server.url("/")).document == {"a": 1}


@cases(
    "text",
    [
        "",
        "x",
        "\ufeff",
        BUNDLE.replace("MII", "A?A"),
        BUNDLE.replace("MII", "\u00e9II"),
        BUNDLE + BUNDLE.replace("MII", "AAA"),
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        PUBLIC,
        BUNDLE.replace("CERTIFICATE", "X509 CRL"),
    ],
)
def test_what_is_no_bundle(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(Not PEM text|Certificate \d cannot be read)"):
        parse_ca_bundle(text)


def test_a_private_key_beside_the_certificates() -> None:
    private = trustme.CA().private_key_pem.bytes().decode()
    for text in (BUNDLE + private, (BUNDLE + private).replace(" ", "\u00a0")):
        for parse in (parse_ca_bundle, parse_trust_anchors):
            with pytest.raises(ValueError, match="private key"):
                parse(text)
        with pytest.raises(ValueError, match="private key"):
            normalise_jwks(text)


#: The encoding of a name in it is one that OpenSSL does not read, and other libraries do.
ODD = """-----BEGIN CERTIFICATE-----
MIIByDCCAW2gAwIBAgIUfYq4K/7IN3NyKRq5MsKEhASC3BwwCgYIKoZIzj0EAwIw
MTELMAkGA1UEBhMCTk8xEzARBgNVBAoaCkV4YW1wbGUgQVMxDTALBgNVBAMMBFJv
b3QwHhcNMjYxMjE2MDgwMDAwWhcNMjcwMjE0MDgwMDAwWjAxMQswCQYDVQQGEwJO
TzETMBEGA1UECgwKRXhhbXBsZSBBUzENMAsGA1UEAwwEUm9vdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABL4+t/vMpFcKr1r2+vUn8EGsP/ElArVKjj3onHJwRNcz
Q5ZFlX4A9MOFFRmsWw5Y20Wre+bIhAjzHxLR21vr5qqjYzBhMB0GA1UdDgQWBBTH
cFbAqUjKDZ0pNia2FWd2kA2nATAfBgNVHSMEGDAWgBTHcFbAqUjKDZ0pNia2FWd2
kA2nATAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQD
AgNJADBGAiEAv5wDIJIhU7B4vleNZr7WvHZhMEfsaoh58Ot8fWxZ3GICIQCZzuV6
oYrqRc/YjV1JVZJ2OaMXmQcMgAPIqNq8Jcaabw==
-----END CERTIFICATE-----
"""


@pytest.mark.parametrize(("text", "number"), [(ODD, 1), (BUNDLE + ODD, 2), (BUNDLE + ODD + BUNDLE, 2)])
def test_a_certificate_that_the_tls_library_does_not_take(text: str, number: int) -> None:
    assert read_certificates(text)
    with pytest.raises(ValueError, match=f"Certificate {number} cannot be used by the TLS library"):
        parse_ca_bundle(text)
    with pytest.raises(FetchFailed, match=f"Certificate {number} cannot be used by the TLS library"):
        Fetcher(ca_bundle=text).fetch("https://127.0.0.1/")


JSON_FORMS: dict[str, Any] = {
    "byte order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no-break spaces": lambda text: text.replace("  ", "\u00a0\u00a0"),
    "zero-width spaces": lambda text: text.replace("\n", "\n\u200b"),
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_json(form: str) -> None:
    jwk = ec_jwk('k\u00a0"\\\ufeff')
    text = JSON_FORMS[form](json.dumps({"keys": [jwk]}, indent=2, ensure_ascii=False))
    assert normalise_jwks(text) == {"keys": [jwk]}


@cases("text", ['{"keys": [', '"', '"\\', "\ufeff", "\u00a0{}", '{"a": "\u00a0'])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Neither"):
        normalise_jwks(text)


def test_a_published_document_with_a_byte_order_mark() -> None:
    with JwksServer() as server:
        plain = json_answer({"a": "\ufeff"})
        server.answers["/"] = type(plain)(b"\xef\xbb\xbf" + plain.body)
        fetcher = Fetcher(ca_bundle=server.ca_pem, allow_private_network=True)
        assert fetcher.fetch(server.url("/")).document == {"a": "\ufeff"}
