"""Several processes post one assertion at the same moment: one token comes of it."""

from __future__ import annotations

import time
from collections import Counter
from urllib.parse import urlencode

import pytest
from django.db import connection

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.conf import conf
from oauth_jwt_grant.models import Decision
from tests.factories import ec_key, mint
from tests.support import World, pairs_of, tokens

from .processes import FULL, Child, all_at_once, children

PROCESSES, ASSERTIONS = (8, 1000) if FULL else (4, 20)

JOURNALS = ["wal", "delete"] if FULL else ["wal"]


def race(world: World, racers: list[Child], **claims: object) -> tuple[Counter[str], list[float]]:
    """Let all post each of the assertions; count the answers and time each heat, in seconds."""
    answers: Counter[str] = Counter()
    times = []
    for _ in range(ASSERTIONS):
        body = urlencode(world.pairs(assertion=mint(ec_key(), **claims)))
        started = time.perf_counter()
        heat = Counter(all_at_once(racers, body))
        times.append(time.perf_counter() - started)
        assert heat == {"200 -": 1, "400 invalid_grant": len(racers) - 1}
        answers += heat
    return answers, times


@pytest.mark.parametrize("atomic", ["0", "1"], ids=["autocommit", "atomic-requests"])
@pytest.mark.parametrize("journal", JOURNALS)
def test_processes_that_post_one_assertion_at_once_get_one_token(
    world: World, atomic: str, journal: str
) -> None:
    if connection.vendor != "sqlite" and journal != "wal":
        pytest.skip(f"not on {connection.vendor}: it has no journal mode")
    with children(PROCESSES, "tests.single_use.racer", ATOMIC=atomic, JOURNAL=journal) as racers:
        answers, times = race(world, racers)
    assert answers == {"200 -": ASSERTIONS, "400 invalid_grant": ASSERTIONS * (PROCESSES - 1)}
    assert tokens() == ASSERTIONS
    accepted = Decision.objects.filter(outcome="accepted", access_token__isnull=False)
    assert accepted.values("replay_key").distinct().count() == accepted.count() == ASSERTIONS
    print(summary(f"{connection.vendor} {journal} atomic={atomic}", times))


@pytest.mark.standard("XDR-07")
def test_one_assertion_at_all_doors_at_once_gives_one_token(world: World) -> None:
    world.change(
        world.rule, accepted_as=[*Door], subject_policy="no_user", default_application=world.application
    )
    heats = ASSERTIONS if FULL else 5
    with children(PROCESSES, "tests.single_use.racer", DOORS="1") as racers:
        for _ in range(heats):
            jwt = mint(ec_key())
            answers = all_at_once(racers, *(urlencode(pairs_of(door, jwt)) for door in Door))
            assert answers.count("200 -") == 1
            losers = {"400 invalid_grant", "400 invalid_request", "401 invalid_client", "200 -"}
            assert set(answers) <= losers
    assert tokens() == heats
    accepted = Decision.objects.filter(outcome="accepted", access_token__isnull=False)
    assert accepted.values("replay_key").distinct().count() == accepted.count() == heats


def summary(name: str, times: list[float]) -> str:
    """What ``-s`` shows of the heats, in milliseconds."""
    middle, worst = sorted(times)[len(times) // 2] * 1000, max(times) * 1000
    return (
        f"{name}: {PROCESSES} processes, {ASSERTIONS} assertions in {sum(times):.1f} s; "
        f"a heat {middle:.0f} ms (median), {worst:.0f} ms (worst)"
    )


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_race_at_each_isolation_level(world: World, level: str) -> None:
    """Under ``repeatable read`` a loser cannot see the winner's row; it is refused all the same."""
    if connection.vendor == "sqlite":
        pytest.skip("not on sqlite: it has no isolation levels")
    with children(PROCESSES, "tests.single_use.racer", ATOMIC="1", ISOLATION=level) as racers:
        race(world, racers)
    assert tokens() == ASSERTIONS
    refused = Decision.objects.filter(outcome="refused").values_list("reason", flat=True)
    # A loser holds no lock of the request any longer when its refusal is written, so none of them is lost.
    kept = conf.REFUSALS_PER_MINUTE if FULL else ASSERTIONS * (PROCESSES - 1)
    assert set(refused) == {"replayed"}
    assert len(refused) >= kept
