"""Two server processes on one database: trust, single use, fetched keys, with and without a shared cache."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from oauth_jwt_grant.models import Decision, IssuerKeys, LinkedSubject, TrustedIssuer
from tests.factories import ec_key, jwk, mint, rsa_key
from tests.jwks_server import Answer, JwksServer
from tests.support import World, tokens

from .servers import SHARED_CACHE, Server, at_once, servers

Two = list[Server]

shared_cache = pytest.mark.skipif(
    not SHARED_CACHE,
    reason="not on a cache that each process has of its own",
)


def answers(two: Two, world: World, **changes: Any) -> list[str]:
    return [server.post(world.pairs(**changes)) for server in two]


def race(two: Two, world: World) -> list[str]:
    """The answers to one assertion that is posted to both at the same moment."""
    pairs = world.pairs()
    return at_once(*(partial(server.post, pairs) for server in two))


WITHDRAWALS: dict[str, Callable[[World], object]] = {
    "issuer": lambda world: TrustedIssuer.objects.update(enabled=False),
    "rule": lambda world: world.change(world.rule, enabled=False),
    "listed application": lambda world: world.rule.applications.clear(),
    "application": lambda world: world.application.delete(),
    "user": lambda world: world.change(world.user, is_active=False),
    "link": lambda world: LinkedSubject.objects.all().delete(),
    "key": lambda world: world.change(world.issuer, jwks={"keys": [jwk(rsa_key())]}),
}


class TestTrust:
    @pytest.mark.parametrize("what", WITHDRAWALS)
    def test_what_is_withdrawn_is_withdrawn_in_both(self, two: Two, world: World, what: str) -> None:
        assert answers(two, world) == ["ok", "ok"]
        WITHDRAWALS[what](world)
        refusals = answers(two, world)
        assert "ok" not in refusals
        assert refusals[0] == refusals[1]

    def test_the_admin_of_either_acts_in_the_other(self, two: Two, world: World) -> None:
        operator = get_user_model().objects.create_superuser(
            username="operator@example.com", email="operator@example.com", password=None
        )
        for here, there in (two, two[::-1]):
            assert there.post(world.pairs()) == "ok"
            disable_in_admin(here, operator, world.issuer)
            assert there.post(world.pairs()) == "invalid_grant"
            TrustedIssuer.objects.update(enabled=True)
            assert there.post(world.pairs()) == "ok"

    def test_an_assertion_posted_to_both_at_once_becomes_one_token(self, two: Two, world: World) -> None:
        for _ in range(5):
            assert Counter(race(two, world)) == {"ok": 1, "invalid_grant": 1}
        assert tokens() == 5


def disable_in_admin(server: Server, operator: Any, issuer: TrustedIssuer) -> None:
    """What the operator's browser posts for the action "Disable selected trusted issuers"."""
    browser = Client()
    browser.force_login(operator)
    form = {
        "action": "disable",
        "_selected_action": issuer.pk,
        "csrfmiddlewaretoken": "c" * 32,
    }
    cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={'c' * 32}"
    status, _ = server.request("/admin/oauth_jwt_grant/trustedissuer/", urlencode(form), Cookie=cookies)
    assert status == 302


@shared_cache
class TestSharedCache:
    """Redis, as the cell has it."""

    def test_a_cold_start_costs_one_fetch(self, two: Two, world: World, issuer: JwksServer) -> None:
        issuer.answers["/jwks"] = Answer(issuer_set(), delay=0.3)
        assert at_once(*(partial(server.post, world.pairs()) for server in two)) == ["ok", "ok"]
        assert issuer.count() == 1

    def test_a_new_key_costs_one_fetch(self, two: Two, world: World, issuer: JwksServer) -> None:
        assert answers(two, world) == ["ok", "ok"]
        issuer.publish(jwk(rsa_key()))
        assert [server.post(world.pairs(assertion=mint(rsa_key()))) for server in two] == ["ok", "ok"]
        assert issuer.count() == 2
        # And the key that was taken out is gone in both.
        assert answers(two, world) == ["invalid_grant", "invalid_grant"]

    def test_an_outage_is_known_to_both(self, two: Two, world: World, issuer: JwksServer) -> None:
        issuer.answers["/jwks"] = Answer(status=500)
        assert answers(two, world) == ["temporarily_unavailable"] * 2
        assert issuer.count() == 1


def test_a_flush_and_a_restart_and_an_outage_together_lose_nothing(
    two: Two, world: World, issuer: JwksServer
) -> None:
    spent = world.pairs()
    assert two[0].post(spent) == "ok"
    assert answers(two, world) == ["ok", "ok"]
    issuer.stop()
    cache.clear()
    with servers(1) as [restarted]:
        assert restarted.post(world.pairs()) == "ok"
        assert restarted.post(spent) == "invalid_grant"
    assert two[1].post(spent) == "invalid_grant"
    assert issuer.count() == 1
    assert set(Decision.objects.values_list("outcome", "reason")) == {
        ("accepted", ""),
        ("refused", "replayed"),
    }


class TestCacheOfEachProcess:
    """What works without a shared cache: all but the saving of fetches."""

    def test_the_first_fetch_serves_both_through_the_database(
        self, apart: Two, world: World, issuer: JwksServer
    ) -> None:
        assert answers(apart, world) == ["ok", "ok"]
        assert issuer.count() == 1

    def test_a_cold_start_costs_a_fetch_each(self, apart: Two, world: World, issuer: JwksServer) -> None:
        issuer.answers["/jwks"] = Answer(issuer_set(), delay=0.5)
        assert at_once(*(partial(server.post, world.pairs()) for server in apart)) == ["ok", "ok"]
        assert issuer.count() <= 2
        assert IssuerKeys.objects.count() == 1

    def test_each_finds_a_new_key_by_itself(self, apart: Two, world: World, issuer: JwksServer) -> None:
        assert answers(apart, world) == ["ok", "ok"]
        issuer.publish(jwk(rsa_key()))
        assert [server.post(world.pairs(assertion=mint(rsa_key()))) for server in apart] == ["ok", "ok"]
        assert issuer.count() == 3

    def test_single_use_holds(self, apart: Two, world: World, issuer: JwksServer) -> None:
        assert Counter(race(apart, world)) == {"ok": 1, "invalid_grant": 1}
        assert tokens() == 1


def issuer_set() -> bytes:
    """The issuer's JWK Set, for an answer with a delay."""
    return json.dumps({"keys": [jwk(ec_key())]}).encode()
