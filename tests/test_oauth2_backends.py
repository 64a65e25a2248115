"""The backend by itself: which requests are of this grant, and what it shows the grant of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import RequestFactory
from oauthlib.common import Request

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.dot import OAuthLibCore
from oauth_jwt_grant.grant import CALL, Call, JWTBearerGrant
from oauth_jwt_grant.oauth2_backends import JWTBearerOAuthLibCore, begin_call, call_of
from tests.factories import GRANT_TYPE


def request(body: str, content_type: str = "application/x-www-form-urlencoded", **extra: Any) -> Any:
    return RequestFactory().post("/o/token/", body, content_type=content_type, **extra)


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (f"grant_type={GRANT_TYPE}", True),
        (f"grant_type={GRANT_TYPE}x", False),
        (f"grant_type={GRANT_TYPE.upper()}", False),
        (f"scope={GRANT_TYPE}", False),
        ("", False),
    ],
)
def test_which_requests_are_of_this_grant(body: str, ours: bool) -> None:
    posted = request(body)
    begin_call(posted)

    assert (call_of(posted) is not None) is ours


@pytest.mark.parametrize("body", [f"password&grant_type={GRANT_TYPE}", f"{GRANT_TYPE}&grant_type=password"])
def test_one_of_two_grant_types_is_enough_to_refuse_the_request(body: str) -> None:
    posted = request(f"grant_type={body}")
    with pytest.raises(AssertionRefused) as refused:
        begin_call(posted)

    assert refused.value.reason is Reason.REPEATED_PARAMETER
    assert call_of(posted) is None


def test_repeated_parameters_are_kept_in_requests_of_this_grant_alone() -> None:
    repeated = "scope=a&scope=b&resource=c&resource=d"
    core = JWTBearerOAuthLibCore(server=object())
    ours, other = request(f"grant_type={GRANT_TYPE}&{repeated}"), request(f"grant_type=password&{repeated}")
    begin_call(ours)
    begin_call(other)

    assert core.extract_body(ours) == [
        ("grant_type", GRANT_TYPE),
        ("scope", "a"),
        ("scope", "b"),
        ("resource", "c"),
        ("resource", "d"),
    ]
    assert core.extract_body(other) == OAuthLibCore(server=object()).extract_body(other)


class Recorder:
    """An oauthlib server that keeps the request as oauthlib reads it."""

    def __init__(self) -> None:
        self.grant_types = {GRANT_TYPE: JWTBearerGrant()}
        self.requests: list[Request] = []

    def create_token_response(self, uri: str, method: str, body: Any, headers: Any, _: Any) -> Any:
        self.requests.append(Request(uri, method, body, headers))
        return {}, "", 200


@pytest.mark.parametrize("more", ["", "resource=b", "scope=%26+%3D%C3%A9&state=", "resource=b&resource=c"])
def test_oauthlib_reads_what_was_posted_whether_or_not_a_name_is_repeated(more: str) -> None:
    server = Recorder()
    ours, dots = request(f"grant_type={GRANT_TYPE}&assertion=a.b.c&{more}"), OAuthLibCore(server=object())
    begin_call(ours)
    JWTBearerOAuthLibCore(server=server).create_token_response(ours)
    read = server.requests[0]

    posted = parse_qsl(ours.body.decode(), keep_blank_values=True)
    assert list(read.decoded_body) == posted
    # A dict where that says it all: oauthlib has nothing to decode.
    assert isinstance(read.body, dict) is (len(dict(posted)) == len(posted))
    assert (read.uri, read.http_method) == dots._extract_params(ours)[:2]
    assert read.headers[CALL] is call_of(ours)
    assert (read.grant_type, read.assertion) == (GRANT_TYPE, "a.b.c")


def test_the_call_goes_to_the_grant_among_the_headers_of_its_request_alone() -> None:
    core = JWTBearerOAuthLibCore(server=object())
    ours, other = request(f"grant_type={GRANT_TYPE}"), request("grant_type=password")
    begin_call(ours)
    begin_call(other)

    assert core.extract_headers(ours) == {
        **OAuthLibCore(server=object()).extract_headers(ours),
        CALL: call_of(ours),
    }
    assert isinstance(call_of(ours), Call)
    assert core.extract_headers(other) == OAuthLibCore(server=object()).extract_headers(other)
