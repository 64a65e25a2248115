"""``pytest --standards``: each row of ``docs/standards-coverage.md`` with its tests and how they went."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from .standards import MARK, OUTCOMES, rows


class Matrix:
    """Collects the outcomes of the tests of each row, and prints them at the end.

    The rows travel with the reports: under pytest-xdist other processes collect and run the tests.
    """

    def __init__(self) -> None:
        self._rows: dict[str, set[str]] = defaultdict(set)
        self._outcomes: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers(MARK):
                item.user_properties += [(MARK, row) for row in mark.args]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, row in report.user_properties:
            if name == MARK:
                self._rows[str(row)].add(report.nodeid)
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("requirements of the standards")
        for row, note in rows().items():
            terminalreporter.write_line(self._line(row, note))
        found = {row: self._status(row) for row in rows() if self._rows[row]}
        OUTCOMES.write_text(json.dumps(found))

    def _failed(self, row: str) -> list[str]:
        return sorted(test for test in self._rows[row] if self._outcomes.get(test) != "passed")

    def _status(self, row: str) -> str:
        return "FAILED" if self._failed(row) else "passed"

    def _line(self, row: str, note: str) -> str:
        tests = self._rows[row]
        if not tests:
            return f"{row:8} -       {note or 'none of its tests was collected'}"
        files = sorted({test.partition("::")[0].removeprefix("tests/") for test in tests})
        return f"{row:8} {self._status(row)}  {len(tests)} in {', '.join(self._failed(row) or files)}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--standards", action="store_true", help="print the requirements and their tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--standards"):
        config.pluginmanager.register(Matrix())
