"""Our token view beside django-oauth-toolkit's own: the same answers and signals, by a shorter way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.dispatch import Signal
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from oauth2_provider.models import get_access_token_model
from oauth2_provider.views import TokenView

from oauth_jwt_grant.dot import app_authorized
from oauth_jwt_grant.issued import issued_tokens, note_issued
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.views import JWTBearerTokenView
from tests.factories import DROP, GRANT_TYPE, ec_key, mint

from .support import TOKEN_URL, World, assert_granted, assert_refused

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
VIEWS = {"ours": ("tests.urls", JWTBearerTokenView), "DOT's": ("tests.plain_urls", TokenView)}


@pytest.fixture(params=VIEWS)
def view(request: pytest.FixtureRequest, settings: Any) -> type:
    """Each of the views in turn, mounted at the token URL."""
    settings.ROOT_URLCONF, view = VIEWS[request.param]
    assert resolve(TOKEN_URL).func.view_class is view
    return view


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What ``app_authorized`` was sent with."""
    sent: list[dict[str, Any]] = []

    def note(signal: Signal, sender: Any, **kwargs: Any) -> None:
        sent.append({"sender": sender, **kwargs})

    app_authorized.connect(note)
    yield sent
    app_authorized.disconnect(note)


def test_app_authorized_is_sent_with_the_token(view: type, world: World, heard: list[dict[str, Any]]) -> None:
    raw = assert_granted(world.post(scope="read"))["access_token"]

    [told] = heard
    token = get_access_token_model().objects.get()
    assert type(told["sender"]) is view
    assert told["request"].path == TOKEN_URL
    assert told["token"] == token
    assert told["token"].is_valid(["read"])
    assert told["token"].jwt_bearer_decision == Decision.objects.get()
    fields = [field.attname for field in token._meta.concrete_fields if field.attname != "updated"]
    assert [getattr(told["token"], name) for name in fields] == [getattr(token, name) for name in fields]
    assert raw


def test_a_refusal_authorizes_nobody(view: type, world: World, heard: list[dict[str, Any]]) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    heard.clear()

    assert_refused(world.post(assertion=assertion), "invalid_grant")
    assert_refused(world.post(assertion="x.y.z"), "invalid_grant")
    assert heard == []


def test_both_answer_alike(world: World, settings: Any) -> None:
    """Headers and body, but for the token."""
    requests: list[dict[str, Any]] = [{}, {"assertion": "x"}, {"assertion": DROP}, {"client_secret": "wrong"}]
    answers = []
    for settings.ROOT_URLCONF, _ in VIEWS.values():
        responses = [world.post(**request) for request in requests]
        bodies = [{**response.json(), "access_token": None} for response in responses]
        answers.append([(r.status_code, dict(r.headers), b) for r, b in zip(responses, bodies, strict=True)])
    assert [status for status, _, _ in answers[0]] == [200, 400, 400, 401]
    lengths = [headers.pop("Content-Length", None) for answer in answers for _, headers, _ in answer]
    assert len(lengths) == 8
    assert answers[0] == answers[1]


def test_no_token_is_read_back(world: World) -> None:
    """Six statements: the client, the trust, BEGIN, the token, the decision, COMMIT."""
    world.post()
    with CaptureQueriesContext(connection) as captured:
        assert_granted(world.post())
    table = get_access_token_model()._meta.db_table
    about = [query["sql"] for query in captured if table in query["sql"].partition(" SET ")[0]]
    assert [sql.split()[0] for sql in about if not sql.startswith("SELECT 1")] == ["INSERT"]
    assert sum(query["sql"].startswith("SELECT") for query in captured) == 2


@pytest.mark.parametrize("order", [(GRANT_TYPE, DEVICE_CODE), (DEVICE_CODE, GRANT_TYPE)])
def test_a_second_grant_type_is_refused_whatever_it_is(world: World, order: tuple[str, str]) -> None:
    answer = assert_refused(world.post(grant_type=list(order)), "invalid_request")

    assert "grant_type" in answer["error_description"]


def test_dots_view_stumbles_over_it(world: World, settings: Any) -> None:
    """So the advice of ``oauth_jwt_grant.W010`` can go once this fails."""
    settings.ROOT_URLCONF = "tests.plain_urls"

    assert world.post(grant_type=[GRANT_TYPE, DEVICE_CODE]).status_code == 500


def test_other_grants_are_left_to_dot(world: World, heard: list[dict[str, Any]]) -> None:
    assert_granted(world.post(grant_type="client_credentials", assertion=DROP))

    [told] = heard
    assert type(told["sender"]) is JWTBearerTokenView
    assert told["token"] == get_access_token_model().objects.get()


def test_a_token_is_told_to_whoever_asks_and_to_nobody_else() -> None:
    note_issued("before")
    with issued_tokens() as outer:
        note_issued("outer")
        with issued_tokens() as inner:
            note_issued("inner")
        note_issued("outer again")
    note_issued("after")

    assert outer == ["outer", "outer again"]
    assert inner == ["inner"]
