"""Which views answer where, as the site has mounted them."""

from __future__ import annotations

from contextlib import suppress

from django.apps import apps
from django.conf import settings as django_settings
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

#: The line that puts our endpoints in the place of DOT's.
MOUNT_ENDPOINTS = (
    'urlpatterns = [..., path("o/", include("oauth_jwt_grant.endpoints")), ...], before those of DOT there'
)


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


def is_plain(name: str, dots: str, ours: str) -> bool:
    """Whether the URL called ``name`` leads to DOT's view ``dots``, and not to one that extends ``ours``.

    The views are given as dotted paths: they load models, which may be missing where there are no URLs.
    """
    place = place_of(name) if has_urls() else None
    if place is None:
        return False
    return not all(issubclass(view, import_string(ours)) for view in views_at(import_string(dots), place))
