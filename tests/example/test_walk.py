"""The first tutorial, which is the README's walk and what follows it, done word for word in a new folder."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.test_walks import FIRST_TOKEN, WALK
from tests.walk import Walk


@pytest.mark.skipif(shutil.which("curl") is None, reason="not on a machine without curl")
def test_first_tutorial_leads_from_an_empty_folder_through_the_readme_to_its_end(tmp_path):
    with Walk(tmp_path) as walk:
        walk.follow(WALK)
        # The last step is the dry run of a JWT that has been used.
        assert "used before" in walk.printed
        for step in FIRST_TOKEN.partition("\n## Part 2")[2].split("\n### "):
            walk.follow(step)
            for line in re.findall(r"^```text\n(.*)\n```", step, re.M):
                assert walk.printed.rstrip().endswith(line)
        walk.run("python manage.py check --fail-level INFO")
