"""What plan and apply of many issuers take: ``python -m tests.benchmarks.trust_file [N]``, on any database.

Each issuer has two rules with two conditions each, and every rule lists an application. Applied to an empty
database, then planned again without a change, then with one field of each issuer changed, then pruned.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection

from oauth_jwt_grant.trust_file import Trust, carry_out, current, plan, read

from ..support import make_application
from .databases import test_databases


def main() -> None:
    """Print what each step took, with the number of changes."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with test_databases(), tempfile.TemporaryDirectory() as folder:
        make_application("tool")
        file, empty = Path(folder) / "trust.toml", Path(folder) / "empty.toml"
        text = "".join(issuers(number))
        file.write_text(text)
        empty.write_text("")
        step("add", lambda: read([str(file)]))
        step("nothing", lambda: read([str(file)]))
        file.write_text(text.replace('name = "Issuer', 'name = "I'))
        step("change", lambda: read([str(file)]))
        step("remove", lambda: read([str(empty)]))


def issuers(number: int) -> Iterator[str]:
    """Yield the tables of each issuer."""
    for count in range(number):
        yield f'[[issuers]]\nissuer = "https://i{count}.example"\nname = "Issuer {count}"\n'
        for rule in "ab":
            yield (
                f'[[issuers.rules]]\nname = "{rule}"\napplications = ["tool"]\nscopes = "read"\n'
                'subject_policy = "no_user"\n'
            )
            for claim in ("repository", "ref"):
                yield f'[[issuers.rules.conditions]]\nclaim = "{claim}"\nvalues = ["{rule}"]\n'


def step(name: str, wanted: Callable[[], Trust]) -> None:
    """Plan and apply, and print the time of each: that of the clock, and of this process alone."""
    started, worked = time.perf_counter(), time.process_time()
    planned = plan(wanted(), current(links=False), prune=True)
    between, worked_between = time.perf_counter(), time.process_time()
    if planned.steps:
        carry_out(planned)
    ended, worked_to_the_end = time.perf_counter(), time.process_time()
    print(
        f"{connection.vendor} {name}: {len(planned.steps)} changes, "
        f"plan {between - started:.1f} s (process {worked_between - worked:.1f} s), "
        f"transaction {ended - between:.1f} s (process {worked_to_the_end - worked_between:.1f} s)"
    )


if __name__ == "__main__":
    main()
