"""The pages on which a JWT that an operator has pasted becomes trust: propose, fetch and verify, save.

The JWT comes in the body of each POST and is kept nowhere. Each step derives all of it from the JWT again.
"""

from __future__ import annotations

import time
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from ...assertion import ALGORITHMS, AssertionRefused, Clause, NotGranted, UnverifiedAssertion, shown
from ...conf import conf, server_audiences
from ...keys import FetchFailed
from ...languages import translated
from ...models import GrantRule, TrustedIssuer, written
from ...presets import Applied, all_presets
from ...trust import obstacles_of_unsaved
from ..rules import GrantRuleAdmin
from ..shared import may_trust_jwts, near_misses, page_context, reason_in_words
from ..test_assertion import token_request
from .checking import Checked, check, urls_of
from .forms import TrustForm
from .proposal import propose
from .words import rule_in_words

FORM_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/trust_jwt.html"
CONFIRM_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/trust_jwt_confirm.html"


@sensitive_post_parameters()
@sensitive_variables()
def trust_jwt(request: HttpRequest, model_admin: admin.ModelAdmin[Any], save: Any) -> HttpResponse:
    """Propose, or with the ``step`` that was posted verify and save; ``save`` writes and says so."""
    if not may_trust_jwts(request, is_known=True):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseRedirect("../test-assertion/")
    try:
        jwt = _read(request.POST.get("assertion", ""))
    except ValidationError as error:
        return _page(request, model_admin, _("Trust this issuer"), fault=error.messages[0])
    known = written(TrustedIssuer).filter(issuer=jwt.issuer).first()
    if not may_trust_jwts(request, is_known=known is not None):
        raise PermissionDenied
    return _Steps(request, model_admin, jwt, known, save).answer()


def _read(text: str) -> UnverifiedAssertion:
    """The JWT in ``text``, if its issuer could be trusted at all. Raises :class:`ValidationError`."""
    try:
        jwt = UnverifiedAssertion.parse(text.strip(), conf.MAX_ASSERTION_LENGTH)
    except AssertionRefused as refused:
        text = gettext("This is no JWT of an issuer: %s.") % translated(Clause(refused.explanation))
        raise ValidationError(text) from None
    if jwt.alg not in ALGORITHMS or jwt.alg not in conf.ALGORITHMS:
        text = gettext("The JWT is signed with %(alg)s, which is not accepted here. Accepted: %(accepted)s.")
        raise ValidationError(text % {"alg": shown(jwt.alg), "accepted": ", ".join(conf.ALGORITHMS)})
    TrustedIssuer._meta.get_field("issuer").clean(jwt.issuer, None)
    return jwt


class _Steps:
    """One request: what the JWT suggests, the form, and how far the operator has come."""

    def __init__(
        self,
        request: HttpRequest,
        model_admin: admin.ModelAdmin[Any],
        jwt: UnverifiedAssertion,
        known: TrustedIssuer | None,
        save: Any,
    ) -> None:
        self.request, self.model_admin, self.jwt, self.known, self.save = (
            request, model_admin, jwt, known, save,
        )  # fmt: skip
        self.audiences = server_audiences(token_request(request))
        self.proposal = propose(jwt, all_presets(), conf.MAX_LIFETIME)
        self.rule_admin = GrantRuleAdmin(GrantRule, model_admin.admin_site)
        self.step = request.POST.get("step", "")
        foreign = [] if self.audiences & {*self.proposal.audiences} else list(self.proposal.audiences)
        data = [request.POST] if self.step else []
        self.form = TrustForm(self.proposal, known, foreign, self.rule_admin, request, *data)

    def answer(self) -> HttpResponse:
        applied = self.form.applied() if self.step in ("verify", "save") and self.form.is_valid() else None
        if applied is None:
            return self._form()
        try:
            checked = check(
                self.jwt, applied.issuer, self.audiences, time.time(), fetch=self.step == "verify"
            )
        except NotGranted as refused:
            text = _("Nothing is saved, as the JWT was not verified: %s.")
            return self._form(
                text % (translated(Clause(refused.explanation)) or reason_in_words(refused.reason))
            )
        if self.step == "save":
            try:
                is_new = applied.save(self.form.applications())
            except ValidationError as error:
                self.form.add_errors(error)
                return self._form()
            response: HttpResponse = self.save(
                self.request, self.model_admin, self.rule_admin, applied, is_new
            )
            return response
        return self._confirm(applied, checked)

    def _form(self, fault: Any = "") -> HttpResponse:
        return self._answer(FORM_TEMPLATE, fault=fault, **self._source())

    def _source(self) -> dict[str, Any]:
        """Where the keys would be fetched, or why they cannot be."""
        if self.known is not None:
            return {}
        try:
            return {"urls": urls_of(self.form.issuer())}
        except FetchFailed as error:
            return {"no_url": translated(error)}

    def _confirm(self, applied: Applied, checked: Checked) -> HttpResponse:
        applications = list(self.form.applications())
        rows = rule_in_words(applied, applications)
        to_be = (applied.rule, applied.conditions, bool(applications))
        obstacles = obstacles_of_unsaved(applied.issuer, [to_be]) if self.known is None else []
        return self._answer(
            CONFIRM_TEMPLATE,
            faults=[translated(fault.explanation) for fault in checked.faults],
            rows=rows,
            obstacles=[translated(obstacle.text) for obstacle in obstacles],
            misses=[
                translated(row.condition.why_not(self.jwt.claims))
                for row in applied.conditions
                if not row.condition.holds(self.jwt.claims)
            ],
            **self._source(),
        )

    def _answer(self, template: str, **more: Any) -> HttpResponse:
        title = _("Trust this issuer") if self.known is None else _("Add a rule for this")
        return _page(
            self.request,
            self.model_admin,
            title,
            template,
            jwt=self.request.POST["assertion"].strip(),
            iss=shown(self.jwt.issuer).strip('"'),
            known=self.known,
            proposal=self.proposal,
            form=self.form,
            near=near_misses(self.jwt.issuer) if self.known is None else [],
            media=self.model_admin.media + self.rule_admin.media + self.form.media,
            **more,
        )


def _page(
    request: HttpRequest,
    model_admin: admin.ModelAdmin[Any],
    title: Any,
    template: str = FORM_TEMPLATE,
    **more: Any,
) -> HttpResponse:
    return TemplateResponse(request, template, page_context(request, model_admin, title, **more))
