"""The test site under django-unfold, a theme that puts its own templates in the place of the admin's."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = ["unfold", *INSTALLED_APPS]

ROOT_URLCONF = "tests.browser.unfold_urls"
