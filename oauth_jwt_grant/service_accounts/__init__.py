"""Service accounts: an issuer of one, with a key pair that this server makes and gives away.

The private half leaves in a key file of the form that Google's client libraries read; what
stays is the public half. An account is recognized by its identifier,
``NAME@service-accounts.HOST``, and by its keys, which are stored with it.
"""

from __future__ import annotations

from .accounts import (
    ACCOUNTS,
    GOOGLE_AUDIENCE,
    account_links,
    create_service_account,
    find_service_account,
)
from .external import external_account
from .key_files import IssuedKey
from .names import (
    ServiceAccountError,
    check_token_uri,
    default_token_uri,
    identifier_of,
    is_service_account,
)
from .rotation import KeyUse, add_key, key_uses, keys_fingerprint, token_uri_of, uses_of, withdraw_key
from .users import new_robot, robot_name

__all__ = [
    "ACCOUNTS",
    "GOOGLE_AUDIENCE",
    "IssuedKey",
    "KeyUse",
    "ServiceAccountError",
    "account_links",
    "add_key",
    "check_token_uri",
    "create_service_account",
    "default_token_uri",
    "external_account",
    "find_service_account",
    "identifier_of",
    "is_service_account",
    "key_uses",
    "keys_fingerprint",
    "new_robot",
    "robot_name",
    "token_uri_of",
    "uses_of",
    "withdraw_key",
]
