"""Whether the rest of the site goes with the grant: hosts, caches and databases."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, router

from ..conf import STRING, conf, hosts_are_exact
from ..dot import oauth2_settings
from .messages import CheckId

_REDIS = (
    'CACHES = {{..., {!r}: {{"BACKEND": "django.core.cache.backends.redis.RedisCache", '
    '"LOCATION": "redis://..."}}}}'
)
#: Entries: a cache for proofs must have room for those of two minutes.
_MANY_PROOFS = 10_000
_UNFIT_FOR_PROOFS: dict[type[BaseCache], str] = {
    DummyCache: "keeps nothing: every proof is refused",
    LocMemCache: "no two processes share",
    FileBasedCache: "lets two requests at once both add an entry, and is not shared by machines",
}
#: By Django's names; MySQL and MariaDB have one.
_VENDORS = ("sqlite", "postgresql", "mysql")
#: Bytes of a token request besides the assertion.
_OTHER_PARAMETERS = 4096
_SET_AUDIENCES = (
    'OAUTH_JWT_GRANT = {..., "AUDIENCES": ["https://as.example.com", "https://as.example.com/o/token/"]}'
)


def check_audiences(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """There is something that names this server in ``aud`` (RFC 7523 section 3, item 3)."""
    if conf.AUDIENCES or oauth2_settings.OIDC_ISS_ENDPOINT or hosts_are_exact():
        return []
    return [
        Warning(
            "Nothing says by which audiences assertions name this server, and ALLOWED_HOSTS does not name "
            "exact hosts to derive them from: only issuers that have audiences of their own are accepted.",
            hint=_SET_AUDIENCES,
            id=CheckId.NO_AUDIENCE,
        )
    ]


def check_audiences_are_set(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The audiences are written down, so that no header and no other setting changes them."""
    if conf.AUDIENCES or not (oauth2_settings.OIDC_ISS_ENDPOINT or hosts_are_exact()):
        return []
    return [
        Warning(
            "The audiences of this server are derived from each request and from other settings.",
            hint=_SET_AUDIENCES,
            id=CheckId.DERIVED_AUDIENCES,
        )
    ]


def check_cache_alias(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The caches that the settings name are among the site's."""
    return [
        Error(
            f"The setting {name} of OAUTH_JWT_GRANT is {alias!r}, and CACHES has no such alias.",
            hint=f'OAUTH_JWT_GRANT = {{..., "{name}": "default"}}, or CACHES = {{..., {alias!r}: {{...}}}}',
            id=CheckId.CACHE_ALIAS,
        )
        for name, alias in _cache_aliases().items()
        if alias not in settings.CACHES
    ]


def check_cache_is_shared(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """All processes see one cache. Single use does not depend on it, the number of fetches does."""
    cache, alias = _opened("CACHE"), conf.CACHE
    if not isinstance(cache, LocMemCache | DummyCache):
        return []
    return [
        Warning(
            f"The cache {alias!r} is a {type(cache).__name__}, which no two processes share: each "
            "process fetches the keys of each issuer for itself, the cool-down for unknown key IDs and the "
            "pause after a failed fetch hold for one process alone, and a restart forgets both.",
            hint=_REDIS.format(alias),
            id=CheckId.LOCAL_CACHE,
        )
    ]


def check_proof_cache(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The cache for DPoP proofs is one for all processes, and adds an entry in one step."""
    cache, alias = _opened("DPOP_CACHE"), conf.DPOP_CACHE
    if cache is None:
        return []
    fault = next((words for kind, words in _UNFIT_FOR_PROOFS.items() if isinstance(cache, kind)), "")
    if isinstance(cache, DatabaseCache) and cache._max_entries < _MANY_PROOFS:
        fault = f"removes entries that are in use beyond MAX_ENTRIES, which is {cache._max_entries}"
    if not fault:
        return []
    return [
        Error(
            f"The cache {alias!r} is a {type(cache).__name__}, which {fault}. "
            "Anybody who has seen a DPoP proof could use it again.",
            hint=f'{_REDIS.format(alias)}, or OAUTH_JWT_GRANT = {{..., "DPOP_CACHE": ...}}',
            id=CheckId.PROOF_CACHE,
        )
    ]


def _cache_aliases() -> dict[str, str]:
    """The settings in use that name a cache, and what they name; check_values reports what is no string."""
    names = ["CACHE", "DPOP_CACHE"] if conf.DPOP else ["CACHE"]
    return {name: alias for name in names if STRING.accepts(alias := getattr(conf, name))}


def _opened(name: str) -> BaseCache | None:
    """The cache of the setting ``name``; ``None`` if that names none (reported by check_cache_alias)."""
    alias = _cache_aliases().get(name)
    return caches[alias] if alias in settings.CACHES else None


def check_one_database(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Trust, tokens and decisions are in one database, in one transaction: single use rests on that."""
    homes: dict[str, list[str]] = {}
    for model in _models():
        homes.setdefault(router.db_for_write(model), []).append(model._meta.label)
    if len(homes) < 2:
        return []
    parted = "; ".join(f"{alias}: {', '.join(labels)}" for alias, labels in sorted(homes.items()))
    return [
        Error(
            "The database routers part what is joined in a query or written in one transaction: an assertion "
            f"could be spent without a token, or give two. {parted}.",
            hint="Let db_for_write() of your routers return one alias for all of them: "
            'if model._meta.app_label in {"auth", "oauth2_provider", "oauth_jwt_grant"}: return ...',
            id=CheckId.DATABASES,
        )
    ]


def check_token_reads(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Access tokens are read where they are written: one that is revoked is no good from then on."""
    if not apps.is_installed("oauth2_provider"):
        return []
    model = apps.get_model(oauth2_settings.ACCESS_TOKEN_MODEL)
    read, written = router.db_for_read(model), router.db_for_write(model)
    if read == written:
        return []
    return [
        Warning(
            f"The database routers write access tokens to {written!r} and read them from {read!r}. "
            "django-oauth-toolkit's token view reads each new token back, so it fails while the replica lags "
            "behind; and a token that has been revoked stays good for so long.",
            hint=f"Let db_for_read() of your routers return {written!r} for {model._meta.label}.",
            id=CheckId.TOKENS_FROM_REPLICA,
        )
    ]


def check_sqlite(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """On SQLite a request that reads before it writes waits for its turn from the beginning."""
    if not apps.is_installed("oauth2_provider"):
        return []
    alias = router.db_for_write(apps.get_model(oauth2_settings.ACCESS_TOKEN_MODEL))
    database = connections[alias].settings_dict
    mode = str(database["OPTIONS"].get("transaction_mode") or "DEFERRED").upper()
    if connections[alias].vendor != "sqlite" or not database["ATOMIC_REQUESTS"] or mode != "DEFERRED":
        return []
    return [
        Warning(
            "Under ATOMIC_REQUESTS a request begins to read before it writes. SQLite refuses to write then, "
            'without waiting ("database is locked"), if another request has written meanwhile.',
            hint=f"DATABASES = {{..., {alias!r}: "
            '{..., "OPTIONS": {"transaction_mode": "IMMEDIATE"}}}, or no ATOMIC_REQUESTS.',
            id=CheckId.SQLITE_TRANSACTIONS,
        )
    ]


def check_vendor(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The database is one on which single use and the lock on a disabled issuer have been tried."""
    alias = router.db_for_write(apps.get_app_config("oauth_jwt_grant").get_model("Decision"))
    vendor = connections[alias].vendor if alias in connections.settings else ""
    if vendor in ("", *_VENDORS):
        return []
    return [
        Error(
            f"The database {alias!r} is of the vendor {vendor!r}: single use and disabling rest on locks and "
            f"constraints that are known to work on {', '.join(_VENDORS)} alone.",
            hint=f"Let database routers write this app, tokens and users to one of {', '.join(_VENDORS)}.",
            id=CheckId.DATABASE_VENDOR,
        )
    ]


def check_upload_limit(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Django reads a body that holds the longest assertion."""
    limit: Any = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    longest: Any = conf.MAX_ASSERTION_LENGTH
    if not isinstance(limit, int) or not isinstance(longest, int) or limit > longest:
        return []
    return [
        Warning(
            f"DATA_UPLOAD_MAX_MEMORY_SIZE is {limit}, and MAX_ASSERTION_LENGTH {longest}: Django refuses to "
            "read the body of a request with a long assertion.",
            hint=f"DATA_UPLOAD_MAX_MEMORY_SIZE = {longest + _OTHER_PARAMETERS} or more, or a smaller "
            "MAX_ASSERTION_LENGTH.",
            id=CheckId.UPLOAD_LIMIT,
        )
    ]


def _models() -> list[Any]:
    """What a decision joins: our models, tokens, applications and users."""
    names = [settings.AUTH_USER_MODEL]
    if apps.is_installed("oauth2_provider"):
        names += [oauth2_settings.ACCESS_TOKEN_MODEL, oauth2_settings.APPLICATION_MODEL]
    return [*map(apps.get_model, names), *apps.get_app_config("oauth_jwt_grant").get_models()]
