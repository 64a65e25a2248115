"""The test site as a small installation serves it: connections are kept, and keys age within seconds."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, OAUTH_JWT_GRANT

DATABASES["default"]["CONN_MAX_AGE"] = 60
# So that an outage is felt at once, not after five minutes.
OAUTH_JWT_GRANT |= {"KEYS_MIN_AGE": 1, "KEYS_MAX_AGE": 1}
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
