"""Makes each mistake of ``mutants.toml`` in a copy of the project and runs the tests that must find it.

``python -m tests.mutants [--jobs N] [ROOM ...]`` names the survivors; its exit status is 1 if there are any,
or if an entry fits no line of the package any more.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parent.parent.parent
PACKAGE = "oauth_jwt_grant"
#: Where the tests of a room are, the fastest first: a run ends with the first test that fails.
#: An entry may name the one file that finds its mistake, which takes a fifth of the time.
TESTS = {
    "assertion": ["tests/assertion"],
    "rules": ["tests/rules"],
    "keys": ["tests/keys"],
    "decision": [
        "tests/decision",
        "tests/e2e/test_doors.py",
        "tests/e2e",
        "tests/single_use/test_lasting.py",
    ],
    "trust_file": ["tests/management/test_applytrust.py", "tests/trust_file/test_round_trip.py"],
    "presets": ["tests/presets"],
}
#: Seconds: a mistake that makes a test hang is found, too.
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: the text ``original``, which stands once in the package, becomes ``mutated``.

    ``test`` is the file whose tests find it. Without one, or where they do not, all of the room are run.
    """

    room: str
    original: str
    mutated: str
    reason: str
    test: str = ""

    @property
    def tests(self) -> list[str]:
        """The files and folders to run, relative to the project."""
        return [self.test] if self.test else TESTS[self.room]

    def places(self, package: Path) -> Iterator[tuple[Path, str]]:
        """Each file in which ``original`` stands, once for each time, with its text after the mistake."""
        words = self.original.split()
        wanted = re.compile(r"\s+".join(map(re.escape, words)))
        for path, text in sources(package):
            # Hundreds of entries and files: the expression is slow where nothing is found.
            if not all(word in text for word in words):
                continue
            for match in wanted.finditer(text):
                yield path, text[: match.start()] + self.mutated + text[match.end() :]

    def __str__(self) -> str:
        return f"{self.room}: {self.original!r} -> {self.mutated!r} ({self.reason})"


@cache
def sources(package: Path) -> list[tuple[Path, str]]:
    """Each file of ``package`` with its text as it is without a mutant: that is taken back at once."""
    return [(path, path.read_text()) for path in sorted(package.rglob("*.py"))]


def mutants() -> list[Mutant]:
    """Every entry of the list."""
    rooms = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text())
    return [Mutant(room, **entry) for room, entries in rooms.items() for entry in entries]


def misfits() -> list[str]:
    """The entries that do not stand once in the package."""
    found = ((mutant, len(list(mutant.places(ROOT / PACKAGE)))) for mutant in mutants())
    return [f"stands {count} times: {mutant}" for mutant, count in found if count != 1]


@contextmanager
def copies(count: int) -> Iterator[SimpleQueue[Path]]:
    """``count`` copies of the project, to be taken from the queue and put back."""
    skipped = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "build", "dist")
    queue: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for number in range(count):
            queue.put(shutil.copytree(ROOT, Path(folder) / str(number), ignore=skipped))
        yield queue


def run(copy: Path, tests: list[str]) -> int | None:
    """The exit status of pytest on ``tests`` in ``copy``; ``None`` if it hangs."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OJG_TEST_")},
        "PYTHONPATH": str(copy),
        # A file that changes twice within a second, and keeps its size, would be taken from its bytecode.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    try:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=copy,
            env=environment,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def outcome_of(mutant: Mutant, queue: SimpleQueue[Path]) -> str:
    """``found``, ``SURVIVED``, or ``BROKEN`` if no test could be run at all; what is not found is printed."""
    copy = queue.get()
    (path, changed), *_ = mutant.places(copy / PACKAGE)
    original = path.read_text()
    try:
        path.write_text(changed)
        status = run(copy, mutant.tests)
        if status == 0 and mutant.test:
            status = run(copy, TESTS[mutant.room])
        outcome = {0: "SURVIVED", 1: "found", None: "found"}.get(status, "BROKEN")
        if outcome != "found":
            print(outcome, mutant, flush=True)
        return outcome
    finally:
        path.write_text(original)
        queue.put(copy)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(TESTS)}; default: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    rooms = options.rooms or list(TESTS)
    if faults := misfits():
        print(*faults, sep="\n")
        return 1
    chosen = [mutant for mutant in mutants() if mutant.room in rooms]
    started = time.monotonic()
    with copies(options.jobs) as queue, ThreadPoolExecutor(options.jobs) as threads:
        copy = queue.get()
        if run(copy, sorted({test for mutant in chosen for test in mutant.tests})) != 0:
            print("The tests fail without any mistake.")
            return 1
        queue.put(copy)
        outcomes = list(threads.map(lambda mutant: outcome_of(mutant, queue), chosen))
    counted = Counter(mutant.room for mutant in chosen)
    numbers = ", ".join(f"{room} {counted[room]}" for room in rooms)
    print(
        f"{len(chosen)} mutants ({numbers}) in {time.monotonic() - started:.0f} s: {dict(Counter(outcomes))}"
    )
    return int(set(outcomes) != {"found"})


if __name__ == "__main__":
    raise SystemExit(main())
