"""``python -m tests.browser.pictures``: takes the pictures of ``docs/images`` again, all of them.

The tests of the browser take many more on their way; those that a page shows are kept. Needs what
``tox -e browser`` needs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
IMAGES = ROOT / "docs" / "images"


def shown() -> set[str]:
    """Return the names of the pictures that the pages show."""
    pages = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    return set(re.findall(r"images/([\w-]+)\.png\)", pages))


def files_that_take(names: set[str]) -> list[str]:
    """Return the test files that take a picture of ``names``."""
    wanted = re.compile(rf'shoot\("(?:{"|".join(sorted(names))})"')
    return [str(path) for path in sorted(HERE.glob("test_*.py")) if wanted.search(path.read_text())]


def main() -> int:
    """Take the pictures; returns the exit status."""
    names = shown()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OJG_TEST_BROWSER": "1", "OJG_TEST_SCREENSHOTS": folder}
        tests = [sys.executable, "-m", "pytest", "-q", "-n0", *files_that_take(names)]
        status = subprocess.run(tests, cwd=ROOT, env=environment, check=False).returncode
        taken = {path.stem: path for path in Path(folder).glob("*.png")}
        for name in sorted(names & taken.keys()):
            shutil.copy(taken[name], IMAGES / f"{name}.png")
    missing = sorted(names - taken.keys())
    print(f"Pictures: {len(names) - len(missing)} of {len(names)}. Not taken: {', '.join(missing) or 'none'}")
    return status or bool(missing)


if __name__ == "__main__":
    sys.exit(main())
