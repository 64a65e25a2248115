"""Which views answer where, as the site has mounted them."""

from __future__ import annotations

from contextlib import suppress

from django.apps import apps
from django.conf import settings as django_settings
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse


def has_urls() -> bool:
    """Whether there is anything to look at."""
    return apps.is_installed("oauth2_provider") and bool(getattr(django_settings, "ROOT_URLCONF", None))


def place_of(name: str) -> str | None:
    """The path of a named URL as :func:`~django.urls.resolve` wants it, without a script prefix."""
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
