"""How long a token lives where the rule leaves it to DOT's settings (RFC 6749 section 5.1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from oauth_jwt_grant.decision import Question, explain
from oauth_jwt_grant.dot import HAS_ROLES
from oauth_jwt_grant.models import Decision
from tests.dot import forget_backends
from tests.factories import AUDIENCE, ec_key, mint
from tests.support import World, assert_granted


def at_most(seconds: int) -> Callable[[Any], int]:
    return lambda request: seconds if request.client.client_id == "client" else 1


#: What a site may write, and the seconds that it means.
WRITTEN: dict[str, tuple[dict[str, Any], int]] = {
    "nothing": ({}, 36000),
    "seconds": ({"ACCESS_TOKEN_EXPIRE_SECONDS": 200}, 200),
    "a function": ({"ACCESS_TOKEN_EXPIRE_SECONDS": at_most(200)}, 200),
    "seconds for the server": ({"EXTRA_SERVER_KWARGS": {"token_expires_in": 200}}, 200),
    "a function for the server": ({"EXTRA_SERVER_KWARGS": {"token_expires_in": at_most(200)}}, 200),
    "none for the server": ({"EXTRA_SERVER_KWARGS": {"token_expires_in": None}}, 3600),
}
if HAS_ROLES:
    WRITTEN |= {
        "a timedelta": ({"ACCESS_TOKEN_EXPIRE_SECONDS": timedelta(seconds=200)}, 200),
        "a function that returns a timedelta": (
            {"ACCESS_TOKEN_EXPIRE_SECONDS": lambda request: timedelta(seconds=at_most(200)(request))},
            200,
        ),
    }


def write(settings: Any, **provider: Any) -> None:
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | provider
    forget_backends()


def dry_run(world: World, assertion: str) -> Any:
    question = Question(
        assertion=assertion, audiences=[AUDIENCE], now=time.time(), application=world.application
    )
    return explain(question).answer["expires_in"]


@pytest.mark.standard("RSP-04", "H-10")
@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("left", [60, 250, None])
def test_the_lifetime_of_the_settings(world: World, settings: Any, name: str, left: int | None) -> None:
    provider, seconds = WRITTEN[name]
    world.change(world.rule, access_token_lifetime=None, limit_to_assertion=left is not None)
    write(settings, **provider)
    longest = seconds if left is None else min(seconds, left)
    exp = int(time.time()) + (left or 300)

    tried = dry_run(world, mint(ec_key(), exp=exp))
    granted = assert_granted(world.post(assertion=mint(ec_key(), exp=exp)))["expires_in"]

    assert longest - 3 <= granted <= tried <= longest
    token = Decision.objects.get().access_token
    assert token is not None
    assert abs(token.expires.timestamp() - time.time() - granted) < 3


@pytest.mark.parametrize("limit", [False, True])
def test_a_function_sees_the_request_of_the_token(world: World, settings: Any, limit: bool) -> None:
    world.change(
        world.rule,
        access_token_lifetime=None,
        limit_to_assertion=limit,
        client_policy="anonymous",
        default_application=world.application,
        resources=["https://api.example"],
    )
    seen = []

    def lifetime(request: Any) -> int:
        seen.append((request.client, request.user, request.scopes, request.resource, request.grant_type))
        return 200

    write(settings, ACCESS_TOKEN_EXPIRE_SECONDS=lifetime)

    assert_granted(world.post_anonymously(scope="read", resource="https://api.example"))
    (made,) = seen
    question = Question(
        assertion=mint(ec_key()),
        audiences=[AUDIENCE],
        now=time.time(),
        scope="read",
        resources=["https://api.example"],
    )
    assert explain(question).answer["expires_in"] == 200

    assert made[:4] == (world.application, world.user, ["read"], ["https://api.example"])
    assert set(map(str, seen)) == {str(made)}
