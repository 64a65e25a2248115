"""The page that refuses what an issuer has issued until now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from ...database import readable
from ...models import Decision, TrustedIssuer, written
from ...trust import withdrawal
from ..shared import changeable_issuer, page_context
from .pages import warn_unless

TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/from_now_on.html"


def from_now_on(request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Say what it does, and once that is posted, accept only what the issuer issues from now on."""
    issuer = changeable_issuer(request, object_id, model_admin)
    if request.method == "POST":
        return _limit(request, issuer, model_admin)
    context = page_context(request, model_admin, _("Refuse what was issued until now"), original=issuer)
    context["valid"] = withdrawal.count(Decision.objects.filter(issuer=issuer))["valid"]
    context["limit"] = readable(withdrawal.limit_from(timezone.now(), issuer.leeway))
    return TemplateResponse(request, TEMPLATE, context)


def _limit(
    request: HttpRequest, issuer: TrustedIssuer, model_admin: admin.ModelAdmin[Any]
) -> HttpResponseRedirect:
    changed, settled = withdrawal.from_now_on([issuer])
    limit = cast(datetime, written(TrustedIssuer).values_list("issued_after", flat=True).get(pk=issuer.pk))
    if changed:
        before = issuer.issued_after.isoformat() if issuer.issued_after else "-"
        model_admin.log_change(request, issuer, f"Issued after ({before} \u2192 {limit.isoformat()}).")
    warn_unless(settled, request)
    messages.success(request, _("Only assertions issued from %s on are accepted.") % readable(limit))
    return HttpResponseRedirect("../change/")
