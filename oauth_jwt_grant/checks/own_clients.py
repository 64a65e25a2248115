"""Clients that authenticate by a JWT of their own; django-oauth-toolkit's next release checks it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.apps import apps
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Warning
from django.db import Error, router, transaction

from ..conf import issuer_identifier
from ..dot import HAS_ROLES, SIGNING_METHODS, oauth2_settings
from .messages import CheckId


def check_own_assertions(
    app_configs: Any = None, databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """DOT accepts such a JWT for this server alone, and once alone, where a client has one."""
    if not databases or not apps.is_installed("oauth2_provider"):
        return []
    model: Any = apps.get_model(oauth2_settings.APPLICATION_MODEL)
    alias = router.db_for_write(model)
    try:
        if alias not in databases or not some_client_signs(model, alias):
            return []
    except Error:  # before the first `migrate`, which runs this check, there are no tables
        return []
    return list(_findings())


def some_client_signs(model: Any, alias: str) -> bool:
    """Whether an application is registered for such a method; before DOT's next release none can be."""
    with transaction.atomic(using=alias):
        signing = {"token_endpoint_auth_method__in": SIGNING_METHODS}
        return HAS_ROLES and bool(model._base_manager.using(alias).filter(**signing).exists())


def _findings() -> Iterator[CheckMessage]:
    issuer = issuer_identifier()
    # DOT's own default: the issuer identifier, and the URL of the endpoint as the request has it.
    accepted = getattr(oauth2_settings, "CLIENT_ASSERTION_ACCEPTED_AUDIENCES", None)
    if issuer is None or accepted is None or list(accepted) != [issuer]:
        yield Warning(
            "A client authenticates by a JWT of its own (private_key_jwt or client_secret_jwt), and "
            "django-oauth-toolkit accepts other audiences in it than this server's issuer identifier alone: "
            "another server that the client trusts could use the JWT here.",
            hint="OAUTH2_PROVIDER = {..., "
            f'"CLIENT_ASSERTION_ACCEPTED_AUDIENCES": ["{issuer or "https://as.example.com"}"]}}, which is '
            "OIDC_ISS_ENDPOINT, or else the first of AUDIENCES that is not the token endpoint.",
            id=CheckId.CLIENT_AUDIENCES,
        )
    cache = caches["default"]
    if isinstance(cache, LocMemCache | DummyCache):
        yield Warning(
            "A client authenticates by a JWT of its own (private_key_jwt or client_secret_jwt), and "
            "django-oauth-toolkit remembers used ones in the cache 'default', which is a "
            f"{type(cache).__name__}: another process accepts the same JWT again.",
            hint='CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", ...}}',
            id=CheckId.CLIENT_REPLAY_CACHE,
        )
