"""The two signals: one for each answer, sent after its row; an error of a receiver changes no answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from oauth_jwt_grant.assertion import Reason
from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.signals import assertion_accepted, assertion_refused, trust_changed
from oauth_jwt_grant.trust import withdrawal
from tests.factories import ec_key, mint
from tests.public import SIGNALS
from tests.support import World, assert_granted, assert_refused


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What the signals brought, in its order; their receiver then fails."""
    calls: list[dict[str, Any]] = []

    def receive(**arguments: Any) -> None:
        calls.append(arguments)
        raise RuntimeError("a bug of the site")

    assertion_accepted.connect(receive)
    assertion_refused.connect(receive)
    yield calls
    assertion_accepted.disconnect(receive)
    assertion_refused.disconnect(receive)


def test_an_accepted_assertion(world: World, heard: list[dict[str, Any]]) -> None:
    assert_granted(world.post())

    (call,) = heard
    assert call["signal"] is assertion_accepted
    assert call["sender"] is Decision
    assert sorted(call.keys() - {"signal", "sender"}) == SIGNALS["assertion_accepted"]
    assert call["decision"] == Decision.objects.get()
    assert call["decision"].access_token.user == world.user
    assert call["request"].client == world.application


def test_a_refused_assertion(world: World, heard: list[dict[str, Any]]) -> None:
    assert_refused(world.post(assertion=mint(ec_key(), aud="other")), "invalid_grant")

    (call,) = heard
    assert call["signal"] is assertion_refused
    assert call["reason"] is Reason.AUDIENCE
    assert sorted(call.keys() - {"signal", "sender"}) == SIGNALS["assertion_refused"]
    assert call["decision"] == Decision.objects.get()


def test_a_refused_assertion_of_somebody_unknown(world: World, heard: list[dict[str, Any]]) -> None:
    assert_refused(world.post(assertion="nonsense"), "invalid_grant")

    (call,) = heard
    assert call["reason"] is Reason.MALFORMED
    assert call["decision"] is None


def test_a_replay_is_heard_as_a_refusal(world: World, heard: list[dict[str, Any]]) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    assert_refused(world.post(assertion=assertion), "invalid_grant")

    assert [call["signal"] for call in heard] == [assertion_accepted, assertion_refused]
    assert heard[1]["reason"] is Reason.REPLAYED
    assert heard[1]["decision"].outcome == "refused"


def test_a_failed_client_authentication_is_no_matter_of_assertions(
    world: World, heard: list[dict[str, Any]]
) -> None:
    assert_refused(world.post(client_secret="wrong"), "invalid_client")

    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_audits_are_told_of_issuers_that_are_disabled_in_bulk() -> None:
    issuers = [
        TrustedIssuer.objects.create(name=name, issuer=f"https://{name}.example", enabled=enabled)
        for name, enabled in (("one", True), ("two", True), ("off", False))
    ]
    told: list[Any] = []

    def hear(sender: Any, action: str, instances: Any, **kwargs: Any) -> None:
        assert not connection.in_atomic_block
        assert kwargs.keys() == {"signal"}
        told.append((sender, action, [issuer.name for issuer in instances]))

    before = dict(TrustedIssuer.objects.values_list("name", "updated"))
    trust_changed.connect(hear)
    try:
        withdrawal.disable(issuers)
        after = dict(TrustedIssuer.objects.values_list("name", "updated"))
        assert [name for name in before if after[name] > before[name]] == ["one", "two"]
        withdrawal.disable(issuers)
        TrustedIssuer.objects.filter(name="two").update(issued_after=datetime(2100, 1, 1, tzinfo=UTC))
        withdrawal.from_now_on(issuers)
        withdrawal.from_now_on(issuers[1:2])
    finally:
        trust_changed.disconnect(hear)
    assert told == [
        (TrustedIssuer, "disabled", ["one", "two"]),
        (TrustedIssuer, "issued_after", ["one", "off"]),
    ]
