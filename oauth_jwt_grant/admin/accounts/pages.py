"""Adding a service account; and the page on which the key file of a new key is seen, once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from ...models import GrantRule, LinkedSubject, TrustedIssuer, written
from ...service_accounts import IssuedKey
from ..clients import google_example
from ..rules import GrantRuleAdmin
from ..shared import may_add, page_context
from .forms import AccountForm

FORM_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/add_service_account.html"
KEY_FILE_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/key_file.html"


def may_add_accounts(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> bool:
    """Whether the user may add every row of an account; the account may use a user that exists."""
    return model_admin.has_add_permission(request) and may_add(request, GrantRule, LinkedSubject)


@sensitive_variables()
def add_account(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Ask what the account shall be like, make it, and show its key file."""
    if not may_add_accounts(request, model_admin):
        raise PermissionDenied
    rule_admin = GrantRuleAdmin(GrantRule, model_admin.admin_site)
    data = [request.POST] if request.method == "POST" else []
    form = AccountForm(rule_admin, request, *data)
    if form.is_bound and form.is_valid():
        # The page is rendered inside the transaction: an account is useless if nobody has seen its key.
        with transaction.atomic(using=router.db_for_write(TrustedIssuer)):
            issued = form.make()
            if issued is not None:
                _record(request, model_admin, issued, is_new_user=form.cleaned_data["user"] is None)
                return key_file_page(request, model_admin, issued)
    media = model_admin.media + rule_admin.media + form.media
    context = page_context(request, model_admin, _("Add service account"), form=form, media=media)
    return TemplateResponse(request, FORM_TEMPLATE, context)


@sensitive_variables()
def key_file_page(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], issued: IssuedKey, **more: Any
) -> HttpResponse:
    """Return the response with the private key: rendered at once, stored nowhere, and in no cache.

    A page, not a download: a download can show neither the next step nor that it has failed.
    """
    name = issued.issuer.issuer.partition("@")[0]
    file_name = f"{name}-{issued.kid[:8]}.json"
    context = page_context(
        request,
        model_admin,
        _("Key file of %s") % name,
        issued=issued,
        original=issued.issuer,
        file_name=file_name,
        program=google_example(issued.issuer, issued.key_file["token_uri"], file_name),
        **more,
    )
    response = TemplateResponse(request, KEY_FILE_TEMPLATE, context).render()
    add_never_cache_headers(response)
    return response


def _record(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], issued: IssuedKey, *, is_new_user: bool
) -> None:
    """Add an entry to the history of each row: it was added."""
    issuer = issued.issuer
    link = written(LinkedSubject).select_related("user").get(issuer=issuer)
    model_admin.log_addition(request, issuer, f"Added as a service account, with the key {issued.kid}.")
    for row in (written(GrantRule).get(issuer=issuer), link, *([link.user] if is_new_user else [])):
        model_admin.log_addition(request, row, f"Added with the service account {issuer.issuer}.")
