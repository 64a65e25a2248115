"""What a form or a command accepts, the code that uses it can use: no exception but our own refusals.

Each field is given texts and values that are nearly right. Where the model's validation accepts one, its
consumer is called without the guard that the site has around it.
"""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ValidationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oauth_jwt_grant.assertion import AssertionRefused
from oauth_jwt_grant.keys import CertificateKeys, Fetcher, FetchFailed, parse_ca_bundle
from oauth_jwt_grant.keys.discovery import well_known_urls
from oauth_jwt_grant.keys.transport import Deadline, DeadlineContext
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.rules import InvalidCondition, condition_of
from oauth_jwt_grant.trust import check_rule, policy_of
from oauth_jwt_grant.trust.sources import _source_of
from tests.keys.authority import Authority, name_of
from tests.keys.material import ec_jwk, header, rsa_jwk

ROOT = Authority("Root")
LEAF = ROOT.issue(name_of("signer"))
CHAIN = header(x5c=[Authority.b64(LEAF)])
CLAIMS = {"sub": "alice", "list": ["a", 1], "deep": {"a": {"b": [None, True, 1.5]}}}

TEXT = st.text(max_size=20)
SCALAR = st.none() | st.booleans() | st.integers(-(10**12), 10**40) | st.floats() | TEXT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
#: Nearly a host: labels, addresses, ports and what does not belong there.
HOST = st.lists(
    st.sampled_from(
        ["a", "example", ".", "..", "-", "_", "*", "[", "]", "::1", "127.0.0.1", ":", ":443", ":0", ":99999",
         "@", "%", "%25", "%00", "xn--", "xn--a", "\u00e9", "\u3002", " ", "\\", "a" * 64, "0x7f.1", "1",
         "\n", "\x00"]
    ) | st.characters(),
    max_size=5,
).map("".join)  # fmt: skip
PATH = st.lists(
    st.sampled_from(["/", "//", "..", "?", "#", "%", "%2", "%zz", "a", ";", "\\", " ", "\u00e9"])
    | st.characters(),
    max_size=5,
).map("".join)  # fmt: skip
URL = st.builds(
    lambda scheme, host, path: scheme + host + path,
    st.sampled_from(["https://", "HTTPS://", "https:", "https:///", "http://", " https://"]),
    HOST,
    PATH,
)


@st.composite
def certificates(draw: st.DrawFn) -> str:
    """A certificate in PEM in which a few bytes are others."""
    der = bytearray(ROOT.certificate.public_bytes(Encoding.DER))
    for _ in range(draw(st.integers(0, 3))):
        der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    text = (
        f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(bytes(der)).decode()}-----END CERTIFICATE-----\n"
    )
    noise = draw(st.sampled_from(["", "\ufeff", "# \u00e9\n", "\x00"]))
    return f"{noise}{text}{draw(st.sampled_from(['', ROOT.pem]))}"


def accepted(row: Any, field: str) -> bool:
    """Whether the row's validation has nothing to say about ``field``."""
    for clean in (row.clean_fields, row.clean):
        try:
            clean()
        except ValidationError as error:
            if field in error.error_dict:
                return False
    return True


def issuer(**fields: Any) -> TrustedIssuer:
    return TrustedIssuer(
        **{"name": "I", "issuer": "https://issuer.example", "jwks_url": "https://a/", **fields}
    )


def use(row: TrustedIssuer) -> None:
    """Do with the row what a request does, as far as there is no network in it."""
    try:
        policy_of(row, {"https://as.example.com"})
        _source_of(row).candidates(CHAIN)
    except AssertionRefused:
        pass
    _source_of(row).status()


@pytest.mark.parametrize("field", ["jwks_url", "discovery_url"])
@given(URL)
@example("https://*.example/")
@example("https://[fe80::1%25lo]/")
@example("https://a..b/")
@example("https://a\n/")
@example("https://\u00e9.example/")
def test_urls(field: str, url: str) -> None:
    if not accepted(
        issuer(**{field: url, "key_source": field.removesuffix("_url").replace("jwks", "jwks_url")}), field
    ):
        return
    # Nothing listens there; the name is looked up by nobody.
    fetcher = Fetcher(timeout=1, resolver=lambda host, port: ["127.0.0.1"], policy=lambda address: True)
    with pytest.raises(FetchFailed):
        fetcher.fetch(url)


@given(URL)
@example("https://issuer.example/?a=b")
@example("https://issuer.example?")
@example("https://issuer.example/path/")
def test_issuers_that_are_discovered(iss: str) -> None:
    row = issuer(issuer=iss, key_source="discovery")
    if accepted(row, "discovery_url") and accepted(row, "issuer"):
        assert all(url.lower().startswith("https://") for url in well_known_urls(iss))


@given(certificates())
def test_ca_bundles(pem: str) -> None:
    if accepted(issuer(ca_bundle=pem, key_source="jwks_url"), "ca_bundle"):
        context = DeadlineContext.for_fetch(Deadline(1), pem)
        bundle = parse_ca_bundle(pem)
        assert context.cert_store_stats()["x509"] >= 1
        assert all(info.subject is not None and info.not_after.timestamp() for info in bundle)


@given(certificates())
def test_trust_anchors(pem: str) -> None:
    row = issuer(trust_anchors=pem, certificate_bindings=["dns=a.example"], key_source="certificates")
    if accepted(row, "trust_anchors"):
        use(row)
        assert CertificateKeys(trust_anchors=pem, bindings=["dns=a"]).status().certificates


@given(
    st.lists(
        st.builds(
            "{}={}".format,
            st.sampled_from(["subject", "dns", "uri", "email", "sha256", "x"]),
            TEXT
            | st.sampled_from(["CN=a", "CN=\\", "CN=#00", "1.2.3=a", "CN=a+CN=b", "C=NOR", "CN=" + "a" * 100])
            | st.sampled_from(["a@b", "0" * 64])
            | st.lists(st.sampled_from(["CN=", "#", "\\", "+", ",", "=", "1.2", "a", "\\2c"])).map("".join),
        )
        | TEXT,
        max_size=3,
    )
    | JSON
)  # fmt: skip
def test_certificate_bindings(bindings: Any) -> None:
    row = issuer(trust_anchors=ROOT.pem, certificate_bindings=bindings, key_source="certificates")
    if accepted(row, "certificate_bindings"):
        use(row)


@given(
    JSON
    | st.builds(lambda changes: {"keys": [ec_jwk("a") | changes]}, st.dictionaries(TEXT, JSON, max_size=2))
    | st.builds(
        lambda changes: {"keys": [rsa_jwk("a") | changes, ec_jwk("b")]},
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(["e", "n", "kid", "alg", "use", "x5c", "key_ops"], JSON)
        ),
    )
)
def test_inline_keys(jwks: Any) -> None:
    row = issuer(jwks=jwks, key_source="inline")
    if accepted(row, "jwks"):
        use(row)
        assert _source_of(row).status().keys


@given(JSON | st.lists(st.sampled_from(["RS256", "HS256", "none", "", "ES256"]), max_size=3))
def test_algorithms(algorithms: Any) -> None:
    row = issuer(algorithms=algorithms)
    if accepted(row, "algorithms"):
        policy_of(row, {"https://as.example.com"})


@given(JSON | st.lists(TEXT, max_size=3))
def test_audiences(audiences: Any) -> None:
    row = issuer(audiences=audiences)
    if accepted(row, "audiences"):
        policy_of(row, {"https://as.example.com"})


@pytest.mark.parametrize("field", ["leeway", "max_lifetime"])
@given(st.none() | st.integers(-5, 2**40))
@example(0)
@example(2**31 - 1)
def test_durations(field: str, seconds: int | None) -> None:
    row = issuer(**{field: seconds})
    if accepted(row, field):
        policy_of(row, {"https://as.example.com"})


@pytest.mark.parametrize("field", ["resources", "recorded_claims"])
@given(JSON | st.lists(TEXT | URL, max_size=3))
def test_lists_of_a_rule(field: str, value: Any) -> None:
    row = GrantRule(name="r", scopes="read", **{field: value})
    if accepted(row, field):
        check_rule(row)


@given(st.none() | st.integers(-5, 2**40))
@example(0)
def test_lifetime_of_a_token(seconds: int | None) -> None:
    row = GrantRule(name="r", scopes="read", access_token_lifetime=seconds)
    if accepted(row, "access_token_lifetime"):
        check_rule(row)


@given(
    TEXT | st.sampled_from(["/", "/a/0", "/~", "/deep/a/b/1", "/list/99999999999"]),
    TEXT | st.sampled_from(["in", "glob"]),
    JSON,
)
def test_conditions(claim: str, operator: str, values: Any) -> None:
    condition = condition_of(claim, operator, values)
    with contextlib.suppress(InvalidCondition):
        condition.check()
    assert condition.holds(CLAIMS) in (True, False)
    assert str(condition)


@settings(max_examples=20)
@given(st.binary(max_size=300))
def test_certificates_of_any_bytes(der: bytes) -> None:
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE-----"
    assert not accepted(issuer(ca_bundle=text, key_source="jwks_url"), "ca_bundle")
    assert isinstance(ROOT.certificate, x509.Certificate)
