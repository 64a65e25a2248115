"""Trust that is withdrawn after the decision and before the token is saved: there is no token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.database import to_datetime
from oauth_jwt_grant.grant import JWTBearerGrant
from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from tests.factories import DROP, SUBJECT, ec_key, mint
from tests.support import (
    NOT_ENTITLED,
    UNVERIFIED,
    World,
    assert_granted,
    assert_refused,
    make_issuer,
    make_rule,
    tokens,
)

Withdrawal = Callable[[World], object]


def move_rule(world: World) -> None:
    other = make_issuer(issuer="https://other.example")
    GrantRule.objects.update(issuer=other)


ISSUER: dict[str, tuple[Withdrawal, Reason, str]] = {
    "issuer disabled": (
        lambda world: TrustedIssuer.objects.update(enabled=False),
        Reason.ISSUER_DISABLED,
        "the issuer was disabled meanwhile",
    ),
    "issuer renamed": (
        lambda world: TrustedIssuer.objects.update(issuer="https://renamed.example"),
        Reason.UNKNOWN_ISSUER,
        "the issuer was deleted or renamed meanwhile",
    ),
    "older than is accepted": (
        lambda world: TrustedIssuer.objects.update(issued_after=timezone.now() + timedelta(minutes=1)),
        Reason.ISSUED_BEFORE,
        "issued_after of the issuer was moved past the iat of the assertion meanwhile",
    ),
    "rule disabled": (
        lambda world: GrantRule.objects.update(enabled=False),
        Reason.NO_RULE,
        "the rule was disabled or deleted meanwhile",
    ),
    "rule moved": (move_rule, Reason.NO_RULE, "the rule was disabled or deleted meanwhile"),
}
DELETED: dict[str, tuple[Withdrawal, str]] = {
    "issuer": (lambda world: TrustedIssuer.objects.all().delete(), UNVERIFIED),
    "rule": (lambda world: GrantRule.objects.all().delete(), NOT_ENTITLED),
}


@contextmanager
def withdrawn_in_between(world: World, withdraw: Withdrawal) -> Iterator[None]:
    """The operator acts when a request has been decided and its token is not yet saved."""
    create = JWTBearerGrant._create_token

    def create_token(self: Any, *args: Any) -> Any:
        withdraw(world)
        return create(self, *args)

    JWTBearerGrant._create_token = create_token  # type: ignore[method-assign]
    try:
        yield
    finally:
        JWTBearerGrant._create_token = create  # type: ignore[method-assign]


@pytest.mark.parametrize("what", ISSUER)
def test_no_token_comes_of_trust_that_is_withdrawn_meanwhile(world: World, what: str) -> None:
    withdraw, reason, detail = ISSUER[what]
    assertion = mint(ec_key())
    with withdrawn_in_between(world, withdraw):
        answer = world.post(assertion=assertion)

    text = ANSWERS[reason].text
    assert_refused(answer, "invalid_grant", text)
    assert tokens() == 0
    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason, decision.detail) == ("refused", reason, detail)
    assert (decision.issuer, decision.subject, decision.replay_key) == (world.issuer, SUBJECT, None)

    # The assertion is not spent.
    TrustedIssuer.objects.filter(pk=world.issuer.pk).update(
        enabled=True, issuer=world.issuer.issuer, issued_after=None
    )
    GrantRule.objects.update(enabled=True, issuer=world.issuer)
    assert_granted(world.post(assertion=assertion))


@pytest.mark.parametrize(("iat", "granted"), [(0, True), (-1, False), (DROP, False)])
def test_a_limit_that_is_set_meanwhile_lets_through_what_is_new_enough(
    world: World, iat: Any, granted: bool
) -> None:
    """The statement that inserts the decision compares as the claim check does: at the very second, too."""
    now = int(time.time())
    limit = to_datetime(now)
    assertion = mint(ec_key(), iat=DROP if iat is DROP else now + iat)
    with withdrawn_in_between(world, lambda world: TrustedIssuer.objects.update(issued_after=limit)):
        answer = world.post(assertion=assertion)
    assert (answer.status_code == 200) == granted
    assert tokens() == granted
    # And so does the check itself, in a request that begins afterwards.
    later = world.post(assertion=mint(ec_key(), iat=DROP if iat is DROP else now + iat))
    assert (later.status_code == 200) == granted


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", DELETED)
def test_no_token_comes_of_trust_that_is_deleted_meanwhile(world: World, what: str) -> None:
    withdraw, text = DELETED[what]
    with withdrawn_in_between(world, withdraw):
        assert_refused(world.post(), "invalid_grant", text)
    assert tokens() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rule_of_several_is_no_other_ones_trust(world: World) -> None:
    make_rule(world.issuer, world.application)
    with withdrawn_in_between(world, lambda world: GrantRule.objects.filter(pk=world.rule.pk).delete()):
        assert_refused(world.post(), "invalid_grant", NOT_ENTITLED)
    assert_granted(world.post())


def test_a_user_who_is_made_for_the_token_goes_with_it(world: World) -> None:
    world.change(world.rule, subject_policy="provision")
    users = set(get_user_model().objects.all())
    with withdrawn_in_between(world, lambda world: TrustedIssuer.objects.update(enabled=False)):
        assert_refused(world.post(assertion=mint(ec_key(), sub="new")), "invalid_grant")
    assert set(get_user_model().objects.all()) == users
