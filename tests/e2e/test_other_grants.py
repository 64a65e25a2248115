"""Without this grant in the request, django-oauth-toolkit answers as it does without this package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests import dot
from tests.dot import any_body, forget_backends
from tests.factories import GRANT_TYPE
from tests.support import FORM, SECRET, TOKEN_URL, basic, make_application, make_user

#: The settings of a site without this package.
PLAIN = {
    "OAUTH2_VALIDATOR_CLASS": "oauth2_provider.oauth2_validators.OAuth2Validator",
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.Server",
    "OIDC_SERVER_CLASS": "oauthlib.openid.Server",
    "OAUTH2_BACKEND_CLASS": dot.OAUTHLIB_CORE,
}

CLIENT = [("client_id", "client"), ("client_secret", SECRET)]
CREDENTIALS = [("grant_type", "client_credentials"), *CLIENT]

REQUESTS: dict[str, dict[str, Any]] = {
    "client credentials": {"pairs": CREDENTIALS},
    "with a scope": {"pairs": [*CREDENTIALS, ("scope", "read")]},
    "with a forbidden scope": {"pairs": [*CREDENTIALS, ("scope", "nonsense")]},
    "by header": {"pairs": [("grant_type", "client_credentials")], "authorization": basic("client", SECRET)},
    "wrong secret": {"pairs": [*CREDENTIALS[:2], ("client_secret", "wrong")]},
    "wrong secret by header": {
        "pairs": [("grant_type", "client_credentials")],
        "authorization": basic("client", "wrong"),
    },
    "unknown client": {"pairs": [("grant_type", "client_credentials"), ("client_id", "nobody")]},
    "no client": {"pairs": [("grant_type", "client_credentials")]},
    "repeated scope": {"pairs": [*CREDENTIALS, ("scope", "read"), ("scope", "write")]},
    "repeated grant type": {"pairs": [("grant_type", "password"), *CREDENTIALS]},
    "repeated client": {"pairs": [("client_id", "nobody"), *CREDENTIALS]},
    "resources": {
        "pairs": [*CREDENTIALS, ("resource", "https://a.example/"), ("resource", "https://b.example/")]
    },
    "bad resource": {"pairs": [*CREDENTIALS, ("resource", "relative")]},
    "with an assertion": {"pairs": [*CREDENTIALS, ("assertion", "x"), ("assertion", "y")]},
    "with a query": {"pairs": CREDENTIALS, "query": "a=b"},
    "in the query alone": {"pairs": [], "query": urlencode(CREDENTIALS)},
    "unsupported": {"pairs": [("grant_type", "nonsense"), *CLIENT]},
    "nearly this grant": {"pairs": [("grant_type", GRANT_TYPE.upper()), *CLIENT]},
    "no grant type": {"pairs": CLIENT},
    "nothing": {"pairs": []},
    "password": {"pairs": [("grant_type", "password"), *CLIENT, ("username", "alice"), ("password", "x")]},
    "code": {"pairs": [("grant_type", "authorization_code"), *CLIENT, ("code", "x"), ("redirect_uri", "x")]},
    "refresh token": {"pairs": [("grant_type", "refresh_token"), *CLIENT, ("refresh_token", "x")]},
    "not text": {"pairs": b"grant_type=client_credentials&client_id=%ff"},
    "raw bytes": {"pairs": b"grant_type=client_credentials&client_id=\xff"},
    "JSON": {"pairs": json.dumps(dict(CREDENTIALS)), "content_type": "application/json"},
}


@pytest.fixture(autouse=True)
def _fresh_view() -> Iterator[None]:
    """The view keeps its backend: let it look at the settings again, before and after each test."""
    forget_backends()
    yield
    forget_backends()


def use_plain(settings: Any) -> None:
    """From now on the site is one without this package."""
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, **PLAIN}
    settings.ROOT_URLCONF = "tests.plain_urls"
    forget_backends()


def answer(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    pairs = request["pairs"]
    body = urlencode(pairs) if isinstance(pairs, list) else pairs
    url = f"{TOKEN_URL}?{request['query']}" if "query" in request else TOKEN_URL
    headers = {"Authorization": request["authorization"]} if "authorization" in request else {}
    response = Client(raise_request_exception=False).post(
        url, body, content_type=request.get("content_type", FORM), headers=headers
    )
    return response.status_code, dict(response.headers), response.content


def comparable(request: dict[str, Any]) -> Any:
    """The answer, but for the random text of a token."""
    status, headers, content = answer(request)
    if status != 200:
        return status, headers, content
    members = json.loads(content)
    length = len(members.pop("access_token"))
    return status, headers, list(members.items()), length


@any_body
@pytest.mark.parametrize("name", REQUESTS)
def test_other_grants_are_answered_to_the_byte_as_before(db: None, settings: Any, name: str) -> None:
    make_application()
    make_user()
    ours = comparable(REQUESTS[name])

    use_plain(settings)

    assert ours == comparable(REQUESTS[name])


def test_the_comparison_is_with_a_site_that_lacks_the_grant(db: None, settings: Any) -> None:
    use_plain(settings)

    response = Client().post(TOKEN_URL, urlencode({"grant_type": GRANT_TYPE, "assertion": "x"}), FORM)

    assert response.json() == {"error": "unsupported_grant_type"}
