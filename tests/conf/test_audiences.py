"""Which strings name this server, and which never do (RFC 7523 section 3, item 3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import include, path

from oauth_jwt_grant.conf import hosts_are_exact, issuer_identifier, issuer_identifiers, server_audiences
from oauth_jwt_grant.dpop import origins_are_known, own_urls, token_endpoint_urls
from tests.checks.test_checks import OURS

urlpatterns = [path("oauth/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


class WithoutDot:
    """A URL configuration in which django-oauth-toolkit has no place."""

    urlpatterns: list[Any] = []  # noqa: RUF012


@pytest.fixture
def unset(settings: Any) -> Any:
    """Settings in which nothing says who this server is."""
    settings.OAUTH_JWT_GRANT = {}
    settings.ALLOWED_HOSTS = ["as.example.com"]
    return settings


def request(host: str = "as.example.com", **extra: Any) -> Any:
    return RequestFactory().post("/o/token/", HTTP_HOST=host, **extra)


def test_what_the_operator_wrote_counts_alone(settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": ["a", "b"]}

    assert server_audiences(request("evil.example")) == {"a", "b"}
    assert issuer_identifier() == "a"


@pytest.mark.standard("JAG-03")
@pytest.mark.parametrize(
    ("audiences", "identifier"),
    [
        (["https://as.example.com/o/token/", "https://as.example.com"], "https://as.example.com"),
        (("https://as.example.com", "https://as.example.com/o/token/"), "https://as.example.com"),
        ({"https://as.example.com/o/token/", "https://b.example", "https://a.example"}, "https://a.example"),
        (["https://as.example.com/o/token/"], None),
        ([], None),
    ],
)
def test_the_token_endpoint_is_no_issuer_identifier(
    settings: Any, audiences: Any, identifier: str | None
) -> None:
    settings.OAUTH_JWT_GRANT = {"AUDIENCES": audiences}

    assert issuer_identifier() == identifier


def test_derived_from_the_request(unset: Any) -> None:
    assert server_audiences(request()) == {"http://as.example.com/o", "http://as.example.com/o/token/"}
    assert server_audiences(request(secure=True)) == {
        "https://as.example.com/o",
        "https://as.example.com/o/token/",
    }
    assert server_audiences() == frozenset()
    assert issuer_identifier() is None


@pytest.mark.standard("MET-01")
def test_the_issuer_of_our_own_metadata_is_derived_as_well(unset: Any) -> None:
    unset.ROOT_URLCONF = OURS

    names = {"https://as.example.com", "https://as.example.com/o", "https://as.example.com/o/token/"}
    assert server_audiences(request(secure=True)) == names
    assert server_audiences(request("evil.example")) == frozenset()


@pytest.mark.standard("AUD-08")
@pytest.mark.parametrize(
    ("host", "port", "ours"),
    [
        ("as.example.com:8443", "8443", True),
        ("as.example.com", "8443", True),  # a proxy's own port is none of its clients' business
        ("as.example.com:8443", "443", False),
        ("as.example.com:99999", "443", False),
        ("[2001:db8::1]:8443", "443", False),
        ("[2001:db8::1]", "443", True),
    ],
)
def test_another_port_of_the_host_is_not_ours(unset: Any, host: str, port: str, ours: bool) -> None:
    unset.ALLOWED_HOSTS = ["as.example.com", "[2001:db8::1]"]
    names = server_audiences(request(host, secure=True, SERVER_PORT=port))
    assert names == ({f"https://{host}/o", f"https://{host}/o/token/"} if ours else frozenset())


@pytest.mark.standard("JAG-03")
def test_an_id_jag_may_name_the_derived_issuer_but_never_the_endpoint(unset: Any) -> None:
    unset.ROOT_URLCONF = OURS
    derived = server_audiences(request(secure=True))
    assert issuer_identifiers(derived) == {"https://as.example.com", "https://as.example.com/o"}

    unset.OAUTH_JWT_GRANT = {"AUDIENCES": ["https://as.example.com/o/token/"]}
    assert issuer_identifiers(derived) == frozenset()
    unset.OAUTH_JWT_GRANT = {"AUDIENCES": ["https://as.example.com/o/token/", "b", "c"]}
    assert issuer_identifiers(derived) == {"b"}


def test_a_host_that_is_not_ours_derives_nothing(unset: Any) -> None:
    assert server_audiences(request("evil.example")) == frozenset()


@pytest.mark.parametrize("hosts", [[], ["*"], ["as.example.com", "*"], [".example.com"], ["*.example.com"]])
def test_hosts_that_a_caller_can_make_up_derive_nothing(unset: Any, hosts: list[str]) -> None:
    unset.ALLOWED_HOSTS = hosts

    assert not hosts_are_exact()
    assert server_audiences(request()) == frozenset()


def test_the_issuer_of_the_metadata_and_the_endpoint_beside_it(unset: Any) -> None:
    unset.OAUTH2_PROVIDER = {**unset.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": "https://id.example.com/tenant"}

    expected = {"https://id.example.com/tenant", "https://id.example.com/o/token/"}
    assert server_audiences(request("evil.example")) == expected
    assert server_audiences() == expected
    assert issuer_identifier() == "https://id.example.com/tenant"


@pytest.mark.parametrize(
    ("urls", "expected"), [("tests.conf.test_audiences", "/oauth/token/"), (WithoutDot, "/o/token/")]
)
def test_without_a_request_the_endpoint_is_where_the_urls_are(unset: Any, urls: Any, expected: str) -> None:
    unset.ROOT_URLCONF = urls
    unset.OAUTH2_PROVIDER = {**unset.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": "https://id.example.com"}

    assert server_audiences() == {"https://id.example.com", f"https://id.example.com{expected}"}


AS = "https://as.example.com"


@pytest.mark.standard("POP-03")
class TestUrls:
    """What the target of a request is called: never by a host that a caller has made up."""

    def test_the_audiences_that_are_urls_of_the_token_endpoint(self, unset: Any) -> None:
        unset.OAUTH_JWT_GRANT = {"AUDIENCES": [AS, f"{AS}/o/token/", "https://old.example.com/auth/o/token/"]}
        unset.ALLOWED_HOSTS = ["*"]

        assert token_endpoint_urls(request("evil.example")) == {
            f"{AS}/o/token/", "https://old.example.com/auth/o/token/",
        }  # fmt: skip

    def test_the_url_of_the_request_where_hosts_are_exact(self, unset: Any) -> None:
        assert token_endpoint_urls(request()) == {"http://as.example.com/o/token/"}
        assert token_endpoint_urls(request(**{"wsgi.url_scheme": "https"})) == {f"{AS}/o/token/"}

    def test_no_url_of_a_host_that_is_not_allowed(self, unset: Any) -> None:
        assert token_endpoint_urls(request("evil.example")) == frozenset()

    @pytest.mark.parametrize("hosts", [[], ["*"], [".example.com"]])
    @pytest.mark.parametrize(
        ("audiences", "issuer", "url", "ours"),
        [
            ([], "", f"{AS}/api/", False),
            ([AS], "", f"{AS}/api/", True),
            (["urn:as", f"{AS}/o/token/"], "", f"{AS}/api/", True),
            ([AS], "", "HTTPS://AS.example.com/api/", True),
            ([AS], "", "http://as.example.com/api/", False),
            ([AS], "", f"{AS}:8443/api/", False),
            ([AS], "", f"{AS}.evil.example/api/", False),
            ([AS], "", "https://evil.example/api/", False),
            (["as.example.com", "urn:as", ""], "", "as.example.com", False),
            (["as.example.com", "urn:as", ""], "", "/api/", False),
            ([], f"{AS}/o", f"{AS}/api/", True),
        ],
    )
    def test_the_url_of_a_request_where_the_settings_name_its_origin(
        self, unset: Any, hosts: list[str], audiences: list[str], issuer: str, url: str, ours: bool
    ) -> None:
        unset.ALLOWED_HOSTS = hosts
        unset.OAUTH_JWT_GRANT = {"AUDIENCES": audiences}
        unset.OAUTH2_PROVIDER = unset.OAUTH2_PROVIDER | {"OIDC_ISS_ENDPOINT": issuer}

        assert own_urls(url, "443") == ({url} if ours else set())

    @pytest.mark.parametrize(
        ("url", "ours"),
        [
            (f"{AS}/api/", True),
            (f"{AS}:8443/api/", True),
            (f"{AS}:9999/api/", False),
            ("https://[::1]/api/", True),
            ("https://[::1]:8443/api/", True),
            ("https://[::1]:9999/api/", False),
        ],
    )
    def test_an_exact_host_at_the_port_that_was_connected_to(self, unset: Any, url: str, ours: bool) -> None:
        """At another port of the host there may be a server that passes on what it is sent."""
        assert own_urls(url, "8443") == ({url} if ours else set())

    def test_whether_there_is_any(self, unset: Any) -> None:
        assert origins_are_known()
        unset.ALLOWED_HOSTS = ["*"]
        assert not origins_are_known()
        unset.OAUTH_JWT_GRANT = {"AUDIENCES": ["urn:as", AS]}
        assert origins_are_known()
