"""The app: what Django needs to know of it."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OAuthJWTGrantConfig(AppConfig):
    """``oauth_jwt_grant`` in ``INSTALLED_APPS``."""

    name = "oauth_jwt_grant"
    verbose_name = _("JWT authorization grant")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from .checks import register_checks

        register_checks()
