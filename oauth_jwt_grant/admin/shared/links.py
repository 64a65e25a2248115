"""Links from one page of the admin to another."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html


def change_url(site: admin.AdminSite, obj: Model) -> str | None:
    """The change page of ``obj`` on ``site``, or ``None`` if it has none."""
    try:
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
        return reverse(name, args=[quote(obj.pk)], current_app=site.name)
    except NoReverseMatch:
        return None


def list_url(site: admin.AdminSite, model: type[Model]) -> str | None:
    """The page of ``site`` that lists the rows of ``model``, or ``None`` if it has none."""
    try:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        return reverse(name, current_app=site.name)
    except NoReverseMatch:
        return None


def link_to(site: admin.AdminSite, obj: Model | None) -> str:
    """``obj`` as a link to its page, or its name alone, or a dash for ``None``."""
    if obj is None:
        return "-"
    url = change_url(site, obj)
    return str(obj) if url is None else format_html('<a href="{}">{}</a>', url, obj)
