"""Every requirement of the standards has a test or a word why not; no test names one that is not listed."""

from __future__ import annotations

import pytest

from .standards_plugin import ROOT, TABLE, marked, rows

ROWS, MARKED = rows(), marked()


@pytest.mark.parametrize("row", ROWS)
def test_each_requirement_has_a_test_or_a_note(row: str) -> None:
    assert row in MARKED or ROWS[row]


def test_tests_name_requirements_that_are_listed() -> None:
    assert not MARKED.keys() - ROWS.keys()


def test_each_row_stands_once() -> None:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ") and "-" in line[:12]]

    assert len(lines) == len(ROWS) > 250


def test_notes_name_files_that_exist() -> None:
    named = {word for note in ROWS.values() for word in note.split("`") if word.startswith("tests/")}

    assert named
    assert all((ROOT / path).is_file() for path in named)
