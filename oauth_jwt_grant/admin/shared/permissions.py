"""Who may see what, for pages that show more than their own model."""

from __future__ import annotations

from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.http import HttpRequest


def may_see(request: HttpRequest, *models: type[Model]) -> bool:
    """Whether the user may see rows of each of ``models``; the permission to change them includes it."""
    return all(any(_may(request, action, model) for action in ("view", "change")) for model in models)


def may_add(request: HttpRequest, *models: type[Model]) -> bool:
    """Whether the user may add rows to each of ``models``."""
    return all(_may(request, "add", model) for model in models)


def _may(request: HttpRequest, action: str, model: type[Model]) -> bool:
    codename = get_permission_codename(action, model._meta)
    return request.user.has_perm(f"{model._meta.app_label}.{codename}")
