"""axe-core's accessibility rules, run in the browser; the library is the npm package of ``package.json``."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

MODULES = os.environ.get("OJG_TEST_NODE_MODULES", "")
LIBRARY = Path(MODULES or "node_modules") / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(
    not LIBRARY.exists(), reason="not on this cell: OJG_TEST_NODE_MODULES names no folder with axe-core"
)
#: What keeps people from using a page at all, in axe-core's words.
GRAVE = ("serious", "critical")
#: Rule and place: Django's own frame around every page of every admin, which is not ours to paint, and its
#: two boxes for a time where they are on a page of django-oauth-toolkit's, and its list of what is deleted.
DJANGO_S_OWN = {
    ("link-in-text-block", ".breadcrumbs"),
    ("label-title-only", "#searchbar"),
    ("label", "#id_expires_"),
    ("link-in-text-block", "#deleted-objects"),
}
_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(done, (error) => done({error: String(error)}));
"""


@cache
def _source() -> str:
    return LIBRARY.read_text(encoding="utf-8")


def findings(driver: Any) -> list[str]:
    """The grave findings on the page that ``driver`` shows: rule, weight, place and why, one to a line."""
    driver.execute_script(_source())
    result = driver.execute_async_script(_RUN)
    assert "error" not in result, result["error"]
    assert result["testEngine"]["name"] == "axe-core"
    return [
        f"{found['id']} ({found['impact']}): {node['target']}: {node['failureSummary']}"
        for found in result["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
        if not _is_djangos(found["id"], node["target"][0])
    ]


def _is_djangos(rule: str, place: str) -> bool:
    return any(rule == known and place.startswith(start) for known, start in DJANGO_S_OWN)
