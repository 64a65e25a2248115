"""What every page of ours hands to its template."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


def page_context(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], title: Any, **more: Any
) -> dict[str, Any]:
    """The context of a page that stands beside those of ``model_admin``."""
    request.current_app = model_admin.admin_site.name  # as the admin's own views do
    context = model_admin.admin_site.each_context(request)
    about = {"subtitle": str(more["original"])} if "original" in more else {}
    return {**context, "title": title, **about, "opts": model_admin.opts, **more}
