"""The package page: the README, whose links have to be absolute there, and the project's addresses.

``repository`` in ``pyproject.toml`` is the one place for the address of the repository. While it is empty,
the page has neither pictures nor links to files of the repository, rather than ones that lead nowhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https://)([^)]+)\)\n*")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https://)([^)]+)\)")


def package_page(readme: str, repository: str, version: str) -> str:
    """Return ``readme`` with absolute links to the files of this ``version``, or without links to files."""
    if not repository:
        return _LINK.sub(r"\1", _PICTURE.sub("", readme))
    page = _PICTURE.sub(lambda found: f"![{found[1]}]({repository}/raw/v{version}/{found[2]})\n\n", readme)
    return _LINK.sub(rf"[\1]({repository}/blob/v{version}/\2)", page)


def addresses(repository: str, version: str) -> dict[str, str]:
    """Return what the package page lists beside its text."""
    if not repository:
        return {}
    files = f"{repository}/blob/v{version}"
    return {
        "Source": repository,
        "Issues": f"{repository}/issues",
        "Changes": f"{files}/CHANGELOG.md",
        "Documentation": f"{files}/docs/index.md",
    }


class CustomMetadataHook(MetadataHookInterface):  # type: ignore[misc]
    """Sets the dynamic fields ``readme`` and ``urls``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read the README, and add its page to ``metadata``."""
        repository, version = self.config["repository"].rstrip("/"), metadata["version"]
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = package_page(readme, repository, version)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = addresses(repository, version)
