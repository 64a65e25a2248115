"""The page "Discover": the metadata of an issuer, beside the values that are trusted here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ...assertion import NotGranted
from ...conf import conf
from ...keys import FetchFailed, Metadata, misconfigured
from ...models import TrustedIssuer
from ...trust import discovery_of, listed
from ..shared import page_context
from .panel import FETCH_FORM, changeable_issuer

TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/discovered.html"


def discover(request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Fetch the metadata of an issuer and show it; nothing is stored, and no keys are fetched."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    issuer = changeable_issuer(request, object_id, model_admin)
    source = discovery_of(issuer)
    if source is None:
        raise Http404
    context = page_context(request, model_admin, _("Discover"), original=issuer, fetch_form=FETCH_FORM)
    try:
        with misconfigured("the discovery URL", FetchFailed):
            found = source.metadata()
    except (FetchFailed, NotGranted) as error:
        context["fault"] = str(error)
    else:
        context |= {"fault": found.fault, "rows": _rows(issuer, found)}
    return TemplateResponse(request, TEMPLATE, context)


def _rows(issuer: TrustedIssuer, found: Metadata) -> list[tuple[str, str, str, str]]:
    """For each thing that is published: its name, a level and words on it, and the value."""
    exact = found.issuer == issuer.issuer
    taken = [name for name in found.algorithms if name in (listed(issuer, "algorithms") or conf.ALGORITHMS)]
    same = _("exactly the one that is trusted") if exact else _("not the one that is trusted")
    if not found.algorithms:
        accepted = "not-reached", _("not said")
    elif taken:
        accepted = "ok", _("accepted here: %s") % ", ".join(taken)
    else:
        accepted = "warning", _("none of them is accepted here")
    keys = _("found") if found.jwks_uri else _("missing")
    return [
        (_("Document"), "ok", _("found"), found.url),
        ("issuer", "ok" if exact else "off", same, found.issuer),
        ("jwks_uri", "ok" if found.jwks_uri else "off", keys, found.jwks_uri),
        ("id_token_signing_alg_values_supported", *accepted, ", ".join(found.algorithms)),
    ]
