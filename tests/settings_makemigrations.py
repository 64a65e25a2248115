"""For writing a migration: Django resolves the swappable models only where their settings are written out.

Few sites have these settings: in the new file put ``oauth2_settings.APPLICATION_MODEL`` for
``settings.OAUTH2_PROVIDER_APPLICATION_MODEL``, and so on. ``CONTRIBUTING.md`` has the commands.
"""

from __future__ import annotations

from tests.settings import *  # noqa: F403

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth2_provider.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth2_provider.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth2_provider.IDToken"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth2_provider.Grant"
