"""From an issuer to its keys by its metadata (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oauth_jwt_grant.assertion import KeysUnavailable
from oauth_jwt_grant.keys import DiscoveredKeys, FetchFailed, KeyLimits
from oauth_jwt_grant.keys.discovery import well_known_urls
from tests.jwks_server import Answer, JwksServer, json_answer

from .material import Clock, ec_jwk, header

Make = Callable[..., DiscoveredKeys]
OPENID = "/tenant/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server/tenant"


@pytest.fixture
def issuer(server: JwksServer) -> str:
    server.publish(ec_jwk("a"))
    return server.url("/tenant")


@pytest.fixture
def discovered(remote: Callable[..., Any], issuer: str) -> Make:
    def make(**changes: Any) -> DiscoveredKeys:
        source = remote(DiscoveredKeys, **{"issuer": issuer, **changes})
        assert isinstance(source, DiscoveredKeys)
        return source

    return make


def metadata(server: JwksServer, named: Any, **members: Any) -> Answer:
    document = {"issuer": named, "jwks_uri": server.url(), **members}
    return json_answer({name: value for name, value in document.items() if value is not None})


def kids(source: DiscoveredKeys) -> list[str | None]:
    return [key.kid for key in source.candidates(header())]


def refusal(source: DiscoveredKeys) -> str:
    with pytest.raises(KeysUnavailable) as caught:
        source.candidates(header())
    return caught.value.detail.removeprefix("the keys cannot be fetched: ")


def paths(server: JwksServer) -> list[str]:
    return [path for path, _ in server.requests]


@pytest.mark.parametrize(
    ("issuer", "openid", "oauth"),
    [
        (
            "https://a.example",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://a.example/",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://a.example:8443/t/1",
            "https://a.example:8443/t/1/.well-known/openid-configuration",
            "https://a.example:8443/.well-known/oauth-authorization-server/t/1",
        ),
    ],
)
def test_well_known_places(issuer: str, openid: str, oauth: str) -> None:
    assert well_known_urls(issuer) == (openid, oauth)


@pytest.mark.parametrize(
    "issuer", ["http://a.example", "https://a.example?x=1", "https://a.example#x", "service-1", ""]
)
def test_issuers_without_a_well_known_place(issuer: str) -> None:
    with pytest.raises(FetchFailed):
        well_known_urls(issuer)


def test_place_of_openid_connect_first(server: JwksServer, discovered: Make, issuer: str) -> None:
    server.answers[OPENID] = metadata(server, issuer)
    assert kids(discovered()) == ["a"]
    assert kids(discovered()) == ["a"]
    assert paths(server) == [OPENID, "/jwks"]


def test_place_of_rfc_8414_where_there_is_nothing(server: JwksServer, discovered: Make, issuer: str) -> None:
    server.answers[OAUTH] = metadata(server, issuer)
    assert kids(discovered()) == ["a"]
    assert paths(server) == [OPENID, OAUTH, "/jwks"]


def test_no_second_place_after_an_error(server: JwksServer, discovered: Make, issuer: str) -> None:
    server.answers[OPENID] = Answer(status=500)
    server.answers[OAUTH] = metadata(server, issuer)
    assert refusal(discovered()) == "the answer has the HTTP status 500"
    assert paths(server) == [OPENID]


def test_explicit_place_alone(server: JwksServer, discovered: Make, issuer: str) -> None:
    url = server.url("/v1/metadata")
    assert refusal(discovered(discovery_url=url)) == "the answer has the HTTP status 404"
    assert paths(server) == ["/v1/metadata"]
    server.answers["/v1/metadata"] = metadata(server, issuer)
    discovered(discovery_url=url).refresh()
    assert kids(discovered(discovery_url=url)) == ["a"]


@pytest.mark.standard("KEY-05")
@pytest.mark.parametrize("other", ["{}/", "{}x", "https://evil.example", None, ["{}"]])
def test_metadata_of_another_issuer(server: JwksServer, discovered: Make, issuer: str, other: Any) -> None:
    said = other.format(issuer) if isinstance(other, str) else other and [issuer]
    server.answers[OPENID] = metadata(server, said)
    assert "the discovery document is about another issuer: " in refusal(discovered())
    assert paths(server) == [OPENID]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (None, "the discovery document has no jwks_uri"),
        (5, "the discovery document has no jwks_uri"),
        ("", "the jwks_uri of the discovery document is not an https URL"),
        ("http://127.0.0.1/jwks", "the jwks_uri of the discovery document is not an https URL"),
        ("https://user@127.0.0.1/jwks", "the jwks_uri of the discovery document is not an https URL"),
    ],
)
def test_unusable_url_of_the_keys(
    server: JwksServer, discovered: Make, issuer: str, url: Any, text: str
) -> None:
    server.answers[OPENID] = metadata(server, issuer, jwks_uri=url)
    assert refusal(discovered()).startswith(text)
    assert paths(server) == [OPENID]


def test_switch_for_insecure_development_is_of_no_use(
    server: JwksServer, discovered: Make, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    server.answers[OPENID] = metadata(server, issuer, jwks_uri="http://127.0.0.1/jwks")
    assert "is not an https URL" in refusal(discovered())


def test_new_place_of_the_keys(server: JwksServer, discovered: Make, issuer: str, clock: Clock) -> None:
    server.answers[OPENID] = metadata(server, issuer)
    server.publish(ec_jwk("a"), ETag='"1"')
    kids(discovered())
    server.publish(ec_jwk("b"), path="/new")
    server.answers[OPENID] = metadata(server, issuer, jwks_uri=server.url("/new"))
    clock.now += 3600
    assert kids(discovered()) == ["b"]
    # The entity tag belonged to the other URL.
    assert "If-None-Match" not in server.requests[-1][1]


def test_new_discovery_url_never_serves_the_old_keys(
    server: JwksServer, discovered: Make, issuer: str
) -> None:
    server.answers[OPENID] = metadata(server, issuer)
    kids(discovered())
    assert refusal(discovered(discovery_url=server.url("/nothing"))) == "the answer has the HTTP status 404"


def test_one_deadline_for_metadata_and_keys(
    server: JwksServer, discovered: Make, issuer: str, clock: Clock, deadlines: Clock
) -> None:
    """Each of three answers takes 12 seconds."""

    def late(answer: Answer) -> Callable[[dict[str, str]], Answer]:
        def arrive(sent: dict[str, str]) -> Answer:
            deadlines.sleep(12)
            return answer

        return arrive

    server.answers[OPENID] = late(Answer(status=404))
    server.answers[OAUTH] = late(metadata(server, issuer))
    server.answers["/jwks"] = late(json_answer({"keys": [ec_jwk("a")]}))
    assert refusal(discovered(limits=KeyLimits(fetch_timeout=30))) == "no complete answer within 30 s"
    assert server.count() == 1
    clock.now += 30
    assert kids(discovered(limits=KeyLimits(fetch_timeout=40))) == ["a"]
