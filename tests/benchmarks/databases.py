"""Test databases for a script, made and removed as a test run does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test.utils import get_runner, setup_test_environment, teardown_test_environment


@contextmanager
def test_databases(*, keep: bool = False) -> Iterator[None]:  # noqa: PT028 - not a test
    """Migrated databases in the place of the configured ones: empty, or with ``keep`` as they were left."""
    setup_test_environment(debug=False)
    runner = get_runner(settings)(verbosity=0, interactive=False, keepdb=keep)
    databases = runner.setup_databases(serialized_aliases=set())  # else all that was left is read
    try:
        yield
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
