"""What plan and apply of many issuers take: ``python -m tests.benchmarks.trust_file [N]``, on any database.

Each issuer has two rules with two conditions each, and every rule lists an application. Applied to an empty
database, then planned again without a change, then with one field of each issuer changed, then with all rows
changed, then pruned. The changes are written into the admin's history.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.contrib.auth import get_user_model
from django.db import connection

from oauth_jwt_grant.trust_file import Trust, carry_out, current, plan, read

from ..support import make_application, make_user
from .databases import test_databases


def main() -> None:
    """Print what each step took, with the number of changes."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with test_databases(), tempfile.TemporaryDirectory() as folder:
        make_application("tool")
        make_user()
        file, empty = Path(folder) / "trust.toml", Path(folder) / "empty.toml"
        text = "".join(issuers(number))
        file.write_text(text)
        empty.write_text("issuers = []")
        step("add", lambda: read([str(file)]))
        step("nothing", lambda: read([str(file)]))
        file.write_text(text.replace('name = "Issuer', 'name = "I'))
        step("change a field of each issuer", lambda: read([str(file)]))
        text = text.replace("read", "write").replace('values = ["', 'values = ["x')
        file.write_text(text.replace('name = "Issuer', 'enabled = false\nname = "I'))
        step("disable issuers, change rules and conditions", lambda: read([str(file)]))
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
    start = Clocks()
    planned = plan(wanted(), current(links=False), prune=True)
    planning, preparing = start.until_now(), Clocks()
    begun: list[Clocks] = []

    def first(execute: Any, *statement: Any) -> Any:
        if connection.in_atomic_block and not begun:
            begun.append(Clocks())
        return execute(*statement)

    if planned.steps:
        with connection.execute_wrapper(first):
            carry_out(planned, user=get_user_model().objects.get())
    transaction = begun[0].until_now() if begun else "none"
    print(
        f"{connection.vendor} {name}: {len(planned.steps)} changes, plan {planning}, "
        f"all of apply {preparing.until_now()}, of which the transaction {transaction}"
    )


class Clocks:
    """What two clocks say: the one on the wall, and the one that runs while this process does."""

    def __init__(self) -> None:
        self.wall, self.process = time.perf_counter(), time.process_time()

    def until_now(self) -> str:
        """The time since then."""
        now = Clocks()
        return f"{now.wall - self.wall:.1f} s (process {now.process - self.process:.1f} s)"


if __name__ == "__main__":
    main()
