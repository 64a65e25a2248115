"""The table of requirements in ``docs/standards-coverage.md``, with the tests of each row and how they went.

The rows are written by hand; the tests of a row are not: they come from the marks in their source, and their
outcomes from the last run with ``--standards``. Loads without pytest, as the build of the site does.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "standards-coverage.md"
#: What ``pytest --standards`` has found out, for the site.
OUTCOMES = ROOT / ".standards.json"
MARK = "standard"

_ROW = re.compile(r"\| ([A-Z0-9]+-\d+) \| .* \| (.*)\|")


def rows() -> dict[str, str]:
    """The rows of the table in their order, each with its note."""
    found = (_ROW.fullmatch(line) for line in TABLE.read_text().splitlines())
    return {match[1]: match[2].strip() for match in found if match}


@cache
def marked() -> dict[str, set[str]]:
    """The rows that tests name, each with the files of these tests; read from the source, not collected."""
    files: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text()
        # Reading all as Python takes seconds, and most files have no mark.
        if f".{MARK}(" in text:
            for row in _marks(ast.parse(text)):
                files[row].add(path.relative_to(ROOT).as_posix())
    return files


def _marks(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == MARK:
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def matrix(page: str) -> str:
    """Return ``page`` with the tests of each row in its note, and how they went if they have been run."""
    files = marked()
    outcomes = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}
    return "\n".join(_line(line, files, outcomes) for line in page.split("\n"))


def _line(line: str, files: dict[str, set[str]], outcomes: dict[str, str]) -> str:
    row = _ROW.fullmatch(line)
    if row is None or row[1] not in files:
        return line
    tests = ", ".join(f"`{path.removeprefix('tests/')}`" for path in sorted(files[row[1]]))
    outcome = f"{outcomes[row[1]]}: " if row[1] in outcomes else ""
    return f"{line.removesuffix('|')}*{outcome}{tests}* |"
