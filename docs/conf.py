"""Sphinx: how the pages of this folder become a site."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings
from sphinx.application import Sphinx

# The page of the Python API is made from the docstrings of this checkout, which is imported for it.
sys.path.insert(0, str(Path(__file__).parent.parent))

import oauth_jwt_grant
from tests.standards import matrix

settings.configure(
    INSTALLED_APPS=[
        *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"),
        *("rest_framework", "oauth2_provider", "oauth_jwt_grant"),
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

project = "oauth_jwt_grant"
author = "The oauth_jwt_grant contributors"
copyright = author
release = oauth_jwt_grant.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100
html_theme = "furo"  # with search and a dark mode
html_title = f"{project} {release}"
# Anchors as GitHub makes them, so that a link works here and there.
myst_heading_anchors = 4
nitpicky = True
# Types of other projects, and those of ours that no site needs to import, have no place here to link to.
nitpick_ignore_regex = [
    ("py:class", r"(?!oauth_jwt_grant\.).*"),
    ("py:class", r"oauth_jwt_grant\.(assertion\.(doors|texts)|grant|keys\.base|models\.\w+)\..*"),
    ("py:class", r"oauth_jwt_grant\.(rules\.matching\..*|trust\.withdrawal\.Row)"),
]
# What stands indented, without a language, is a command in nearly every place.
highlight_language = "sh"
# A prompt is no part of a command.
copybutton_prompt_text = "$ "


def _add_tests(app: object, page: str, content: list[str]) -> None:
    """Add the tests of each requirement to the table, and how they went in the last run with --standards."""
    if page == "standards-coverage":
        content[0] = matrix(content[0])


def setup(app: Sphinx) -> None:
    """Sphinx calls this when it starts."""
    app.connect("source-read", _add_tests)
