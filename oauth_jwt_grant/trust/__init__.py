"""Who is trusted: from the rows of the database to the policy, keys, rules and client of one request.

The only room that reads trust rows for a request.
"""

from __future__ import annotations

from .clients import applications_of_operators, find_application
from .health import Health, Level, examine, health_as_json
from .key_store import stored_keys
from .lookup import LoadedRule, Trust, find_trust
from .sources import key_source_of
from .terms import check_trusted, policy_of

__all__ = [
    "Health",
    "Level",
    "LoadedRule",
    "Trust",
    "applications_of_operators",
    "check_trusted",
    "examine",
    "find_application",
    "find_trust",
    "health_as_json",
    "key_source_of",
    "policy_of",
    "stored_keys",
]
