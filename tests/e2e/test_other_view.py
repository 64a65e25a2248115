"""Through any other view than ours the grant gives nothing, uses nothing up, and says to the operator why."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.views.decorators.csrf import csrf_exempt

from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.dot import OAuthLibCore, TokenView
from oauth_jwt_grant.grant import CALL, GRANT_TYPE
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.oauth2_backends import JWTBearerOAuthLibCore
from oauth_jwt_grant.views import JWTBearerTokenView, JWTBearerTokenViewMixin
from tests.dot import any_body, get_oauthlib_core
from tests.factories import ec_key, mint
from tests.support import FORM, TOKEN_URL, World, assert_granted, assert_refused, post, tokens

from .test_token_view import mounted


class Extension(TokenView):
    """A view of the site's own without the mixin."""


class MixinLast(TokenView, JWTBearerTokenViewMixin):
    """The bases in the wrong order."""


class PassedOver(JWTBearerTokenViewMixin, TokenView):
    """Makes its view function without the mixin."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return super(JWTBearerTokenViewMixin, cls).as_view(**initkwargs)


class OtherBackend(JWTBearerTokenView):
    """Our view with a backend that tells the grant of no view."""

    oauthlib_backend_class = OAuthLibCore


@csrf_exempt
def function(request: HttpRequest) -> HttpResponse:
    """A view of the site's own that asks django-oauth-toolkit directly."""
    _, headers, body, status = get_oauthlib_core().create_token_response(request)
    return HttpResponse(body, status=status, headers=headers)


@csrf_exempt
def inside(request: HttpRequest) -> HttpResponse:
    """Calls a method of our view, past its view function."""
    view = JWTBearerTokenView()
    view.setup(request)
    return view.post(request)


OTHERS: dict[str, Callable[[], Any]] = {
    "DOT's view": TokenView.as_view,
    "an extension of DOT's": Extension.as_view,
    "the mixin last": MixinLast.as_view,
    "the mixin passed over": PassedOver.as_view,
    "another backend": OtherBackend.as_view,
    "a function": lambda: function,
    "a method of ours": lambda: inside,
}


@pytest.fixture(params=OTHERS)
def _other(request: pytest.FixtureRequest, settings: Any) -> None:
    settings.ROOT_URLCONF = mounted(OTHERS[request.param]())


def assert_unsupported(response: Any) -> None:
    assert_refused(response, "unsupported_grant_type", ANSWERS[Reason.NOT_SET_UP].text)


@pytest.mark.usefixtures("_other")
def test_the_grant_is_unsupported_and_nothing_is_used_up(
    world: World, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assertion = mint(ec_key())
    pairs = world.pairs(assertion=assertion, state="x")

    with CaptureQueriesContext(connection) as captured:
        assert_unsupported(post(pairs))

    assert not [query for query in captured if query["sql"].startswith("SELECT")]
    assert (tokens(), Decision.objects.count()) == (0, 0)
    [record] = [record for record in caplog.records if record.name == "oauth_jwt_grant.wiring"]
    assert record.levelno == logging.ERROR
    assert 'path("o/", include("oauth_jwt_grant.endpoints"))' in record.getMessage()
    assert TOKEN_URL in record.getMessage()
    assert assertion not in caplog.text
    settings.ROOT_URLCONF = "tests.urls"
    assert_granted(post(pairs))


FORGED = ["oauth_jwt_grant.call", "_oauth_jwt_grant_call", "call", "tokens", "headers", CALL.upper()]


@pytest.mark.usefixtures("_other")
@pytest.mark.parametrize("name", FORGED)
def test_nobody_can_pretend_to_have_come_through_our_view(world: World, name: str) -> None:
    """By a parameter, a header, a cookie, or a variable of the server."""
    for value in ("1", "Call", "Call(tokens=[])", '{"tokens": []}'):
        assert_unsupported(post([*world.pairs(), (name, value)], headers={name: value}))
        client = Client()
        client.defaults[name] = value
        assert_unsupported(client.post(TOKEN_URL, urlencode(world.pairs()), FORM))
        assert_unsupported(post(world.pairs(), headers={"Cookie": f"{name}={value}"}))
    assert tokens() == 0


@pytest.mark.usefixtures("_other")
def test_another_grant_is_answered_there_as_ever(world: World) -> None:
    assert_granted(world.post(grant_type="client_credentials"))


class JSONBackend(JWTBearerOAuthLibCore):
    """A backend that reads JSON, as django-oauth-toolkit's ``JSONOAuthLibCore``."""

    def extract_body(self, request: HttpRequest) -> Any:
        if request.content_type == "application/json":
            return json.loads(request.body).items()
        return super().extract_body(request)


@any_body
@pytest.mark.parametrize("escaped", [False, True])
def test_json_is_no_way_around_our_view(world: World, settings: Any, escaped: bool) -> None:
    """Not even where nothing but a JSON parser sees what grant it is."""
    name = f"{__name__}.JSONBackend"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OAUTH2_BACKEND_CLASS": name}
    body = json.dumps(dict(world.pairs()))
    if escaped:
        body = body.replace(GRANT_TYPE, GRANT_TYPE.replace(":", "\\u003a"))

    response = post(body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"] == ("unsupported_grant_type" if escaped else "invalid_request")
    assert tokens() == 0
    credentials = json.dumps(dict(world.pairs(grant_type="client_credentials")))
    assert_granted(post(credentials, content_type="application/json"))
