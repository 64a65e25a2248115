"""Linked subjects by the file: imported once they have been seen, exported as they are listed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ...models import LinkedSubject
from ...subject_links import (
    NotImported,
    Outcome,
    Plan,
    Problem,
    decode,
    export_links,
    import_links,
    make_plan,
    shown,
)
from ...subject_links.plan import CHUNK
from ..shared import changeable, csv_file, list_url, may_see, page_context, record_import
from .forms import ConfirmForm, LinksForm
from .preview import preview_of

TEMPLATE = "admin/oauth_jwt_grant/linkedsubject/import.html"
_SALT = "oauth_jwt_grant.subject_links"


def may_export(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> bool:
    """Whether the user may see both sides of a link: subjects and the names of users."""
    return model_admin.has_view_permission(request) and may_see(request, get_user_model())


def may_import(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> bool:
    """Whether the user may add links and see what the preview shows: who exists and who is linked."""
    return model_admin.has_add_permission(request) and may_export(request, model_admin)


def export_page(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponseBase:
    """The links that the list shows with the same query, as CSV, a piece at a time."""
    if not may_export(request, model_admin):
        raise PermissionDenied
    try:
        links = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        # As the list itself would.
        return HttpResponseRedirect(f"{list_url(model_admin.admin_site, LinkedSubject)}?{ERROR_FLAG}=1")
    return csv_file(request, "linked-subjects.csv", export_links(links))


def import_page(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Take a file, show what it would do, and do it once that is confirmed."""
    if not may_import(request, model_admin):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, model_admin, LinksForm())
    if ConfirmForm.PAYLOAD in request.POST:
        return _confirmed(request, model_admin)
    form = LinksForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, model_admin, form)
    data = form.cleaned_data["data"]
    return _preview(request, model_admin, data, _plan(request, model_admin, data))


def _plan(request: HttpRequest, model_admin: admin.ModelAdmin[Any], data: bytes | str) -> Plan:
    """What ``data`` would do; a link to a user whom the person may not change is a problem."""
    plan = make_plan(data)
    users = list({link.user.pk for link in plan.changes})
    theirs: set[Any] = set()
    # One parameter for each, of which SQLite takes 999.
    for start in range(0, len(users), 2 * CHUNK):
        some = users[start : start + 2 * CHUNK]
        theirs |= changeable(request, model_admin.admin_site, get_user_model(), some)
    refused = [link for link in plan.changes if link.user.pk not in theirs]
    if not refused:
        return plan
    text = _("You may not change the user %s, and so not link anybody to this user.")
    problems = [Problem(link.row.line, text % shown(link.row.user)) for link in refused]
    links = tuple(link for link in plan.links if link not in refused)
    return Plan(links, tuple(sorted([*plan.problems, *problems], key=lambda one: one.line)))


def _confirmed(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Import what was previewed, if it would still do the same."""
    try:
        seen = signing.loads(request.POST[ConfirmForm.PAYLOAD], salt=_salt(request))
    except signing.BadSignature:
        messages.error(request, _("This is no preview of yours. Nothing was imported: start again."))
        return _page(request, model_admin, LinksForm())
    plan = _plan(request, model_admin, seen["data"])
    if plan.fingerprint != seen["plan"]:
        messages.warning(
            request,
            _("Nothing was imported: something has been changed since the preview. This is the new one."),
        )
        return _preview(request, model_admin, seen["data"], plan)
    replace = "replace" in request.POST and model_admin.has_change_permission(request)
    try:
        import_links(plan, replace=replace, record=lambda: record_import(request.user.pk, plan))
    except NotImported as error:
        messages.error(request, str(error))
        return _preview(request, model_admin, seen["data"], _plan(request, model_admin, seen["data"]))
    numbers = {outcome.value: len(plan.of(outcome)) for outcome in Outcome}
    text = _("Imported. Added: %(add)d, replaced: %(replace)d, unchanged: %(unchanged)d.")
    messages.success(request, text % numbers)
    return HttpResponseRedirect(list_url(model_admin.admin_site, LinkedSubject) or ".")


def _preview(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], data: bytes | str, plan: Plan
) -> HttpResponse:
    """What ``plan`` would do; below it the text again, so that nothing is lost by a wrong line."""
    # A file that is not text is not given back: the replacements of its lost characters would be imported.
    decoded = data if isinstance(data, str) else decode(data)
    text = decoded if isinstance(decoded, str) else ""
    may_replace = model_admin.has_change_permission(request)
    importable = bool(plan.changes) and not plan.problems and (may_replace or not plan.replaced)
    confirm = None
    if importable:
        payload = signing.dumps({"data": text, "plan": plan.fingerprint}, salt=_salt(request), compress=True)
        confirm = ConfirmForm.for_plan(plan, payload)
    context = {"preview": preview_of(plan), "confirm": confirm, "may_replace": may_replace}
    return _page(request, model_admin, LinksForm(initial={"text": text}), **context)


def _page(
    request: HttpRequest, model_admin: admin.ModelAdmin[Any], form: LinksForm, **context: Any
) -> HttpResponse:
    context = page_context(request, model_admin, _("Import linked subjects"), form=form, **context)
    return TemplateResponse(request, TEMPLATE, context)


def _salt(request: HttpRequest) -> str:
    """A preview is confirmed only by the user who has seen it."""
    return f"{_SALT}.{request.user.pk}"
