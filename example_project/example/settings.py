"""Settings of the example site. What the grant needs stands in the last three blocks."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

#: Where the site is reached, and the folder of its database; ``manage.py demo`` chooses both.
BASE_URL = os.environ.get("EXAMPLE_URL", "http://127.0.0.1:8000")
DATA = Path(os.environ.get("EXAMPLE_DATA", Path(__file__).parent.parent))

SECRET_KEY = os.environ.get("EXAMPLE_SECRET_KEY") or get_random_secret_key()
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "example.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"

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
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "example.sqlite3",
        # Writers wait for each other from the first statement on, instead of failing at the second.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
# Errors alone: no line for each request between the lines of the demo.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler", "level": "ERROR"}},
    "loggers": {
        "django": {"handlers": ["console"]},
        "django.server": {"level": "CRITICAL"},
        # The demo shows each answer itself; on a site, the record of each refusal is a warning worth reading.
        "oauth_jwt_grant.decisions": {"handlers": ["console"], "propagate": False},
    },
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "oauth2_provider",
    "oauth_jwt_grant",
    "example",
]
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "oauth_jwt_grant.oauth2_validators.JWTBearerOAuth2Validator",
    "OAUTH2_SERVER_CLASS": "oauth_jwt_grant.servers.JWTBearerServer",
    "OAUTH2_BACKEND_CLASS": "oauth_jwt_grant.oauth2_backends.JWTBearerOAuthLibCore",
    "APPLICATION_ADMIN_CLASS": "oauth_jwt_grant.admin.applications.JWTBearerApplicationAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "oauth_jwt_grant.admin.tokens.DecisionAccessTokenAdmin",
    "SCOPES": {"deployments:read": "See deployments", "deployments:write": "Start deployments"},
}
OAUTH_JWT_GRANT = {"AUDIENCES": [BASE_URL, f"{BASE_URL}/o/token/"]}
