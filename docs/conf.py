"""Sphinx: how the pages of this folder become a site."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent

project = "oauth_jwt_grant"
author = "The oauth_jwt_grant contributors"
copyright = author
_found = re.search(r'^__version__ = "(.+)"$', (ROOT / "oauth_jwt_grant" / "__init__.py").read_text(), re.M)
release = _found[1] if _found else ""

extensions = ["myst_parser", "sphinx_copybutton"]
html_theme = "furo"  # with search and a dark mode
html_title = f"{project} {release}"
# Anchors as GitHub makes them, so that a link works here and there.
myst_heading_anchors = 4
nitpicky = True
# What stands indented, without a language, is a command in nearly every place.
highlight_language = "sh"
# A prompt is no part of a command.
copybutton_prompt_text = "$ "
