"""Service accounts: an issuer of one, with a key pair that this server makes and gives away.

The private half leaves in a key file of the form that Google's client libraries read; what
stays is the public half. An account is told from other issuers by its identifier alone,
``NAME@service-accounts.HOST``.
"""

from __future__ import annotations

from .accounts import GOOGLE_AUDIENCE, create_service_account, find_service_account
from .key_files import IssuedKey
from .names import ServiceAccountError, check_token_uri, default_token_uri
from .rotation import KeyUse, add_key, key_uses, withdraw_key

__all__ = [
    "GOOGLE_AUDIENCE",
    "IssuedKey",
    "KeyUse",
    "ServiceAccountError",
    "add_key",
    "check_token_uri",
    "create_service_account",
    "default_token_uri",
    "find_service_account",
    "key_uses",
    "withdraw_key",
]
