"""The keys of a service account: adding one, and withdrawing one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from ...languages import translated
from ...models import Decision, TrustedIssuer
from ...service_accounts import (
    ServiceAccountError,
    add_key,
    is_service_account,
    keys_fingerprint,
    uses_of,
    withdraw_key,
)
from ...trust import withdrawal
from ..keys import account_key_words, account_keys
from ..revocation import disable_rows
from ..shared import changeable_issuer, page_context
from .pages import key_file_page

ADD_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/add_key.html"
WITHDRAW_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/withdraw_key.html"
#: The actions of the page of a key: the values of its buttons.
WITHDRAW, WITHDRAW_AND_REVOKE, DISABLE = "withdraw", "withdraw-and-revoke", "disable"


@sensitive_variables()
def add_key_page(request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Ask before a further key is created; when confirmed, create it and show its key file."""
    issuer = _changeable_account(request, object_id, model_admin)
    fault = ""
    if request.method == "POST":
        try:
            with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
                issued = add_key(issuer.issuer, seen=request.POST.get("seen", ""))
                model_admin.log_change(request, issuer, f"Added the key {issued.kid}.")
                return key_file_page(request, model_admin, issued, is_further=True)
        except ServiceAccountError as error:
            fault = capfirst(translated(error))
        except ValidationError as error:
            fault = " ".join(error.messages)
        issuer.refresh_from_db(using=router.db_for_write(TrustedIssuer))
    uses = uses_of(issuer)
    context = page_context(
        request,
        model_admin,
        _("Add key"),
        original=issuer,
        fault=fault,
        seen=keys_fingerprint(issuer),
        keys=account_keys([use.kid for use in uses], uses, may_withdraw=False),
    )
    return TemplateResponse(request, ADD_TEMPLATE, context)


def withdraw_key_page(
    request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]
) -> HttpResponse:
    """Ask before a key is withdrawn; when confirmed, do it. For the last key, disable the account."""
    issuer = _changeable_account(request, object_id, model_admin)
    may_revoke = model_admin.has_revoke_permission(request, issuer)  # type: ignore[attr-defined]
    wish = request.POST.get("do")
    if wish == DISABLE:
        disable_rows(model_admin, request, [issuer])
        messages.success(request, _("The service account is disabled now."))
        return HttpResponseRedirect("../change/")
    if wish in (WITHDRAW, WITHDRAW_AND_REVOKE):
        and_revoke = wish == WITHDRAW_AND_REVOKE
        if and_revoke and not may_revoke:
            raise PermissionDenied
        _withdraw(request, model_admin, issuer, and_revoke=and_revoke)
        return HttpResponseRedirect("../change/")
    return _ask(request, model_admin, issuer, may_revoke=may_revoke)


def _ask(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], issuer: TrustedIssuer, *, may_revoke: bool
) -> HttpResponse:
    uses = uses_of(issuer)
    key = next((use for use in uses if use.kid and use.kid == request.GET.get("kid")), None)
    if key is None:
        raise Http404
    context = page_context(
        request,
        model_admin,
        _("Withdraw key"),
        original=issuer,
        kid=key.kid,
        words=account_key_words(key),
        was_used=key.last_used is not None,
        is_last=len(uses) == 1,
        may_revoke=may_revoke,
        **withdrawal.count(_decisions(issuer, key.kid)),
    )
    return TemplateResponse(request, WITHDRAW_TEMPLATE, context)


def _withdraw(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], issuer: TrustedIssuer, *, and_revoke: bool
) -> None:
    """Withdraw first, so that no later request gets a token with the key. The history has both entries."""
    kid = request.POST.get("kid", "")
    try:
        withdraw_key(issuer.issuer, kid)
    except ServiceAccountError as error:
        messages.error(request, _("Not withdrawn: %s.") % translated(error))
        return
    model_admin.log_change(request, issuer, f"Withdrew the key {kid}.")
    messages.success(request, _("The key %s is withdrawn.") % kid)
    if and_revoke:
        revoked = withdrawal.revoke(_decisions(issuer, kid))
        model_admin.log_change(request, issuer, f"Revoked tokens (key ID {kid}): {revoked}.")
        messages.success(request, _("Tokens revoked: %d.") % revoked)


def _decisions(issuer: TrustedIssuer, kid: str) -> QuerySet[Decision]:
    return Decision.objects.filter(issuer=issuer, kid=kid)


def _changeable_account(
    request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]
) -> TrustedIssuer:
    """The service account called ``object_id``, for a user who may change it. Raises 404 or 403."""
    issuer = changeable_issuer(request, object_id, model_admin)
    if not is_service_account(issuer):
        raise Http404
    return issuer
