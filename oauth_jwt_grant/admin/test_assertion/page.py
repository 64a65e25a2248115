"""The page "Test an assertion": a dry run of the token endpoint's decision, for operators."""

from __future__ import annotations

import copy
import time
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from ...assertion import Reason
from ...conf import conf, server_audiences
from ...decision import Explanation, Question, explain, presented
from ...dot import AbstractApplication, get_application_model
from ...models import Decision, DoorChoices
from ..shared import ListField, may_see, may_trust_jwts, page_context
from .steps import report

PERMISSION = "oauth_jwt_grant.test_assertion"
TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/test_assertion.html"


class AssertionForm(forms.Form):
    """An assertion, and what a client would send along with it."""

    assertion = forms.CharField(
        label=_("Assertion"),
        strip=False,  # as the token endpoint takes it
        widget=AdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("The JWT as the client would post it. It is neither stored nor shown again."),
    )
    accepted_as = forms.ChoiceField(
        label=_("Accepted as"),
        required=False,
        choices=DoorChoices,
        initial=DoorChoices.AUTHORIZATION_GRANT,
        help_text=_("How the client presents it."),
    )
    id_token = forms.BooleanField(
        label=_("ID Token"),
        required=False,
        help_text=_("For a subject token: its type is id_token. Off: it is jwt."),
    )
    client_id = forms.CharField(
        label=_("Client"),
        required=False,
        widget=AdminTextInputWidget(),
        help_text=_(
            "The client_id of the application that presents it; credentials are not asked for here. "
            "Blank: no client."
        ),
    )
    scope = forms.CharField(
        label=_("Scope"),
        required=False,
        widget=AdminTextInputWidget(),
        help_text=_("The scope parameter. Blank: the request has none."),
    )
    resources = ListField(
        label=_("Resources"), required=False, help_text=_("The resource parameters, one to a line.")
    )

    proof_key = forms.CharField(
        label=_("DPoP key"),
        required=False,
        widget=AdminTextInputWidget(),
        help_text=_("The thumbprint (jkt) of a key, as if a proof of it had come along. Blank: no proof."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not conf.DPOP:
            del self.fields["proof_key"]

    def clean_client_id(self) -> AbstractApplication | None:
        """The application with that ``client_id``."""
        client_id = self.cleaned_data["client_id"]
        if not client_id:
            return None
        application: AbstractApplication | None = (
            get_application_model().objects.filter(client_id=client_id).first()
        )
        if application is None or application.client_id != client_id:
            raise ValidationError(_("There is no application with this client_id."))
        return application


@sensitive_post_parameters("assertion")
@sensitive_variables("form", "context", "explanation")
def test_assertion(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """Show the form, or what would become of the assertion that was posted in it.

    Nothing is issued, stored, spent or logged; keys may be fetched, as for a real
    request. The assertion comes in the body of a POST alone.
    """
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = (
        AssertionForm(request.POST) if request.method == "POST" else AssertionForm(initial=_initial(request))
    )
    context = page_context(request, model_admin, _("Test an assertion"), form=form, media=form.media)
    if form.is_bound and form.is_valid():
        question = _question(form.cleaned_data, server_audiences(token_request(request)))
        explanation = explain(question, form.cleaned_data.get("proof_key") or None)
        context["report"] = report(explanation, model_admin.admin_site)
        context |= _way_on(request, explanation, form.cleaned_data["assertion"])
        # Everything but the assertion stays, so that the next try is one paste away.
        kept = {name: form.data.get(name, "") for name in form.fields if name != "assertion"}
        context["form"] = AssertionForm(initial=kept)
    return TemplateResponse(request, TEMPLATE, context)


@sensitive_variables()
def _way_on(request: HttpRequest, explanation: Explanation, assertion: str) -> dict[str, Any]:
    """What the form that leads from the JWT to a trust needs: empty where there is no way, or no permission.

    The JWT is in that form alone. Only what was pasted here leads there, no list of names.
    """
    reason = explanation.refused.reason if explanation.refused is not None else None
    is_known = reason is Reason.NO_RULE
    leads_on = is_known or reason is Reason.UNKNOWN_ISSUER
    if not (leads_on and may_trust_jwts(request, is_known=is_known)):
        return {}
    return {"jwt": assertion, "is_known": is_known}


@sensitive_variables("data")
def _question(data: dict[str, Any], audiences: frozenset[str]) -> Question:
    return Question(
        assertion=data["assertion"],
        **presented(data["accepted_as"], data["client_id"], id_token=data["id_token"]),
        scope=data["scope"] or None,
        resources=data["resources"],
        audiences=audiences,
        now=time.time(),
    )


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What the decision that links here has stored of its request."""
    pk = request.GET.get("decision", "")
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return {}
    if not may_see(request, Decision):
        return {}
    decision = Decision.objects.select_related("application").filter(pk=pk).first()
    if decision is None:
        return {}
    client_id = decision.application.client_id if decision.application else ""
    return {"client_id": client_id, "scope": decision.scope, "accepted_as": decision.accepted_as}


def token_url(request: HttpRequest) -> str:
    """The URL of the token endpoint, as this request would reach it."""
    return request.build_absolute_uri(token_request(request).path)


def token_request(request: HttpRequest) -> HttpRequest:
    """``request`` as if it had been made to the token endpoint, by whose URL audiences may be derived."""
    token_request = copy.copy(request)
    try:
        token_request.path = reverse("oauth2_provider:token")
    except NoReverseMatch:
        token_request.path = "/o/token/"
    return token_request
