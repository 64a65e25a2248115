"""``pytest --standards``: each row of ``docs/standards-coverage.md`` with its tests and how they went."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "standards-coverage.md"
MARK = "standard"

_ROW = re.compile(r"\| ([A-Z0-9]+-\d+) \| .* \| (.*)\|")


def rows() -> dict[str, str]:
    """The rows of the table in their order, each with its note."""
    found = (_ROW.fullmatch(line) for line in TABLE.read_text().splitlines())
    return {match[1]: match[2].strip() for match in found if match}


def marked() -> dict[str, set[str]]:
    """The rows that tests name, each with the files of these tests; read from the source, not collected."""
    files: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for row in _marks(ast.parse(path.read_text())):
            files[row].add(path.relative_to(ROOT).as_posix())
    return files


def _marks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == MARK:
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


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

    def _line(self, row: str, note: str) -> str:
        tests = self._rows[row]
        if not tests:
            return f"{row:8} -       {note or 'none of its tests was collected'}"
        failed = sorted(test for test in tests if self._outcomes.get(test) != "passed")
        files = sorted({test.partition("::")[0].removeprefix("tests/") for test in tests})
        status = "FAILED" if failed else "passed"
        return f"{row:8} {status}  {len(tests)} in {', '.join(failed or files)}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--standards", action="store_true", help="print the requirements and their tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--standards"):
        config.pluginmanager.register(Matrix())
