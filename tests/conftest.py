"""What every test may use, and the hook that lets a CI cell forbid silent skips."""

from __future__ import annotations

import gc
import os

import pytest
from _pytest import runner
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import connections
from django.template import Context, RequestContext, Template
from django.test import TransactionTestCase
from django.test.signals import template_rendered
from hypothesis import settings as hypothesis_settings

from oauth_jwt_grant.dot import HAS_ROLES
from oauth_jwt_grant.keys.notes import memory
from tests.support import World, build_world

pytest_plugins = ["tests.standards_plugin"]

# A time limit for each example says more about the machine than about the code.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")

#: A reason that begins so is about the cell itself ("not on sqlite: no row locks"): that skip is allowed.
ALLOWED_SKIP = "not on "
#: Asked for by name: the first needs a browser on the machine, the second only prints numbers, and the third
#: holds walks of a minute, which Python alone can change.
collect_ignore = [
    folder
    for folder in ("browser", "benchmarks", "example")
    if os.environ.get(f"OJG_TEST_{folder.upper()}") != "1"
]
#: What renders pages, starts processes or waits for real: ``tox -e quick`` leaves it out.
SLOW = [
    "admin",
    "checks",
    "clients",
    "languages",
    "management",
    "mutants",
    "processes",
    "resources",
    "single_use",
    "upgrades",
    "vendors",
    "assertion/test_fuzz.py",
    "dpop/test_resources.py",
    "e2e/test_body.py",
    "e2e/test_caches.py",
    "e2e/test_enumeration.py",
    "e2e/test_error_mail.py",
    "e2e/test_keys.py",
    "e2e/test_other_kinds.py",
    "e2e/test_other_view.py",
    "e2e/test_robustness.py",
    "e2e/test_rows.py",
    "e2e/test_wiring.py",
    "keys/test_caches.py",
    "keys/test_fetch.py",
    "keys/test_outage.py",
    "keys/test_patience.py",
    "keys/test_processes.py",
    "keys/test_properties.py",
    "keys/test_proxy.py",
    "keys/test_together.py",
    "keys/test_token_files.py",
    "service_accounts/test_service_accounts.py",
    "trust/test_accepted_rows.py",
    "trust/test_clients.py",
    "trust/test_doors.py",
    "trust/test_obstacles.py",
    "trust_file/test_together.py",
    "trust_file/test_worked_example.py",
    "test_dot.py",
    "test_metadata_clients.py",
    "test_migrations.py",
    "test_packaging.py",
    "test_walks.py",
]
#: What neither a database nor the kind of site can change: once for each Python is enough.
SITELESS = [
    "assertion",
    "keys",
    "mutants",
    "rules",
    "test_architecture.py",
    "test_docs.py",
    "test_packaging.py",
    "test_standards.py",
    "test_vectors.py",
    "test_walks.py",
    "test_words.py",
]
if os.environ.get("OJG_TEST_SITELESS") == "0":
    collect_ignore += SITELESS
QUICK = os.environ.get("OJG_TEST_QUICK") == "1"
if QUICK:
    collect_ignore += SLOW
if not HAS_ROLES:
    collect_ignore.append("test_next_release.py")


@pytest.fixture(autouse=True)
def _empty_cache():
    """Begin and end each test with an empty cache, so that no key set outlives its test."""
    from oauth_jwt_grant.decision.log import of_clients, without_row

    cache.clear()
    memory.clear()
    without_row.reset()
    of_clients.reset()
    yield
    cache.clear()
    memory.clear()


@pytest.fixture(autouse=True)
def _no_kept_backend():
    """Drop the backends that django-oauth-toolkit's views keep for good: settings may differ next time."""
    yield
    from tests.dot import forget_backends

    forget_backends()


@pytest.fixture(autouse=True, scope="session")
def _only_whole_pages(django_test_environment: None) -> None:
    """Give tests the context of each page, as Django does, but not of each widget: a fifth of its time."""

    def render(template: Template, context: Context) -> str:
        if isinstance(context, RequestContext) and context.template is template:
            template_rendered.send(sender=template, template=template, context=context)
        return str(template.nodelist.render(context))

    Template._render = render  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _types_and_permissions_stay(django_test_environment: None) -> None:
    """Have a test that commits empty all tables but these two: to fill them again takes ten times as long."""
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType

    kept = {model._meta.db_table for model in (ContentType, Permission)}

    def empty(test: TransactionTestCase) -> None:
        for alias in test._databases_names(include_mirrors=False):
            introspection, operations = connections[alias].introspection, connections[alias].ops
            tables = set(introspection.django_table_names(only_existing=True, include_views=False)) - kept
            operations.execute_sql_flush(operations.sql_flush(no_style(), sorted(tables)))

    TransactionTestCase._fixture_teardown = empty  # type: ignore[method-assign]


@pytest.fixture
def world(db: None) -> World:
    """A site where a good request gets a token."""
    return build_world()


class SkipWatch:
    """Fails a run in which a test was skipped for want of something that the cell should have had."""

    def __init__(self) -> None:
        self.unexpected: list[str] = []

    def _look(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(ALLOWED_SKIP):
            self.unexpected.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._look(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._look(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unexpected and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.unexpected:
            terminalreporter.write_line(f"skipped although this cell forbids it: {line}", red=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return what ``-n auto`` means: one worker more than cores, as some slow tests only wait."""
    return min((os.cpu_count() or 1) + (not QUICK), 6)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test on one large piece of CPython's stack for frames, of which this one takes half.

    A piece is 16 KiB otherwise. A loop in a template that happens to call at the end of one maps and unmaps
    the next in each turn, which takes a quarter of the time of some pages.
    """
    return runner.pytest_runtest_protocol(item, nextitem)


pytest_runtest_protocol.__code__ = pytest_runtest_protocol.__code__.replace(co_stacksize=2**16)


def pytest_collection_finish() -> None:
    """Have no garbage collection look through the tests, which all stay."""
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    if HAS_ROLES:
        # Django 5.2 says so of the URLs in DOT's own form of applications.
        config.addinivalue_line("filterwarnings", "ignore:The default scheme will be changed from 'http'")
    if os.environ.get("OJG_TEST_NO_SKIP") == "1":
        config.pluginmanager.register(SkipWatch())
