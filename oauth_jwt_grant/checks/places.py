"""Which views answer where, as the site has mounted them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import NoReverseMatch, Resolver404, get_resolver, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

#: The line that mounts our endpoints before DOT's.
MOUNT_ENDPOINTS = (
    'urlpatterns = [..., path("o/", include("oauth_jwt_grant.endpoints")), ...], before those of DOT there'
)

Callback = Callable[..., Any]


def has_urls() -> bool:
    """Whether there is anything to look at."""
    return apps.is_installed("oauth2_provider") and bool(getattr(settings, "ROOT_URLCONF", None))


def place_of(name: str) -> str | None:
    """The path of a named URL as :func:`~django.urls.resolve` takes it, without a script prefix."""
    with suppress(NoReverseMatch):
        return "/" + reverse(name).removeprefix(get_script_prefix())
    return None


def views_at(kind: type, *paths: str) -> list[type]:
    """The views of this ``kind``, or extensions of it, that answer at ``paths``."""
    found = []
    for path in paths:
        with suppress(Resolver404):
            view = getattr(resolve(path).func, "view_class", None)
            if view is not None and issubclass(view, kind):
                found.append(view)
    return found


def in_place_of(dots: str) -> dict[str, Callback]:
    """What answers at each route where DOT's view ``dots``, or an extension of it, is mounted.

    The view is given as a dotted path: it loads models, which may be missing where there are no URLs.
    """
    if not has_urls():
        return {}
    kind = import_string(dots)
    found: dict[str, Callback] = {}
    for route, callback in _routes(get_resolver()):
        view = getattr(callback, "view_class", None)
        if view is not None and issubclass(view, kind):
            # Two patterns of the same text: Django asks the first. So does this where the route has a
            # converter that does not take its own text for a value.
            found.setdefault(route, _callback_at(route) or callback)
    return found


def _callback_at(route: str) -> Callback | None:
    with suppress(Resolver404):
        return resolve(f"/{route}").func
    return None


def _routes(resolver: Any, prefix: str = "") -> Iterator[tuple[str, Callback]]:
    """Return the string of each route with the callback that is mounted there."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, route)
        else:
            yield route, pattern.callback
