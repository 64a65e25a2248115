"""What a request rests on is deleted by somebody else while it is answered, under ``ATOMIC_REQUESTS`` too."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from oauth_jwt_grant.decision import record
from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from tests.support import NOT_ENTITLED, UNVERIFIED, World, assert_refused, build_world, elsewhere, tokens

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="not on a database that looks at references at once"
    ),
]


@pytest.fixture(params=[False, True], ids=["plain", "atomic"])
def world(request: pytest.FixtureRequest) -> World:
    settings = connection.settings_dict
    before, settings["ATOMIC_REQUESTS"] = settings["ATOMIC_REQUESTS"], request.param
    yield build_world()
    settings["ATOMIC_REQUESTS"] = before


@pytest.fixture(params=[TrustedIssuer, GrantRule])
def deleted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is gone by the time at which the decision is written."""
    known = record._known

    def known_by_now(*args: Any) -> Any:
        elsewhere(lambda: request.param.objects.all().delete())
        return known(*args)

    monkeypatch.setattr(record, "_known", known_by_now)


@pytest.mark.usefixtures("deleted")
def test_a_token_that_would_rest_on_nothing_is_not_issued(world: World) -> None:
    answer = world.post()
    assert_refused(answer, "invalid_grant", NOT_ENTITLED if TrustedIssuer.objects.exists() else UNVERIFIED)
    assert tokens() == 0
    assert not Decision.objects.exists()


@pytest.mark.usefixtures("deleted")
def test_a_refusal_that_nobody_can_be_told_of_is_a_refusal_still(world: World) -> None:
    world.change(world.user, is_active=False)

    assert_refused(world.post(), "invalid_grant", NOT_ENTITLED)
    assert not Decision.objects.exists()
