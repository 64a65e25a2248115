"""A database or a receiver that fails in mid-request: what the client and the admins get to see.

The errors are those of real databases, the mails those of Django's own handler, with all variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models.signals import post_save
from django.dispatch import Signal
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.dot import app_authorized
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.signals import assertion_accepted, assertion_refused
from tests.factories import ec_key, mint
from tests.support import (
    SECRET,
    World,
    assert_granted,
    assert_refused,
    build_world,
    elsewhere,
    post,
    tokens,
)

from .failing import FAILURES, OF_A_DECISION, Mails, atomic_requests, mails_to_admins
from .middleware import READERS

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = "The server could not find out in time whether the assertion has been used before. Try again."


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture(params=[False, True], ids=["plain", "atomic"])
def _atomic(request: pytest.FixtureRequest) -> Iterator[None]:
    with atomic_requests(request.param):
        yield


@pytest.fixture(params=READERS)
def _reader(request: pytest.FixtureRequest, settings: Any) -> None:
    """Middleware that reads what is posted, or none."""
    added = [f"tests.e2e.middleware.{reader.__name__}" for reader in READERS[request.param]]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *added]


@pytest.fixture(params=FAILURES)
def failure(request: pytest.FixtureRequest) -> Callable[[], Any]:
    fail, vendors = FAILURES[request.param]
    if connection.vendor not in vendors:
        pytest.skip("not on this database")
    return fail


@pytest.fixture
def mails(mailoutbox: Any) -> Iterator[Mails]:
    with mails_to_admins() as mails:
        yield mails


def assert_nothing_is_shown(mails: Mails, *secrets: str) -> None:
    """Neither whole nor in part: Django cuts what it shows of a variable."""
    for text in mails.sent:
        for secret in secrets:
            assert secret[:60] not in text
            assert secret[-40:] not in text


@contextmanager
def receiving(signal: Signal, receiver: Callable[..., None], **kwargs: Any) -> Iterator[None]:
    signal.connect(receiver, weak=False, **kwargs)
    try:
        yield
    finally:
        signal.disconnect(receiver, **kwargs)


def fail(sender: Any, **kwargs: Any) -> None:
    """A receiver with a fault."""
    raise ValueError("a fault of the receiver")


def lose_the_database(sender: Any, **kwargs: Any) -> None:
    """A receiver whose own database fails."""
    raise OperationalError("the receiver's own database")


@pytest.mark.usefixtures("_atomic", "_reader")
def test_a_database_that_fails_is_answered_in_json_and_the_assertion_stays_good(
    world: World, failure: Callable[[], Any], mails: Mails
) -> None:
    assertion = mint(ec_key())
    pairs = world.pairs(assertion=assertion)

    with failure():
        response = post(pairs)

    assert_refused(response, "temporarily_unavailable", BUSY)
    assert int(response["Retry-After"]) >= 1
    assert_nothing_is_shown(mails, assertion, SECRET)
    assert (tokens(), Decision.objects.count()) == (0, 0)
    assert_granted(post(pairs))


@pytest.mark.usefixtures("_reader")
def test_another_grant_fails_as_before_and_no_secret_is_mailed(
    world: World, failure: Callable[[], Any], mails: Mails
) -> None:
    """Also what is posted beside it: a client that misspells the grant posts an assertion too."""
    assertion = mint(ec_key())
    pairs = world.pairs(
        grant_type="client_credentials", assertion=assertion, code="the code of somebody else"
    )

    with atomic_requests(), failure():
        response = post(pairs)

    undisturbed = failure in OF_A_DECISION
    assert response.status_code == (200 if undisturbed else 500)
    assert undisturbed or "OperationalError" in "".join(mails.sent)
    assert_nothing_is_shown(mails, assertion, SECRET, "the code of somebody else")


@pytest.mark.parametrize("receiver", [fail, lose_the_database])
@pytest.mark.usefixtures("_atomic", "_reader")
def test_a_receiver_of_app_authorized_that_fails_shows_nothing(
    world: World, receiver: Callable[..., None], mails: Mails
) -> None:
    """The token is there by then: no answer may say that the client should try again."""
    assertion = mint(ec_key())

    with receiving(app_authorized, receiver):
        response = world.post(assertion=assertion)

    assert response.status_code == 500
    assert receiver.__name__ in "".join(mails.sent)
    token = get_access_token_model().objects.get()
    assert_nothing_is_shown(mails, assertion, SECRET, token.token or token.token_checksum)
    assert Decision.objects.get().outcome == "accepted"
    assert_refused(world.post(assertion=assertion), "invalid_grant", "The assertion has been used before.")


@pytest.mark.usefixtures("_atomic", "_reader")
def test_a_receiver_inside_the_transaction_of_the_token_that_fails_shows_nothing(
    world: World, mails: Mails
) -> None:
    assertion = mint(ec_key())

    with receiving(post_save, fail, sender=get_access_token_model()):
        response = world.post(assertion=assertion)

    assert response.status_code == 500
    assert "a fault of the receiver" in "".join(mails.sent)
    assert_nothing_is_shown(mails, assertion, SECRET)
    assert (tokens(), Decision.objects.count()) == (0, 0)
    assert_granted(world.post(assertion=assertion))


@pytest.mark.usefixtures("_atomic", "_reader")
def test_receivers_of_our_signals_that_fail_change_no_answer_and_show_nothing(
    world: World, mails: Mails
) -> None:
    assertion = mint(ec_key())

    with receiving(assertion_accepted, fail), receiving(assertion_refused, fail):
        answer = assert_granted(world.post(assertion=assertion))
        assert_refused(world.post(assertion=assertion), "invalid_grant")

    assert "".join(mails.sent).count("a fault of the receiver") >= 2
    assert_nothing_is_shown(mails, assertion, SECRET, answer["access_token"])


@pytest.mark.usefixtures("_atomic")
def test_receivers_run_after_commit(world: World) -> None:
    """Another connection sees the token and its decision by then."""
    seen: list[int] = []

    def look(sender: Any, **kwargs: Any) -> None:
        elsewhere(lambda: seen.append(Decision.objects.filter(access_token__isnull=False).count()))

    with receiving(assertion_accepted, look), receiving(app_authorized, look):
        assert_granted(world.post())

    assert seen == [1, 1]
