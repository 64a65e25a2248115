"""The actions of the lists of issuers and rules that take trust away, and the one that gives it back.

Those that disable run outside ``ATOMIC_REQUESTS``: what is disabled has to be committed before anything is
revoked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.core.exceptions import PermissionDenied
from django.db import connections, router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ...languages import translated
from ...models import Decision, GrantRule, TrustedIssuer
from ...trust import withdrawal
from ..shared import AdminMixin, may_revoke, page_context
from .pages import CONFIRMED, warn_unless

TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/disable_and_revoke.html"
#: What a decision calls the row, and what comes of disabling some, by their model.
_COLUMNS = {TrustedIssuer: "issuer", GrantRule: "rule"}
_CONSEQUENCES = {
    TrustedIssuer: _(
        "These issuers will be disabled: every assertion of theirs is refused from the next request on."
    ),
    GrantRule: _(
        "These rules will be disabled. From the next request on, what they match is tried with the rules "
        "after them, and refused if none of these matches."
    ),
}


@admin.action(description=_("Enable selected %(verbose_name_plural)s"), permissions=["change"])
def enable(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[TrustedIssuer]
) -> None:
    """Trust them again, on the terms and with the rules that they have."""
    number = 0
    for issuer in _chosen(model_admin, request, queryset):
        if issuer.enabled:
            continue
        issuer.enabled = True
        try:
            issuer.save(update_fields=["enabled", "updated"])
        except ValueError as error:  # private keys, which only SQL can have stored
            messages.error(
                request,
                _("%(issuer)s is not enabled: %(why)s") % {"issuer": issuer, "why": translated(error)},
            )
            continue
        model_admin.log_change(request, issuer, "Enabled.")
        number += 1
    words = {"number": number, "name": model_ngettext(model_admin.opts, number)}
    text = ngettext("%(number)d %(name)s is enabled now.", "%(number)d %(name)s are enabled now.", number)
    messages.success(request, text % words)


@admin.action(description=_("Disable selected %(verbose_name_plural)s"), permissions=["change"])
def disable(model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]) -> None:
    """Take the trust away: no token comes of these rows once this has answered."""
    number = disable_rows(model_admin, request, _chosen(model_admin, request, queryset))
    words = {"number": number, "name": model_ngettext(model_admin.opts, number)}
    text = ngettext("%(number)d %(name)s is disabled now.", "%(number)d %(name)s are disabled now.", number)
    messages.success(request, text % words)


@admin.action(
    description=_("Disable selected %(verbose_name_plural)s and revoke all their tokens"),
    permissions=["disable_and_revoke"],
)
def disable_and_revoke(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Show what would be revoked; once that is confirmed, disable first, so that no token comes after."""
    rows = _chosen(model_admin, request, queryset)
    column = _COLUMNS[model_admin.model]
    if CONFIRMED not in request.POST:
        decisions = Decision.objects.filter(**{f"{column}__in": [row.pk for row in rows]})
        context = page_context(
            request,
            model_admin,
            _("Disable and revoke all tokens"),
            confirmed=CONFIRMED,
            rows=rows,
            consequence=_CONSEQUENCES[model_admin.model],
            checkbox=ACTION_CHECKBOX_NAME,
            **withdrawal.count(decisions),
        )
        return TemplateResponse(request, TEMPLATE, context)
    disable_rows(model_admin, request, rows)
    total = 0
    for row in rows:
        revoked = withdrawal.revoke(Decision.objects.filter(**{column: row}))
        model_admin.log_change(request, row, f"Revoked all tokens: {revoked}.")
        total += revoked
    messages.success(request, _("Disabled. Tokens revoked: %d.") % total)
    return None


class WithdrawalMixin(AdminMixin):
    """For the admin classes of issuers and rules: who may withdraw, and outside of which transaction."""

    def get_urls(self) -> list[URLPattern]:
        """The pages of the model; the list, whose actions disable, runs outside transactions."""
        pages: list[URLPattern] = super().get_urls()
        for page in pages:
            if str(page.name).endswith("_changelist"):
                page.callback._non_atomic_requests = set(connections)  # type: ignore[attr-defined]
        return pages

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """The actions of the list. Those that disable run outside transactions, all others inside.

        Django passes ``action_location`` from 6.1 on.
        """
        location = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **location)
        return {name: _in_transactions(action) for name, action in actions.items()}

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether tokens may be revoked; asked for the action and for the page of an issuer."""
        return may_revoke(request)

    def has_disable_and_revoke_permission(self, request: HttpRequest) -> bool:
        """Both permissions at once: of those that an action names, Django asks for any one."""
        return self.has_change_permission(request) and self.has_revoke_permission(request)


def disable_rows(model_admin: admin.ModelAdmin[Any], request: HttpRequest, rows: Sequence[Any]) -> int:
    """Disable those of ``rows`` that are not yet; each gets a line in its history. Returns how many."""
    disabled, settled = withdrawal.disable(rows)
    for row in disabled:
        model_admin.log_change(request, row, "Disabled.")
    warn_unless(settled, request)
    return len(disabled)


def _chosen(model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
    """The rows that are meant, read once: the list may be filtered by what is about to change.

    It may have changed since the question as well. So an answer means the rows that were shown with it.
    """
    if CONFIRMED in request.POST:
        shown = request.POST.getlist(ACTION_CHECKBOX_NAME)
        queryset = model_admin.get_queryset(request).filter(pk__in=shown)
    rows = list(queryset.using(router.db_for_write(queryset.model)))
    # There are rules that only those who may change issuers can change.
    if not all(model_admin.has_change_permission(request, row) for row in rows):
        raise PermissionDenied
    return rows


def _in_transactions(action: Any) -> Any:
    """``action``, a tuple or, from Django 6.1 on, an ``Action``, so that it runs inside transactions."""
    is_tuple = isinstance(action, tuple)
    function = action[0] if is_tuple else action.func
    if function in (disable, disable_and_revoke):
        return action
    inside = _as_atomic_requests(function)
    return (inside, *action[1:]) if is_tuple else replace(action, func=inside)


def _as_atomic_requests(action: Callable[..., Any]) -> Callable[..., Any]:
    """``action`` as ``ATOMIC_REQUESTS`` would have it, for one that is called by a view outside."""

    @wraps(action)
    def run(*args: Any, **kwargs: Any) -> Any:
        inside = action
        for alias, database in connections.settings.items():
            if database["ATOMIC_REQUESTS"]:
                inside = transaction.atomic(using=alias)(inside)
        return inside(*args, **kwargs)

    return run
