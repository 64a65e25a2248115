"""Parts of the test site's settings that need some work: databases, caches and a signing key."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any


def _redis_url() -> str:
    """Return the URL of Redis: the database that it names, or one after it for each worker of pytest-xdist.

    Each test empties its cache, so two processes must not share one.
    """
    server, _, number = os.environ.get("OJG_TEST_REDIS_URL", "redis://127.0.0.1:6379/9").rpartition("/")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{server}/{int(number) + int(worker)}"


REDIS_URL = _redis_url()
CACHES_BY_NAME: dict[str, dict[str, Any]] = {
    "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "redis": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "oauth-jwt-grant",
    },
}


def database(kind: str, *, atomic_requests: bool) -> dict[str, Any]:
    """Return Django's ``DATABASES`` entry for ``kind``: ``sqlite``, ``postgres``, ``mariadb`` or ``mysql``.

    Raises ``KeyError`` for any other name: a misspelt cell must not quietly run on SQLite.
    """
    entry = {"sqlite": _sqlite, "postgres": _postgres, "mariadb": _mysql, "mysql": _mysql}[kind]()
    return entry | {"ATOMIC_REQUESTS": atomic_requests}


def _name() -> str:
    return os.environ.get("OJG_TEST_DB_NAME", "oauth_jwt_grant")


def _sqlite() -> dict[str, Any]:
    # A file, not memory: real locks between connections, threads and processes.
    given = os.environ.get("OJG_TEST_DB_NAME")
    path = Path(given) if given else Path(tempfile.gettempdir()) / f"oauth_jwt_grant-{os.getpid()}.sqlite3"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {"init_command": "PRAGMA synchronous=OFF;"},
        "TEST": {"NAME": path},
    }


def _postgres() -> dict[str, Any]:
    # What docs/performance.md advises where no pooler shares connections between transactions.
    prepared = {"server_side_binding": True, "prepare_threshold": 1}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _name(),
        "OPTIONS": prepared if os.environ.get("OJG_TEST_PREPARED") == "1" else {},
        "HOST": os.environ.get("OJG_TEST_DB_HOST", "127.0.0.1"),
        "PORT": os.environ.get("OJG_TEST_DB_PORT") or "5432",
        "USER": os.environ.get("OJG_TEST_DB_USER", "postgres"),
        "PASSWORD": os.environ.get("OJG_TEST_DB_PASSWORD", ""),
    }


def _mysql() -> dict[str, Any]:
    # Django supports mysqlclient. PyMySQL, which stands in for it where no compiler is at hand, is slower.
    if importlib.util.find_spec("MySQLdb") is None:
        import pymysql

        pymysql.install_as_MySQLdb()
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": _name(),
        "HOST": os.environ.get("OJG_TEST_DB_HOST", "127.0.0.1"),
        "PORT": int(os.environ.get("OJG_TEST_DB_PORT") or "3306"),
        "USER": os.environ.get("OJG_TEST_DB_USER", "root"),
        "PASSWORD": os.environ.get("OJG_TEST_DB_PASSWORD", ""),
        "OPTIONS": {"charset": "utf8mb4"},
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_general_ci"},
    }


def oidc_private_key() -> str:
    """Return a new RSA private key in PEM, for OpenID Connect's id tokens."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
