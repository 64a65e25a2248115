"""Who is trusted: from the rows of the database to the policy, keys, rules and client of one request.

The only room that reads trust rows for a request.
"""

from __future__ import annotations

from .clients import applications_of_operators, find_application, signs_for_itself
from .health import Finding, Health, examine, failing_keys, health_as_json
from .key_health import FETCHED, KeyHealth, KeyState, key_health
from .key_store import LoadedKeyStore, stored_keys
from .lookup import LoadedRule, Rows, Trust, find_trust, user_columns
from .obstacles import (
    Level,
    Obstacle,
    RuleToBe,
    blocked,
    obstacles_of,
    obstacles_of_each,
    obstacles_of_unsaved,
)
from .published import Published, published_at
from .sources import key_source_of
from .terms import (
    BY_LINK,
    check_rule,
    check_trusted,
    is_limited,
    is_privileged,
    leeway_of,
    listed,
    policy_of,
    strings_of,
    trusted_at,
    why_not_trusted,
)
from .values import Issuer, Link, Rule

__all__ = [
    "BY_LINK",
    "FETCHED",
    "Finding",
    "Health",
    "Issuer",
    "KeyHealth",
    "KeyState",
    "Level",
    "Link",
    "LoadedKeyStore",
    "LoadedRule",
    "Obstacle",
    "Published",
    "Rows",
    "Rule",
    "RuleToBe",
    "Trust",
    "applications_of_operators",
    "blocked",
    "check_rule",
    "check_trusted",
    "examine",
    "failing_keys",
    "find_application",
    "find_trust",
    "health_as_json",
    "is_limited",
    "is_privileged",
    "key_health",
    "key_source_of",
    "leeway_of",
    "listed",
    "obstacles_of",
    "obstacles_of_each",
    "obstacles_of_unsaved",
    "policy_of",
    "published_at",
    "signs_for_itself",
    "stored_keys",
    "strings_of",
    "trusted_at",
    "user_columns",
    "why_not_trusted",
]
