"""Single use: a token spends the assertion, nothing else does (RFC 7523 section 3, item 7)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from oauth_jwt_grant.models import Decision, TrustedIssuer
from tests.factories import DROP, SUBJECT, ec_key, mint, unb64
from tests.support import (
    SECRET,
    UNVERIFIED,
    World,
    assert_granted,
    assert_refused,
    cases,
    make_application,
    make_issuer,
    make_rule,
    tokens,
)

USED = "The assertion has been used before."


@pytest.mark.standard("RPL-02", "RPL-03", "JAG-12", "H-29")
@cases(
    ("policy", "jti", "second"),
    [
        ("once", "j", USED),
        ("once", DROP, USED),
        ("require_jti", "j", USED),
        ("once_if_jti", "j", USED),
        ("once_if_jti", DROP, None),
        ("reusable", "j", None),
        ("reusable", DROP, None),
    ],
)
def test_what_each_policy_says_to_a_second_use(
    world: World, policy: str, jti: Any, second: str | None
) -> None:
    world.change(world.issuer, replay_policy=policy)
    assertion = mint(ec_key(), jti=jti)

    first = assert_granted(world.post(assertion=assertion))
    for _ in range(3):
        again = world.post(assertion=assertion)
        if second is None:
            assert assert_granted(again)["access_token"] != first["access_token"]
        else:
            assert_refused(again, "invalid_grant", second)
    assert tokens() == (1 if second else 4)


@pytest.mark.standard("RPL-08")
def test_a_policy_may_require_a_jti(world: World) -> None:
    world.change(world.issuer, replay_policy="require_jti")

    refused = world.post(assertion=mint(ec_key(), jti=DROP))
    assert_refused(refused, "invalid_grant", "The assertion lacks the claim jti.")


def test_the_jti_counts_and_not_the_rest_of_the_assertion(world: World) -> None:
    assert_granted(world.post(assertion=mint(ec_key(), jti="one")))

    assert_refused(
        world.post(assertion=mint(ec_key(), jti="one", exp=time.time() + 90)), "invalid_grant", USED
    )
    for other in ("two", "One", "one ", "on"):
        assert_granted(world.post(assertion=mint(ec_key(), jti=other)))


def test_without_a_jti_the_signed_content_counts(world: World) -> None:
    now = int(time.time())
    first, second = (mint(ec_key(), jti=DROP, iat=now, exp=now + 300) for _ in range(2))
    later = mint(ec_key(), jti=DROP, iat=now, exp=now + 301)
    assert unb64(first.split(".")[1]) == unb64(second.split(".")[1])

    assert_granted(world.post(assertion=first))
    assert_refused(world.post(assertion=second), "invalid_grant", USED)
    assert_granted(world.post(assertion=later))


@pytest.mark.standard("RPL-05", "H-33")
def test_issuers_do_not_share_their_jtis(world: World) -> None:
    other = make_issuer(ec_key(name="second"), issuer="https://second.example")
    make_rule(other, world.application, subject_policy="no_user")

    assert_granted(world.post(assertion=mint(ec_key(), jti="same")))
    assert_granted(
        world.post(assertion=mint(ec_key(name="second"), iss="https://second.example", jti="same"))
    )


@pytest.mark.standard("RPL-04", "H-28")
def test_replay_is_seen_as_long_as_the_leeway_lasts(world: World) -> None:
    assertion = mint(ec_key(), exp=int(time.time()) - 20)

    assert_granted(world.post(assertion=assertion))
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)
    decision = Decision.objects.get(outcome="accepted")
    assert decision.replay_until is not None
    assert decision.replay_until > decision.time
    # Whatever is kept for how long: a decision is not cleared before that.
    later = decision.replay_until + timedelta(seconds=1)
    assert decision not in Decision.objects.clearable(later, timedelta(0))
    # Nor before its token has ended.
    decision.access_token.revoke()
    assert decision not in Decision.objects.clearable(decision.replay_until, timedelta(0))
    assert decision in Decision.objects.clearable(later, timedelta(0))


@pytest.mark.standard("RPL-07")
def test_a_forgery_does_not_spend_the_jti_of_another(world: World) -> None:
    forged = mint(ec_key(name="attacker"), header={"kid": ec_key().kid}, jti="victim")

    assert_refused(world.post(assertion=forged), "invalid_grant", UNVERIFIED)
    assert_granted(world.post(assertion=mint(ec_key(), jti="victim")))


def refusals(world: World) -> list[dict[str, Any]]:
    """Requests that are refused though the assertion is good."""
    make_application("other")
    return [
        {"client_secret": "wrong"},
        {"client_id": "nobody"},
        {"client_id": "other"},
        {"client_id": DROP, "client_secret": DROP},
        {"scope": "nonsense"},
        {"scope": ["read", "read"]},
        {"resource": "https://api.example/"},
        {"client_assertion": "x"},
        {"authorization_details": "[]"},
        {"query": "a=b"},
        {"headers": {"Authorization": "Bearer x"}},
        {"foo": "\udcff".encode("utf-8", "surrogateescape")},
        {"grant_type": "nonsense"},
    ]


def test_a_refused_request_leaves_the_assertion_usable(world: World) -> None:
    assertion = mint(ec_key())

    for changes in refusals(world):
        response = world.post(**{"assertion": assertion, **changes})
        assert response.status_code in (400, 401), changes
    assert tokens() == 0
    assert_granted(world.post(assertion=assertion))
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)


def test_what_the_operator_mends_lets_the_same_assertion_through(world: World) -> None:
    assertion = mint(ec_key())
    breaks: list[tuple[Any, str, Any]] = [
        (world.issuer, "enabled", False),
        (world.issuer, "valid_from", timezone.now() + timedelta(hours=1)),
        (world.issuer, "valid_until", timezone.now() - timedelta(hours=1)),
        (world.issuer, "audiences", ["other"]),
        (world.issuer, "algorithms", ["RS256"]),
        (world.issuer, "max_lifetime", 1),
        (world.issuer, "profile", "id-jag"),
        (world.rule, "enabled", False),
        (world.rule, "scopes", "nonsense"),
        (world.user, "is_active", False),
        (world.user, "is_staff", True),
        (world.user, "is_superuser", True),
    ]

    for row, name, value in breaks:
        good = getattr(row, name)
        world.change(row, **{name: value})
        assert world.post(assertion=assertion).status_code == 400, name
        world.change(row, **{name: good})
    assert_granted(world.post(assertion=assertion))


def test_single_use_survives_a_flushed_cache(world: World) -> None:
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))

    cache.clear()
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)


def test_single_use_survives_the_issuer_and_the_token(world: World) -> None:
    assertion = mint(ec_key())
    answer = assert_granted(world.post(assertion=assertion))
    decision = Decision.objects.get()
    assert decision.access_token is not None
    decision.access_token.delete()
    world.issuer.delete()
    decision.refresh_from_db()
    assert (decision.issuer, decision.access_token, decision.rule) == (None, None, None)

    assert_refused(world.post(assertion=assertion), "invalid_grant", UNVERIFIED)
    issuer = make_issuer()
    issuer.linked_subjects.create(subject=SUBJECT, user=world.user)
    make_rule(issuer, world.application)
    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)
    assert_granted(world.post())
    assert answer["access_token"]


def test_single_use_survives_a_stricter_policy(world: World) -> None:
    """A second use under ``reusable`` does not count; the first under ``once`` does from then on."""
    assertion = mint(ec_key())
    assert_granted(world.post(assertion=assertion))
    world.change(world.issuer, replay_policy="reusable")
    assert_granted(world.post(assertion=assertion))
    world.change(world.issuer, replay_policy="once")

    assert_refused(world.post(assertion=assertion), "invalid_grant", USED)


def test_another_client_cannot_use_it_again(world: World) -> None:
    world.rule.applications.add(make_application("other"))
    assertion = mint(ec_key())

    assert_granted(world.post(assertion=assertion))
    assert_refused(world.post(assertion=assertion, client_id="other"), "invalid_grant", USED)
    assert_refused(world.post_basic("other", SECRET, assertion=assertion), "invalid_grant", USED)


def test_trust_that_is_withdrawn_acts_on_the_next_request(world: World) -> None:
    assert_granted(world.post())
    TrustedIssuer.objects.update(enabled=False)

    assert_refused(world.post(), "invalid_grant", UNVERIFIED)
    TrustedIssuer.objects.update(enabled=True)
    world.rule.applications.clear()
    assert_refused(world.post(), "unauthorized_client")
    world.rule.applications.add(world.application)
    assert_granted(world.post())
    world.application.delete()
    assert_refused(world.post(), "invalid_client")
