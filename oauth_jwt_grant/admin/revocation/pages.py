"""The actions and the page that disable issuers and revoke the tokens of their assertions.

They run outside ``ATOMIC_REQUESTS``: what is disabled has to be committed before anything is revoked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminRadioSelect, AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connections, router, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ...models import Decision, TrustedIssuer
from ...trust import withdrawal
from ..shared import page_context

ACTION_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/disable_and_revoke.html"
PAGE_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/revoke_tokens.html"
#: Posted by the confirmation pages alone.
CONFIRMED = "confirmed"
#: Decisions in which keys and subjects are looked for, and how many of each are offered.
_LATEST, _OFFERED = 500, 20


class TokensForm(forms.Form):
    """Which of an issuer's tokens."""

    which = forms.ChoiceField(
        label=_("Which"),
        choices=[
            ("all", _("every token of this issuer")),
            ("kid", _("those whose assertion was signed with a key ID")),
            ("subject", _("those of a subject")),
        ],
        initial="all",
        widget=AdminRadioSelect(attrs={"class": "radiolist"}),
    )
    value = forms.CharField(
        label=_("Key id or subject"),
        required=False,
        strip=False,
        widget=AdminTextInputWidget(),
        help_text=_("Character by character; those of the latest decisions are offered."),
    )

    def offer(self, issuer: TrustedIssuer) -> None:
        """Offer the keys and the subjects of the latest decisions on ``issuer``; another can be typed."""
        latest = Decision.objects.filter(issuer=issuer).order_by("-time").values_list("kid", "subject")
        found = list(latest[:_LATEST])
        self.offered = [
            (name, kind)
            for kind, column in ((_("key ID"), 0), (_("subject"), 1))
            for name in list(dict.fromkeys(row[column] for row in found if row[column]))[:_OFFERED]
        ]
        self.fields["value"].widget.attrs["list"] = "ojg-offered"

    def clean(self) -> dict[str, Any]:
        """A key ID or a subject has to be named where one is meant."""
        data = self.cleaned_data
        if data.get("which") in ("kid", "subject") and not data.get("value"):
            raise ValidationError({"value": _("Say which.")})
        return data

    def decisions(self, issuer: TrustedIssuer) -> QuerySet[Decision]:
        """The decisions on ``issuer`` that are meant."""
        decisions = Decision.objects.filter(issuer=issuer)
        which = self.cleaned_data["which"]
        return decisions if which == "all" else decisions.filter(**{which: self.cleaned_data["value"]})

    def in_words(self) -> str:
        """Which tokens, for the history of the issuer."""
        which, value = self.cleaned_data["which"], self.cleaned_data["value"]
        return {"all": "all tokens", "kid": f"key ID {value}", "subject": f"subject {value}"}[which]


@admin.action(description=_("Enable selected issuers"), permissions=["change"])
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
                request, _("%(issuer)s is not enabled: %(why)s") % {"issuer": issuer, "why": error}
            )
            continue
        model_admin.log_change(request, issuer, "Enabled.")
        number += 1
    text = ngettext("%d issuer is enabled now.", "%d issuers are enabled now.", number) % number
    messages.success(request, text)


@admin.action(description=_("Disable selected issuers"), permissions=["change"])
def disable(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[TrustedIssuer]
) -> None:
    """Take the trust away: no token comes of their assertions once this has answered."""
    number = disable_issuers(model_admin, request, _chosen(model_admin, request, queryset))
    text = ngettext("%d issuer is disabled now.", "%d issuers are disabled now.", number) % number
    messages.success(request, text)


@admin.action(
    description=_("Disable selected issuers and revoke all their tokens"), permissions=["disable_and_revoke"]
)
def disable_and_revoke(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[TrustedIssuer]
) -> HttpResponse | None:
    """Show what would be revoked; once that is confirmed, disable first, so that no token comes after."""
    issuers = _chosen(model_admin, request, queryset)
    if CONFIRMED not in request.POST:
        context = page_context(
            request, model_admin, _("Disable and revoke all tokens"), confirmed=CONFIRMED, issuers=issuers
        )
        context |= {
            "checkbox": ACTION_CHECKBOX_NAME,
            **withdrawal.count(Decision.objects.filter(issuer__in=[issuer.pk for issuer in issuers])),
        }
        return TemplateResponse(request, ACTION_TEMPLATE, context)
    disable_issuers(model_admin, request, issuers)
    total = 0
    for issuer in issuers:
        revoked = withdrawal.revoke(Decision.objects.filter(issuer=issuer))
        model_admin.log_change(request, issuer, f"Revoked all tokens: {revoked}.")
        total += revoked
    messages.success(request, _("Disabled. Tokens revoked: %d.") % total)
    return None


def _chosen(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[TrustedIssuer]
) -> list[TrustedIssuer]:
    """The issuers that are meant, read once: the list may be filtered by what is about to change.

    It may have changed since the question as well. So an answer means the issuers that were shown with it.
    """
    if CONFIRMED in request.POST:
        shown = request.POST.getlist(ACTION_CHECKBOX_NAME)
        queryset = model_admin.get_queryset(request).filter(pk__in=shown)
    return list(queryset.using(router.db_for_write(TrustedIssuer)))


def revoke_tokens(request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Revoke all tokens of an issuer, or those of a key ID or a subject, once their number was seen."""
    issuer = model_admin.get_object(request, object_id)
    if issuer is None:
        raise Http404
    if not model_admin.has_revoke_permission(request, issuer):  # type: ignore[attr-defined]
        raise PermissionDenied
    form = TokensForm(request.POST) if request.method == "POST" else TokensForm(initial=request.GET.dict())
    form.offer(issuer)
    context = page_context(
        request,
        model_admin,
        _("Revoke tokens of %s") % issuer,
        confirmed=CONFIRMED,
        issuer=issuer,
        original=issuer,
        form=form,
    )
    if form.is_bound and form.is_valid():
        decisions = form.decisions(issuer)
        if CONFIRMED in request.POST:
            warn_unless(withdrawal.wait_for_requests([issuer.pk]), request)
            revoked = withdrawal.revoke(decisions)
            model_admin.log_change(request, issuer, f"Revoked tokens ({form.in_words()}): {revoked}.")
            messages.success(request, _("Tokens revoked: %d.") % revoked)
            return HttpResponseRedirect("../change/")
        context |= withdrawal.count(decisions)
    return TemplateResponse(request, PAGE_TEMPLATE, context)


def disable_issuers(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, issuers: Sequence[TrustedIssuer]
) -> int:
    """Disable those of ``issuers`` that are not yet; each gets a line in its history. Returns how many."""
    disabled, settled = withdrawal.disable(issuers)
    for issuer in disabled:
        model_admin.log_change(request, issuer, "Disabled.")
    warn_unless(settled, request)
    return len(disabled)


def warn_unless(settled: bool, request: HttpRequest) -> None:
    """Say so if a request has not come to its end."""
    if not settled:
        text = _("A request that began before is still under way. Revoke the tokens once more in a minute.")
        messages.warning(request, text)


def in_transactions(action: Callable[..., Any]) -> Callable[..., Any]:
    """``action`` as ``ATOMIC_REQUESTS`` would have it, for one that is called by a view outside."""

    @wraps(action)
    def run(*args: Any, **kwargs: Any) -> Any:
        inside = action
        for alias, database in connections.settings.items():
            if database["ATOMIC_REQUESTS"]:
                inside = transaction.atomic(using=alias)(inside)
        return inside(*args, **kwargs)

    return run
