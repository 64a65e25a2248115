"""The ids of the checks, which sites write into ``SILENCED_SYSTEM_CHECKS``."""

from __future__ import annotations

from enum import StrEnum


class CheckId(StrEnum):
    """The ID of each message of a check; a number is never reused."""

    SERVER_CLASS = "oauth_jwt_grant.E001"
    VALIDATOR_CLASS = "oauth_jwt_grant.E002"
    BACKEND_CLASS = "oauth_jwt_grant.E003"
    DOTTED_PATH = "oauth_jwt_grant.E004"
    NOT_INSTALLED = "oauth_jwt_grant.E005"
    UNKNOWN_SETTING = "oauth_jwt_grant.E006"
    INVALID_SETTING = "oauth_jwt_grant.E007"
    ALGORITHMS = "oauth_jwt_grant.E008"
    CACHE_ALIAS = "oauth_jwt_grant.E009"
    DATABASES = "oauth_jwt_grant.E010"
    EXTRA_TOKEN = "oauth_jwt_grant.E011"  # noqa: S105 - a name, not a secret
    PLAIN_INTROSPECTION = "oauth_jwt_grant.E012"
    RESOURCE_VALIDATOR = "oauth_jwt_grant.E013"
    TOKEN_VIEW = "oauth_jwt_grant.E014"  # noqa: S105 - a name, not a secret
    PROOF_CACHE = "oauth_jwt_grant.E020"
    DATABASE_VENDOR = "oauth_jwt_grant.E021"
    FETCH_PROXY = "oauth_jwt_grant.E031"
    TOKEN_ORIGIN = "oauth_jwt_grant.E032"  # noqa: S105 - a name, not a secret
    INCOMPLETE_MIGRATIONS = "oauth_jwt_grant.E051"

    PROVISIONER = "oauth_jwt_grant.I001"

    NO_AUDIENCE = "oauth_jwt_grant.W001"
    DERIVED_AUDIENCES = "oauth_jwt_grant.W002"
    GRANT_NOT_PUBLISHED = "oauth_jwt_grant.W003"
    PLAIN_METADATA = "oauth_jwt_grant.W004"
    LOCAL_CACHE = "oauth_jwt_grant.W005"
    SQLITE_TRANSACTIONS = "oauth_jwt_grant.W006"
    OIDC_SERVER_UNUSED = "oauth_jwt_grant.W007"
    METADATA_NOT_FOUND = "oauth_jwt_grant.W008"
    TOKENS_FROM_REPLICA = "oauth_jwt_grant.W009"
    UNKNOWN_ORIGINS = "oauth_jwt_grant.W011"
    UPLOAD_LIMIT = "oauth_jwt_grant.W020"
    DEAD_TRUST = "oauth_jwt_grant.W021"
    PROXY_DECIDES = "oauth_jwt_grant.W031"
    CLIENT_AUDIENCES = "oauth_jwt_grant.W041"
    CLIENT_REPLAY_CACHE = "oauth_jwt_grant.W042"
    TOKEN_FILE = "oauth_jwt_grant.W032"  # noqa: S105 - a name, not a secret
    FORMER_MIGRATIONS = "oauth_jwt_grant.W051"
