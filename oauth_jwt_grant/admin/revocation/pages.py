"""The page that revokes tokens of an issuer.

It runs outside ``ATOMIC_REQUESTS``: what is disabled has to be committed before anything is revoked.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminRadioSelect, AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from ...models import Decision, TrustedIssuer
from ...trust import withdrawal
from ..shared import may_see, page_context

TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/revoke_tokens.html"
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
        label=_("Key ID or subject"),
        required=False,
        strip=False,
        widget=AdminTextInputWidget(),
        help_text=_("Character by character."),
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
        field = self.fields["value"]
        field.widget.attrs["list"] = "ojg-offered"
        field.help_text = _("Character by character; those of the latest decisions are offered.")

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

    def meant(self) -> str:
        """Which tokens, for the person who is asked."""
        which = self.cleaned_data["which"]
        words = dict(self.fields["which"].choices)[which]  # type: ignore[attr-defined]
        return str(words) if which == "all" else f"{words}: {self.cleaned_data['value']}"

    def in_words(self) -> str:
        """Which tokens, for the history of the issuer."""
        which, value = self.cleaned_data["which"], self.cleaned_data["value"]
        return {"all": "all tokens", "kid": f"key ID {value}", "subject": f"subject {value}"}[which]


def revoke_tokens(request: HttpRequest, object_id: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Revoke all tokens of an issuer, or those of a key ID or a subject, once their number was seen."""
    issuer = model_admin.get_object(request, object_id)
    if issuer is None:
        raise Http404
    if not model_admin.has_revoke_permission(request, issuer):  # type: ignore[attr-defined]
        raise PermissionDenied
    form = TokensForm(request.POST) if request.method == "POST" else TokensForm(initial=request.GET.dict())
    if may_see(request, Decision):
        form.offer(issuer)
    context = page_context(
        request,
        model_admin,
        _("Revoke tokens"),
        confirmed=CONFIRMED,
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
            may_see_it = model_admin.has_view_permission(request, issuer)
            return HttpResponseRedirect("../change/" if may_see_it else ".")
        context |= withdrawal.count(decisions)
    return TemplateResponse(request, TEMPLATE, context)


def warn_unless(settled: bool, request: HttpRequest) -> None:
    """Say so if a request has not come to its end."""
    if not settled:
        text = _("A request that began before is still under way. Revoke the tokens once more in a minute.")
        messages.warning(request, text)
