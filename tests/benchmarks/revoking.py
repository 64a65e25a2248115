"""Whether a token survives when an operator disables and revokes, and how long the operator waits for it.

First, rounds in which four clients, who pause before the decision and again before COMMIT, meet an
operator who disables and revokes, in each of the ways there are, with and without ``ATOMIC_REQUESTS``.
Then 16 clients post to one issuer at full speed while it is disabled. The status is 1 if a token survived,
or if that took a second. Run it with
``OJG_TEST_DB=postgres python -m tests.benchmarks.revoking [--rounds N] [--way NAME]``.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from urllib.parse import urlencode

# As docs/ advise for SQLite, a transaction of the admin begins to write at once.
os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.single_use.settings", "OJG_TEST_ATOMIC": "1"}

import django

django.setup()

from django.db import connection

from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.trust import withdrawal
from tests.factories import ec_key, mint
from tests.single_use.processes import Child, children
from tests.single_use.revoking import CLIENTS, PAUSES, WAYS, Round, enable_all, operator, revoke_meanwhile
from tests.support import World, build_world, tokens

from .databases import test_databases

RACER = "tests.single_use.racer"
#: Those at full speed, how often an issuer is disabled, and the most that disabling may take, in seconds.
CROWD, PULLS, LIMIT = 16, 10, 1.0


def main() -> int:
    """Print what came of it; the status says whether that is good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="with and as many without ATOMIC_REQUESTS")
    parser.add_argument(
        "--way", choices=sorted(WAYS), help="of disabling and revoking (default: each in turn)"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    ways = [options.way] if options.way else list(WAYS)
    with test_databases():
        world = build_world()
        failed = [rounds(world, ways, options.rounds, atomic=atomic) for atomic in (False, True)]
        failed += [full_speed(world, atomic=atomic) for atomic in (False, True)]
    return 1 if any(failed) else 0


def rounds(world: World, ways: list[str], number: int, *, atomic: bool) -> int:
    """Run ``number`` rounds and print how many left a token; returns that."""
    flag = str(int(atomic))
    with operator(atomic=atomic) as browser, children(CLIENTS, RACER, *PAUSES, ATOMIC=flag) as clients:
        chosen = [ways[n % len(ways)] for n in range(number)]
        done = [(way, revoke_meanwhile(world, clients, browser, way)) for way in chosen]
    failed = [(way, one) for way, one in done if one.survivors]
    print(f"{connection.vendor} ATOMIC_REQUESTS={atomic}: {summary([one for _, one in done])}", flush=True)
    for way, count in Counter(way for way, _ in failed).items():
        print(f"  {way}: {count} of {sum(name == way for name, _ in done)} rounds left a token")
    return len(failed)


def summary(done: list[Round]) -> str:
    """The sums of all rounds."""
    failed = [one for one in done if one.survivors]
    answers = sum((one.answers for one in done), Counter())
    waited = sorted(one.seconds for one in done)
    return (
        f"{len(failed)} of {len(done)} rounds left a token ({sum(one.survivors for one in failed)} tokens, "
        f"{sum(one.without_decision for one in failed)} without a decision); answers {dict(answers)}; "
        f"the operator waited {statistics.median(waited):.2f} s (median), {waited[-1]:.2f} s (worst)"
    )


def full_speed(world: World, *, atomic: bool) -> bool:
    """Disable and revoke under load, print how long disabling took, and return whether that was bad."""
    times, left = [], 0
    with children(CROWD, RACER, ATOMIC=str(int(atomic))) as clients:
        for _ in range(PULLS):
            enable_all()
            with posting(world, clients) as answers:
                time.sleep(1)
                before = sum(answers.values())
                started = time.perf_counter()
                withdrawal.disable([world.issuer])
                times.append(time.perf_counter() - started)
                withdrawal.revoke(Decision.objects.all())
                time.sleep(0.2)
            left += tokens()
    print(
        f"{connection.vendor} ATOMIC_REQUESTS={atomic}: {CROWD} clients at full speed, {before} answers in a "
        f"second; disabled {PULLS} times in {statistics.median(times) * 1000:.0f} ms (median), "
        f"{max(times) * 1000:.0f} ms (worst); {left} tokens left",
        flush=True,
    )
    return left > 0 or max(times) >= LIMIT


@contextmanager
def posting(world: World, clients: list[Child]) -> Iterator[Counter[str]]:
    """All post one assertion after the other; the answers so far."""
    answers: Counter[str] = Counter()
    stopped = Event()

    def post(client: Child) -> None:
        while not stopped.is_set():
            client.write(urlencode(world.pairs(assertion=mint(ec_key()))))
            answers[client.read()] += 1

    with ThreadPoolExecutor(len(clients)) as threads:
        done = [threads.submit(post, client) for client in clients]
        try:
            yield answers
        finally:
            stopped.set()
    for one in done:
        one.result()


if __name__ == "__main__":
    raise SystemExit(main())
