"""Two applies at once, on connections of their own: the second waits, and writes nothing into the first."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, connections

from oauth_jwt_grant import trust_file
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from oauth_jwt_grant.trust_file import TrustFileError
from tests.single_use.waiting import until_waiting
from tests.support import make_user

pytestmark = pytest.mark.django_db(transaction=True)

FILE = """
[[issuers]]
issuer = "https://{iss}.example"
name = "{name}"

[[issuers.rules]]
name = "deploy"
scopes = "{scopes}"
client_policy = "anonymous"
subject_policy = "no_user"
"""


class Apply(Thread):
    """One apply of a plan that is made already; it may be held before its COMMIT."""

    def __init__(self, folder: Path, *, held: bool = False, **values: str) -> None:
        super().__init__()
        self.inside, self.go = Event(), Event()
        self._held = held
        self.problems: list[str] | None = None
        file = folder / f"{self.name}.toml"
        file.write_text(FILE.format(**{"iss": "ci", "name": "CI", "scopes": "read", **values}))
        self.user = make_user(f"{self.name}-{values.get('iss', '')}")
        self._plan = trust_file.plan(
            trust_file.read([str(file)]), trust_file.current(links=False), prune=False
        )

    def run(self) -> None:
        if not self._held:
            self.go.set()
        try:
            with connection.execute_wrapper(self._pause):
                trust_file.carry_out(self._plan, user=self.user)
            self.problems = []
        except TrustFileError as error:
            self.problems = error.problems
        finally:
            connections.close_all()

    def _pause(self, execute: Any, sql: str, *rest: Any) -> Any:
        """The history is written last."""
        result = execute(sql, *rest)
        if LogEntry._meta.db_table in sql:
            self.inside.set()
            assert self.go.wait(60) or not self._held
        return result


def together(first: Apply, second: Apply) -> None:
    """The second begins when the first has written all and committed nothing."""
    first.start()
    assert first.inside.wait(60)
    second.start()
    until_waiting(1)
    assert second.problems is None
    first.go.set()
    first.join(60)
    second.join(60)


@pytest.mark.parametrize("new", [False, True], ids=["change", "add"])
def test_the_second_apply_waits_and_then_writes_nothing(tmp_path: Path, new: bool) -> None:
    if not new:
        TrustedIssuer.objects.create(issuer="https://ci.example", name="Before")
    first = Apply(tmp_path, held=True, name="First", scopes="read")
    second = Apply(tmp_path, name="Second", scopes="write")
    together(first, second)

    assert first.problems == []
    assert second.problems is not None
    (problem,) = second.problems
    assert problem.startswith("Nothing was written: ")
    assert TrustedIssuer.objects.get().name == "First"
    assert GrantRule.objects.get().scopes == "read"
    assert {entry.user for entry in LogEntry.objects.all()} == {first.user}


def test_applies_of_different_issuers_both_happen(tmp_path: Path) -> None:
    first, second = Apply(tmp_path, iss="one"), Apply(tmp_path, iss="two")
    first.start()
    second.start()
    first.join(60)
    second.join(60)
    assert (first.problems, second.problems) == ([], [])
    assert TrustedIssuer.objects.count() == GrantRule.objects.count() == 2
