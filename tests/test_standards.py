"""Every requirement of the standards has a test or a word why not; no test names one that is not listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import standards
from .standards import ROOT, TABLE, marked, rows

ROWS = rows()


def test_each_requirement_has_a_test_or_a_note() -> None:
    assert [row for row, note in ROWS.items() if row not in marked() and not note] == []


def test_tests_name_requirements_that_are_listed() -> None:
    assert marked().keys() - ROWS.keys() == set()


def test_each_row_stands_once() -> None:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ") and "-" in line[:12]]

    assert len(lines) == len(ROWS) > 250


def test_notes_name_files_that_exist() -> None:
    named = {word for note in ROWS.values() for word in note.split("`") if word.startswith("tests/")}

    assert named
    assert all((ROOT / path).is_file() for path in named)


def test_site_shows_the_tests_of_each_row_and_how_they_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standards, "OUTCOMES", tmp_path / "none.json")
    page = standards.matrix(TABLE.read_text())
    shown = [line for line in page.splitlines() if line.endswith("`* |")]
    assert len(shown) == len(marked())
    row = next(line for line in shown if line.startswith("| CLM-04 |"))
    assert all(f"`{path.removeprefix('tests/')}`" in row for path in marked()["CLM-04"])

    (tmp_path / "some.json").write_text('{"CLM-04": "FAILED"}')
    monkeypatch.setattr(standards, "OUTCOMES", tmp_path / "some.json")
    assert "*FAILED: `" in standards.matrix(row)
