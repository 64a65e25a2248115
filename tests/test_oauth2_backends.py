"""The backend where no request through django-oauth-toolkit's own view leads."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from django.views.decorators.debug import sensitive_post_parameters

from oauth_jwt_grant.dot import OAuthLibCore
from oauth_jwt_grant.oauth2_backends import JWTBearerOAuthLibCore, is_jwt_bearer_request
from tests.dot import get_oauthlib_core
from tests.factories import GRANT_TYPE


def request(body: str, content_type: str = "application/x-www-form-urlencoded") -> Any:
    return RequestFactory().post("/o/token/", body, content_type=content_type)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        ([], {"assertion", "client_assertion", "client_secret"}),
        (["password"], {"assertion", "client_assertion", "client_secret", "password"}),
        (None, "__ALL__"),
    ],
)
def test_what_error_reports_hide_is_never_less_than_before(hidden: Any, expected: Any) -> None:
    posted = request(f"grant_type={GRANT_TYPE}")
    parameters = [] if hidden is None else hidden

    def view(request: Any) -> Any:
        return get_oauthlib_core().create_token_response(request)

    decorated = view if hidden == [] else sensitive_post_parameters(*parameters)(view)
    decorated(posted)

    found = posted.sensitive_post_parameters
    assert found == expected if isinstance(expected, str) else set(found) == expected


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (f"grant_type={GRANT_TYPE}", True),
        (f"grant_type=password&grant_type={GRANT_TYPE}", True),
        (f"grant_type={GRANT_TYPE}&grant_type=password", True),
        (f"grant_type={GRANT_TYPE}x", False),
        (f"grant_type={GRANT_TYPE.upper()}", False),
        (f"scope={GRANT_TYPE}", False),
        ("", False),
    ],
)
def test_which_requests_are_of_this_grant(body: str, ours: bool) -> None:
    assert is_jwt_bearer_request(request(body)) is ours


def test_repeated_parameters_are_kept_in_requests_of_this_grant_alone() -> None:
    repeated = "scope=a&scope=b&resource=c&resource=d"
    core = JWTBearerOAuthLibCore(server=object())

    assert core.extract_body(request(f"grant_type={GRANT_TYPE}&{repeated}")) == [
        ("grant_type", GRANT_TYPE),
        ("scope", "a"),
        ("scope", "b"),
        ("resource", "c"),
        ("resource", "d"),
    ]
    other = request(f"grant_type=password&{repeated}")
    assert core.extract_body(other) == OAuthLibCore(server=object()).extract_body(other)
