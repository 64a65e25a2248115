"""Settings of the test site. The environment varies it, so that one suite serves every cell of the matrix.

=====================  ==================================================================================
``OJG_TEST_DB``        ``sqlite`` (default), ``postgres``, ``mariadb`` or ``mysql``
``OJG_TEST_DB_NAME``   the database, or SQLite's file: a child process passes on its parent's
``OJG_TEST_PREPARED``  ``1``: on PostgreSQL, statements are prepared by the server
``OJG_TEST_OIDC``      ``1``: OpenID Connect is on
``OJG_TEST_ATOMIC``    ``1``: ``ATOMIC_REQUESTS``
``OJG_TEST_SWAPPED``   ``1``: a user model without user names, and swapped django-oauth-toolkit models
``OJG_TEST_HASHED``    ``1``: only digests of tokens are stored
``OJG_TEST_CACHE``     ``locmem`` (default) or ``redis``
``OJG_TEST_QUICK``     ``1``: leave the slow folders out (``tests/conftest.py`` lists them)
``OJG_TEST_SITELESS``  ``0``: leave out what depends on Python alone (``tests/conftest.py`` lists it)
``OJG_TEST_NO_SKIP``   ``1``: a skipped test fails the run, unless its reason begins with "not on "
``OJG_TEST_BROWSER``   ``1``: collect ``tests/browser``; ``BENCHMARKS``, ``CLIENTS``, ``EXAMPLE`` alike
=====================  ==================================================================================

Where the servers are, each with the usual address as its default: ``OJG_TEST_DB_HOST`` (an address, or the
folder of PostgreSQL's socket, or the path of that of MariaDB or MySQL), ``OJG_TEST_DB_PORT``,
``OJG_TEST_DB_USER``, ``OJG_TEST_DB_PASSWORD``, and ``OJG_TEST_REDIS_URL``, which ends in the number of a
database.
"""

from __future__ import annotations

import os
from typing import Any

import django

from tests.site import CACHES_BY_NAME, database, oidc_private_key


def _on(name: str) -> bool:
    return os.environ.get(f"OJG_TEST_{name}", "") == "1"


SECRET_KEY = "only-for-tests-0123456789-0123456789-0123456789-0123456789"
ALLOWED_HOSTS = ["testserver", "as.example.com", "localhost", "127.0.0.1"]
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "oauth2_provider",
    "oauth_jwt_grant",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database(os.environ.get("OJG_TEST_DB", "sqlite"), atomic_requests=_on("ATOMIC"))}
CACHES = {"default": CACHES_BY_NAME[os.environ.get("OJG_TEST_CACHE", "locmem")]}

OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "oauth_jwt_grant.oauth2_validators.JWTBearerOAuth2Validator",
    "OAUTH2_SERVER_CLASS": "oauth_jwt_grant.servers.JWTBearerServer",
    "OIDC_SERVER_CLASS": "oauth_jwt_grant.servers.JWTBearerOIDCServer",
    "OAUTH2_BACKEND_CLASS": "oauth_jwt_grant.oauth2_backends.JWTBearerOAuthLibCore",
    "APPLICATION_ADMIN_CLASS": "oauth_jwt_grant.admin.applications.JWTBearerApplicationAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "oauth_jwt_grant.admin.tokens.DecisionAccessTokenAdmin",
    "SCOPES": {"read": "Read", "write": "Write", "admin": "Administer"},
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": _on("HASHED"),
}
OAUTH_JWT_GRANT = {"AUDIENCES": ["https://as.example.com", "https://as.example.com/o/token/"]}

if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}

if _on("OIDC"):
    # django-oauth-toolkit asks OIDC_SERVER_CLASS only where OAUTH2_SERVER_CLASS is not written.
    del OAUTH2_PROVIDER["OAUTH2_SERVER_CLASS"]
    OAUTH2_PROVIDER |= {
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": oidc_private_key(),
        "SCOPES": {**OAUTH2_PROVIDER["SCOPES"], "openid": "OpenID Connect"},
    }

if _on("SWAPPED"):
    INSTALLED_APPS.append("tests.swapped")
    AUTH_USER_MODEL = "swapped.User"
    OAUTH2_PROVIDER_APPLICATION_MODEL = "swapped.Application"
    OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "swapped.AccessToken"
    OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "swapped.RefreshToken"
    OAUTH2_PROVIDER_ID_TOKEN_MODEL = "swapped.IDToken"
    OAUTH2_PROVIDER_GRANT_MODEL = "swapped.Grant"
