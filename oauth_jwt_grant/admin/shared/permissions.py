"""Who may see what, for pages that show more than their own model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import Model
from django.http import Http404, HttpRequest

from ...models import GrantRule, TrustedIssuer


def may_see(request: HttpRequest, *models: type[Model]) -> bool:
    """Whether the user may see rows of each of ``models``; the permission to change them includes it."""
    return all(any(_may(request, action, model) for action in ("view", "change")) for model in models)


def may_add(request: HttpRequest, *models: type[Model]) -> bool:
    """Whether the user may add rows to each of ``models``."""
    return all(_may(request, "add", model) for model in models)


def may_change_issuers(request: HttpRequest) -> bool:
    """Whether the user may change issuers, and so what a rule must not do without them."""
    return request.user.has_perm("oauth_jwt_grant.change_trustedissuer")


def may_revoke(request: HttpRequest) -> bool:
    """Whether the user may revoke tokens."""
    return request.user.has_perm("oauth_jwt_grant.revoke_tokens")


def may_trust_jwts(request: HttpRequest, *, is_known: bool) -> bool:
    """Whether the user may make a rule of a JWT, and the issuer too where it is not ``is_known``."""
    return may_add(request, GrantRule) and (is_known or may_add(request, TrustedIssuer))


def changeable_issuer(
    request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]
) -> TrustedIssuer:
    """The issuer called ``object_id``, for a user who may change it. Raises 404 or 403."""
    issuer: TrustedIssuer | None = model_admin.get_object(request, object_id)
    if issuer is None:
        raise Http404
    if not model_admin.has_change_permission(request, issuer):
        raise PermissionDenied
    return issuer


def may_change_row(request: HttpRequest, site: admin.AdminSite, row: Model) -> bool:
    """Whether the user may change ``row`` of the site's own."""
    return row.pk in changeable(request, site, type(row), [row.pk])


def changeable(
    request: HttpRequest, site: admin.AdminSite, model: type[Model], pks: Collection[Any]
) -> set[Any]:
    """Those of ``pks`` of ``model`` that the user may change.

    Its admin class decides, or where there is none the permission.
    """
    model_admin = site._registry.get(model)
    if model_admin is None:
        return set(pks) if _may(request, "change", model) else set()
    rows = model_admin.get_queryset(request).using(router.db_for_write(model)).filter(pk__in=pks)
    return {row.pk for row in rows if model_admin.has_change_permission(request, row)}


def _may(request: HttpRequest, action: str, model: type[Model]) -> bool:
    codename = get_permission_codename(action, model._meta)
    return request.user.has_perm(f"{model._meta.app_label}.{codename}")
