"""The README's walk, from an empty folder to an answer of a protected API."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.walk import Walk, blocks_of

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
#: From the first step to the links.
WALK = README.partition("\n## Ten minutes to a protected API call\n")[2].partition("\n## Next\n")[0]


@pytest.mark.skipif(shutil.which("curl") is None, reason="not on a machine without curl")
def test_readmes_walk_leads_from_an_empty_folder_to_the_api(tmp_path):
    with Walk(tmp_path) as walk:
        walk.follow(WALK)
        # The last step is the dry run of a JWT that has been used.
        assert "used before" in walk.printed
        walk.run("python manage.py check --fail-level INFO")


def test_walk_has_its_steps():
    languages = [language for _, language, _ in blocks_of(WALK)]
    assert languages.count("python") == 2
    assert [json.loads(block) for _, language, block in blocks_of(WALK) if language == "json"]


def test_readme_is_short():
    assert len(README.split()) <= 900
