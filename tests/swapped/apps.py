"""The app of a site that brings its own user and its own django-oauth-toolkit models."""

from __future__ import annotations

from django.apps import AppConfig


class SwappedConfig(AppConfig):
    """Installed when ``OJG_TEST_SWAPPED`` is 1."""

    name = "tests.swapped"
    label = "swapped"
    default_auto_field = "django.db.models.BigAutoField"
