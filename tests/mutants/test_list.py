"""The list of mistakes fits the code that it is about. ``python -m tests.mutants`` makes them."""

from __future__ import annotations

from collections import Counter

from .__main__ import PACKAGE, ROOT, TESTS, misfits, mutants


def test_each_original_stands_once_in_the_package() -> None:
    assert misfits() == [], "adapt tests/mutants/mutants.toml to the changed line"


def test_each_mistake_is_python() -> None:
    for mutant in mutants():
        ((path, changed),) = mutant.places(ROOT / PACKAGE)
        compile(changed, path, "exec")


def test_each_room_has_ten_and_tests() -> None:
    counted = Counter(mutant.room for mutant in mutants())

    assert counted.keys() == TESTS.keys()
    assert min(counted.values()) >= 10
    assert all((ROOT / path).exists() for paths in TESTS.values() for path in paths)
    assert all((ROOT / path).exists() for mutant in mutants() for path in mutant.tests)
