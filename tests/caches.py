"""Caches that fail, each in its own way: published clients at a dead port, and Django's own backends.

``FAILING`` has what keeps nothing for long, ``WORKING`` what does. Both are entries of ``CACHES``.
"""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import CacheHandler
from django.core.cache.backends.locmem import LocMemCache

from tests.jwks_server import dead_port
from tests.site import REDIS_URL

_DEAD = dead_port()
_DJANGO = "django.core.cache.backends"


class DeafCache(LocMemCache):
    """Says that all went well, and keeps nothing."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def set(self, *args: Any, **kwargs: Any) -> None:
        return None


class MuteCache(LocMemCache):
    """Says nothing, keeps nothing: a client that swallows its errors."""

    def add(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        return None

    set = add
    get = add


class RaisingCache(LocMemCache):
    """Raises whatever it is asked."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("the cache is gone")

    set = add = delete = get


def _local(**options: int) -> dict[str, Any]:
    name = "-".join(f"{name}-{value}" for name, value in options.items())
    return {"BACKEND": f"{_DJANGO}.locmem.LocMemCache", "LOCATION": name, "OPTIONS": options}


def _redis(url: str, **options: Any) -> dict[str, Any]:
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "oauth-jwt-grant-kinds",
        "OPTIONS": options,
    }


#: They keep nothing at all.
DEAD: dict[str, dict[str, Any]] = {
    "django-redis that ignores exceptions": _redis(f"redis://127.0.0.1:{_DEAD}/0", IGNORE_EXCEPTIONS=True),
    "django-redis": _redis(f"redis://127.0.0.1:{_DEAD}/0"),
    "Django's Redis": {
        "BACKEND": f"{_DJANGO}.redis.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{_DEAD}/0",
    },
    "pymemcache": {
        "BACKEND": f"{_DJANGO}.memcached.PyMemcacheCache",
        "LOCATION": f"127.0.0.1:{_DEAD}",
    },
    "pymemcache that ignores exceptions": {
        "BACKEND": f"{_DJANGO}.memcached.PyMemcacheCache",
        "LOCATION": f"127.0.0.1:{_DEAD}",
        "OPTIONS": {"ignore_exc": True},
    },
    "dummy": {"BACKEND": f"{_DJANGO}.dummy.DummyCache"},
    "deaf": {"BACKEND": "tests.caches.DeafCache"},
    "mute": {"BACKEND": "tests.caches.MuteCache"},
    "raising": {"BACKEND": "tests.caches.RaisingCache"},
}
#: Even making their object fails.
UNOPENED: dict[str, dict[str, Any]] = {
    "folder that cannot be written": {
        "BACKEND": f"{_DJANGO}.filebased.FileBasedCache",
        "LOCATION": f"{__file__}/cache",
    },
    "module that is not there": {"BACKEND": "nowhere.Cache"},
}
#: They keep an entry until the next ones are written.
CULLING: dict[str, dict[str, Any]] = {
    "one entry": _local(MAX_ENTRIES=1),
    "one entry, all removed": _local(MAX_ENTRIES=1, CULL_FREQUENCY=0),
    "two entries, all removed": _local(MAX_ENTRIES=2, CULL_FREQUENCY=0),
    "three entries, all removed": _local(MAX_ENTRIES=3, CULL_FREQUENCY=0),
    "one entry, each removed": _local(MAX_ENTRIES=1, CULL_FREQUENCY=1),
}
FAILING = DEAD | CULLING
WORKING: dict[str, dict[str, Any]] = {
    "local": _local(),
    "django-redis at a server": _redis(REDIS_URL, IGNORE_EXCEPTIONS=True),
}


def cache_of(entry: dict[str, Any]) -> Any:
    """The cache of an entry of ``CACHES``, empty."""
    if "at a server" in repr([name for name, one in WORKING.items() if one is entry]):
        _need_redis()
    cache = CacheHandler({"default": entry})["default"]
    if entry in WORKING.values() or entry in CULLING.values():
        cache.clear()
    return cache


def _need_redis() -> None:
    url = urlsplit(REDIS_URL)
    try:
        socket.create_connection((url.hostname or "", url.port or 6379), 1).close()
    except OSError:
        pytest.skip("not on a machine without Redis")
