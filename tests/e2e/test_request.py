"""The request itself: method, body, parameters (RFC 6749 section 3.2, RFC 7523 section 2.1)."""

from __future__ import annotations

import gzip
import itertools
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.dot import any_body
from tests.factories import DROP, GRANT_TYPE, ec_key, mint
from tests.support import (
    SECRET,
    TOKEN_URL,
    UNREADABLE,
    World,
    assert_granted,
    assert_refused,
    basic,
    cases,
    post,
    tokens,
)

IN_QUERY = "Parameters must be in the request body, not in the URL."


@pytest.mark.standard("RSP-01", "RSP-02", "RSP-03", "RSP-05", "JOSE-01", "CLM-12")
def test_a_good_request_gets_a_token_and_nothing_else(world: World) -> None:
    answer = assert_granted(world.post())

    assert answer["scope"] == "read write"
    assert answer["expires_in"] == 3600


@pytest.mark.standard("REQ-01")
@cases("method", ["get", "put", "patch", "delete", "head", "options", "trace"])
def test_only_post_is_a_token_request(world: World, method: str) -> None:
    body = urlencode(world.pairs())

    response = getattr(Client(), method)(f"{TOKEN_URL}?{body}")

    assert response.status_code == (200 if method == "options" else 405)
    assert b"access_token" not in response.content
    assert tokens() == 0


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity", "nonsense"])
def test_a_body_is_taken_as_it_came_whatever_its_coding_is_said_to_be(world: World, coding: str) -> None:
    headers = {"Content-Encoding": coding}
    compressed = gzip.compress(urlencode(world.pairs()).encode())

    response = post(compressed, headers=headers)
    assert response.status_code == 400
    assert response.json() == {"error": "unsupported_grant_type"}
    assert tokens() == 0
    assert_granted(world.post(headers=headers))


@cases(
    "headers",
    [
        {"Accept": "text/html"},
        {"Accept": "application/xml", "Accept-Encoding": "gzip, br", "Accept-Language": "tlh"},
        {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"},
        {"Cookie": "sessionid=x; csrftoken=y"},
        {"Referer": "https://elsewhere.example/"},
        {"Range": "bytes=0-3"},
        {"If-None-Match": "*"},
        {"If-Modified-Since": "Tue, 24 Nov 2026 00:00:00 GMT"},
        {"Expect": "100-continue"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Prefer": "return=minimal"},
        {"Authorization": ""},
    ],
)
def test_headers_of_browsers_and_libraries_change_nothing(world: World, headers: dict[str, str]) -> None:
    response = world.post(headers=headers)

    assert_granted(response)
    # No page of another origin can read the answer, and none is let in by a preflight.
    assert not [name for name in response.headers if name.startswith("Access-Control-")]


def test_a_preflight_lets_no_other_origin_in(world: World) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    response = Client().options(TOKEN_URL, headers=asked)

    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("Access-Control-")]


def test_without_the_final_slash_a_client_is_sent_on_and_its_assertion_is_not_used(world: World) -> None:
    pairs = world.pairs()

    response = post(pairs, url=TOKEN_URL.rstrip("/"))

    assert (response.status_code, response["Location"]) == (301, TOKEN_URL)
    # Most libraries follow with a GET (RFC 9110 section 15.4.2), which is no token request.
    assert Client().get(response["Location"]).status_code == 405
    assert tokens() == 0
    assert_granted(post(pairs))


@pytest.mark.standard("REQ-04", "REQ-05")
@cases(
    "grant_type",
    [
        GRANT_TYPE.upper(),
        GRANT_TYPE.replace("jwt-bearer", "JWT-BEARER"),
        "jwt-bearer",
        f"{GRANT_TYPE} ",
        f" {GRANT_TYPE}",
        f"{GRANT_TYPE}\0",
        "assertion",
        "urn:ietf:params:oauth:grant-type:jwt-dpop",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ],
)
def test_the_grant_type_is_compared_exactly(world: World, grant_type: str) -> None:
    response = world.post(grant_type=grant_type)

    assert response.status_code == 400
    assert response.json()["error"] == "unsupported_grant_type"
    assert tokens() == 0


@pytest.mark.standard("REQ-02")
def test_where_django_asks_for_tls_nothing_is_read_without_it(world: World, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = world.post()

    assert response.status_code == 301
    assert response["Location"].startswith("https://")
    assert tokens() == 0
    assert_granted(post(world.pairs(), secure=True))


@pytest.mark.standard("REQ-06")
@pytest.mark.parametrize("grant_type", [DROP, ""])
def test_without_a_grant_type_there_is_no_token(world: World, grant_type: str) -> None:
    response = world.post(grant_type=grant_type)

    assert response.status_code == 400
    assert tokens() == 0


@pytest.mark.standard("REQ-07", "REQ-08")
@pytest.mark.parametrize("assertion", [DROP, ""])
def test_a_missing_assertion_is_the_fault_of_the_request(world: World, assertion: str) -> None:
    assert_refused(world.post(assertion=assertion), "invalid_request", "The parameter assertion is missing.")


@pytest.mark.standard("REQ-09")
@cases("same", [True, False])
@cases("name", ["assertion", "scope", "client_id", "client_secret", "client_assertion", "foo"])
def test_a_repeated_parameter_is_refused_even_if_both_are_equal(world: World, name: str, same: bool) -> None:
    good = dict(world.pairs(scope="read", foo="1", client_assertion="x"))[name]
    values = [good, good if same else "other"]

    for order in itertools.permutations(values):
        assert_refused(
            world.post(**{name: list(order)}),
            "invalid_request",
            f"The parameter {name} is sent more than once.",
        )
    assert tokens() == 0


@pytest.mark.standard("REQ-09")
def test_a_repeated_parameter_is_seen_even_where_one_of_them_is_empty(world: World) -> None:
    assert_refused(world.post(scope=["", "read"]), "invalid_request")
    assert_refused(world.post(scope=["read", ""]), "invalid_request")


@pytest.mark.standard("REQ-09")
@cases(
    "other",
    [GRANT_TYPE, "", "client_credentials", "password", "refresh_token", "authorization_code", "nonsense"],
)
@cases("first", [True, False])
def test_a_second_grant_type_is_refused_whichever_it_is(world: World, other: str, first: bool) -> None:
    order = [GRANT_TYPE, other] if first else [other, GRANT_TYPE]

    response = world.post(grant_type=order, refresh_token="x", code="x", username="x", password="x")

    assert_refused(response, "invalid_request", "The parameter grant_type is sent more than once.")
    assert tokens() == 0


@pytest.mark.standard("ERR-04")
def test_a_repeated_name_of_the_callers_own_making_does_not_come_back(world: World) -> None:
    response = world.post(**{'<b>"\n': ["1", "2"]})

    assert_refused(response, "invalid_request", "The parameter in question is sent more than once.")


@pytest.mark.standard("REQ-10")
def test_resource_may_be_repeated(world: World) -> None:
    world.change(world.rule, resources=["https://a.example/", "https://b.example/"])

    assert_granted(world.post(resource=["https://a.example/", "https://b.example/"]))


@pytest.mark.standard("REQ-11")
def test_parameters_that_mean_nothing_here_are_ignored(world: World) -> None:
    answer = assert_granted(
        world.post(
            foo="1", code="x", redirect_uri="https://x", code_verifier="y", refresh_token="z", état="é"
        )
    )

    assert answer["scope"] == "read write"


#: Names that oauthlib, django-oauth-toolkit or this package might look up on the request object.
SHADOWS = [
    "client", "user", "scopes", "scope_list", "resource_list", "claims", "expires_in", "request", "headers",
    "uri", "body", "decoded_body", "encoding", "_params", "_oauth_jwt_grant", "_oauth_jwt_grant_case",
    "validator_log", "oauth_params", "http_method", "duplicate_params", "extra_credentials", "access_token",
    "id_token", "refresh_token_instance", "state", "token", "token_type", "grant_type_for_scope", "nonce",
    "prompt", "max_age", "permission", "application", "decision", "issuer", "now", "audiences", "id",
]  # fmt: skip


@pytest.mark.standard("REQ-11")
@pytest.mark.parametrize("value", ["1", "admin", "nonsense"])
def test_no_parameter_takes_the_place_of_something_else(world: World, value: str) -> None:
    everything = [(name, value) for name in SHADOWS]
    by_header = world.pairs(client_id=DROP, client_secret=DROP) + everything

    for pairs, headers in (
        (world.pairs() + everything, {}),
        (by_header, {"Authorization": basic("client", SECRET)}),
    ):
        answer = assert_granted(post(pairs, headers=headers))
        assert answer["scope"] == "read write"
        assert answer["expires_in"] == 3600
    decision = world.issuer.decisions.latest("pk")
    assert decision.user == world.user
    assert decision.application == world.application


@cases("name", SHADOWS)
def test_no_parameter_stands_in_for_credentials_or_subject(world: World, name: str) -> None:
    for value in ("1", "client", "alice", str(world.user.pk)):
        nobodys = world.pairs(client_id=DROP, client_secret=DROP)
        assert_refused(post([*nobodys, (name, value)]), "invalid_client")
    world.issuer.linked_subjects.all().delete()

    assert_refused(post([*world.pairs(), (name, "alice")]), "invalid_grant")


@pytest.mark.standard("REQ-12")
@cases("separator", [" ", ",", "\n", "\r\n", "&", ";", "~"])
def test_an_assertion_is_one_jwt(world: World, separator: str) -> None:
    two = separator.join([mint(ec_key()), mint(ec_key())])

    assert_refused(world.post(assertion=two), "invalid_grant")


@pytest.mark.standard("REQ-13", "REQ-14")
@pytest.mark.parametrize("name", ["assertion", "client_id", "client_secret", "scope", "grant_type"])
def test_nothing_is_read_from_the_url(world: World, name: str) -> None:
    moved = dict(world.pairs(scope="read"))[name]
    rest = {} if name == "grant_type" else {name: DROP}

    response = world.post(query=urlencode({name: moved}), **rest)

    assert_refused(response, "invalid_request", IN_QUERY)
    assert tokens() == 0


@any_body
@pytest.mark.standard("REQ-14")
def test_a_request_that_is_in_the_url_as_a_whole_is_none(world: World) -> None:
    response = post([], query=urlencode(world.pairs()))

    assert response.status_code == 400
    assert tokens() == 0


@pytest.mark.standard("REQ-16")
@cases("query", ["%", "%zz", "a=%G0", "%ff", "é", "a[]=1", "a;b", "=", "&", "\\", "%00"])
def test_whatever_the_query_is_the_answer_is_the_same(world: World, query: str) -> None:
    assert_refused(world.post(query=query), "invalid_request", IN_QUERY)


def test_a_correlation_id_in_the_url_is_passed_over(world: World) -> None:
    answer = assert_granted(world.post(query="client-request-id=0c897d3e-ae39-4f6c-bd79-3f6e69253cb9"))

    assert "client-request-id" not in answer


@pytest.mark.standard("REQ-14")
@cases(
    "query",
    [
        "client-request-id=",
        "client-request-id=1&client-request-id=2",
        "client-request-id=1&scope=write",
        "client-request-id=1;scope=write",
        "scope=write&client-request-id=1",
        "client-request-id=1%26scope%3Dwrite",
        "client-request-id=1%0A",
        f"client-request-id={'1' * 65}",
        "Client-Request-Id=1",
    ],
)
def test_nothing_comes_in_beside_or_in_a_correlation_id(world: World, query: str) -> None:
    assert_refused(world.post(query=query), "invalid_request", IN_QUERY)
    assert tokens() == 0


@pytest.mark.standard("REQ-16")
@cases("broken", [b"%ff%fe", b"\xff\xfe", b"%ed%a0%80", b"%c0%80", b"\x80"])
@cases("name", [b"assertion", b"scope", b"client_id", b"client_secret", b"foo"])
def test_bytes_that_are_no_text_are_the_fault_of_the_request(
    world: World, name: bytes, broken: bytes
) -> None:
    rest = urlencode([pair for pair in world.pairs() if pair[0] != name.decode()]).encode()

    assert_refused(post(rest + b"&" + name + b"=" + broken), "invalid_request", UNREADABLE)


@pytest.mark.standard("REQ-16")
@pytest.mark.parametrize("broken", ["%", "%z", "%zz", "%0"])
def test_a_broken_escape_is_a_character_like_others(world: World, broken: str) -> None:
    body = urlencode(world.pairs(assertion=DROP))

    assert_refused(post(f"{body}&assertion={broken}"), "invalid_grant")
    assert_granted(post(f"{urlencode(world.pairs())}&foo={broken}"))


@cases("name", ["assertion", "scope", "client_id", "client_secret", "resource", "foo", "grant_type"])
def test_nul_is_no_error_of_the_server(world: World, name: str) -> None:
    for value in ("\0", "a\0b", f"{dict(world.pairs()).get(name, '')}\0"):
        response = world.post(**{name: value})
        assert response.status_code == 200 if name == "foo" else response.status_code in (400, 401)


@pytest.mark.standard("ROB-01")
def test_a_huge_assertion_is_refused_before_it_is_read(world: World) -> None:
    assert_refused(world.post(assertion="a" * 1_000_000), "invalid_grant", "The assertion is too long.")
    assert world.issuer.decisions.count() == 0


def test_a_request_beyond_djangos_limits_is_refused_by_django(world: World) -> None:
    assert world.post(assertion="a" * 3_000_000).status_code == 400
    assert world.post(**{f"p{number}": "1" for number in range(1001)}).status_code == 400
