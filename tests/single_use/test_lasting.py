"""What single use survives: lost caches, restarts, issuers that go and come back, and clearing."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, LinkedSubject
from tests.factories import SUBJECT, ec_key, mint
from tests.support import World, assert_granted, assert_refused, make_issuer, make_rule, tokens

from .processes import children

USED = "The assertion has been used before."


def test_a_flushed_cache_and_new_processes(world: World) -> None:
    assertion = mint(ec_key())
    body = urlencode(world.pairs(assertion=assertion))
    answers = []
    for _ in range(2):
        with children(1, "tests.single_use.racer") as [racer]:
            racer.write(body)
            answers.append(racer.read())
        cache.clear()
    assert answers == ["200 -", "400 invalid_grant"]
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)
    assert tokens() == 1


def test_an_issuer_that_is_deleted_and_made_again(world: World) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    world.issuer.delete()

    again = make_issuer()
    make_rule(again, world.application)
    LinkedSubject.objects.create(issuer=again, subject=SUBJECT, user=world.user)
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)
    assert_granted(world.post())


def test_everything_else_that_the_decision_names_may_go(world: World) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    decision = Decision.objects.get()
    for gone in (decision.access_token, world.user, world.rule):
        gone.delete()

    make_rule(world.issuer, world.application, subject_policy="no_user")
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)


def test_clearing_keeps_what_still_guards(world: World, settings: Any) -> None:
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "DECISION_RETENTION_DAYS": 0}
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    assert_refused(world.post(scope="admin"), "invalid_scope")

    call_command("cleardecisions", stdout=StringIO())
    assert Decision.objects.get().outcome == "accepted"
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)

    Decision.objects.update(replay_until=timezone.now() - timedelta(seconds=1))
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    call_command("cleardecisions", stdout=StringIO())
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("lapsed", "counts"), [(29, True), (31, False)])
def test_a_row_guards_as_long_as_the_leeway_admits_the_assertion(
    world: World, lapsed: int, counts: bool
) -> None:
    """``replay_until`` is ``exp`` and the leeway of 30 seconds: until then the claim is accepted."""
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    decision = Decision.objects.get()
    until, issued = decision.replay_until, decision.time
    assert until is not None
    expires = until - timedelta(seconds=30)
    assert timedelta(seconds=298) < expires - issued <= timedelta(seconds=300)

    decision.access_token.revoke()
    at = expires + timedelta(seconds=lapsed)
    guarded = decision not in Decision.objects.clearable(at, timedelta(0))
    assert guarded is counts
