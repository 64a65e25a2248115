"""A child that posts assertions: each line of its input is the body of one request to the token endpoint.

Writes the status and the ``error`` of each answer; a bare dash stands for none. The arguments are
pauses in seconds: one of them, at random, comes before each decision is inserted and before each COMMIT.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import Any

import django

TOKEN_URL = "/o/token/"
FORM = "application/x-www-form-urlencoded"


def pause_at_random(pauses: list[float]) -> None:
    """Have this process wait where a request can meet an operator who disables its issuer."""
    from django.db import connection
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.signals import connection_created

    from oauth_jwt_grant.models import Decision

    insertion = f"INSERT INTO {connection.ops.quote_name(Decision._meta.db_table)}"
    commit = BaseDatabaseWrapper._commit

    def before_decision(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(insertion):
            time.sleep(random.choice(pauses))  # noqa: S311 - no secret
        return execute(sql, params, many, context)

    def before_commit(self: BaseDatabaseWrapper) -> Any:
        time.sleep(random.choice(pauses))  # noqa: S311 - no secret
        return commit(self)

    def install(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        connection.execute_wrappers.append(before_decision)

    BaseDatabaseWrapper._commit = before_commit  # type: ignore[method-assign]
    connection_created.connect(install, weak=False)


def main(*pauses: str) -> None:
    django.setup()
    if pauses:
        pause_at_random([float(pause) for pause in pauses])
    # Only now: they import models.
    from django.test import Client
    from django.test.utils import setup_test_environment

    from tests.single_use.processes import become_children

    setup_test_environment(debug=False)
    client = Client(raise_request_exception=False)
    # The first request of a process imports the URLs and compiles statements; a race should be one of equals.
    client.post(TOKEN_URL, "grant_type=none", FORM)
    become_children()
    client.post(TOKEN_URL, "grant_type=none", FORM)  # and connects to the database
    print("ready", flush=True)
    for line in sys.stdin:
        response = client.post(TOKEN_URL, line.rstrip("\n"), FORM)
        error = response.json().get("error", "-") if response["Content-Type"] == "application/json" else "-"
        print(response.status_code, error, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
