"""Adding an issuer by a preset: choose it, answer its questions, done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from ...languages import translated
from ...models import GrantRule
from ...presets import Applied, Preset, PresetQuestion, all_presets, apply, get_preset
from ...trust import obstacles_of
from ..accounts import may_add_accounts
from ..keys import fetch_after_commit
from ..rules import GrantRuleAdmin, RuleAdditionForm
from ..shared import PublicTextField, change_url, may_add, page_context

CHOOSE_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/choose_preset.html"
FORM_TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/add_by_preset.html"


class PresetForm(RuleAdditionForm):
    """The questions of a preset, and what its assertions may do here."""

    def __init__(self, preset: Preset, rule_admin: GrantRuleAdmin, request: HttpRequest, *args: Any) -> None:
        super().__init__(*args)
        self.preset = preset
        self.fields["issuer_name"] = forms.CharField(
            label=_("Name"),
            max_length=100,
            initial=preset.name,
            widget=AdminTextInputWidget(),
            help_text=_("For people only. The issuer never sees it."),
        )
        for question in preset.questions:
            self.fields[question.name] = _field_for(question)
        rule = GrantRule(
            accepted_as=list(preset.accepted_as),
            client_policy=preset.client_policy,
            subject_policy=preset.subject_policy,
        )
        self.add_rule_fields(rule_admin, request, rule)

    def questions(self) -> list[Any]:
        """The fields about the issuer."""
        return [
            self[name] for name in ("issuer_name", *(question.name for question in self.preset.questions))
        ]

    def save(self) -> tuple[Applied, bool] | None:
        """Save what the answers make, and whether the issuer is new; ``None`` if there are errors."""
        data = self.cleaned_data
        try:
            applied = apply(
                self.preset,
                {question.name: _answer(question, data[question.name]) for question in self.preset.questions},
            )
            applied.issuer.name = data["issuer_name"]
            self.fill(applied.rule)
            return applied, applied.save(self.applications())
        except ValidationError as error:
            self.add_errors(error)
            return None


def may_use_presets(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> bool:
    """Whether the user may add both an issuer and a rule."""
    return model_admin.has_add_permission(request) and may_add(request, GrantRule)


def choose_preset(request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """The presets to choose from."""
    context = page_context(
        request,
        model_admin,
        _("Add trusted issuer"),
        presets=all_presets(),
        may_add_account=may_add_accounts(request, model_admin),
    )
    return TemplateResponse(request, CHOOSE_TEMPLATE, context)


@sensitive_post_parameters()
def add_by_preset(request: HttpRequest, key: str, model_admin: admin.ModelAdmin[Any]) -> HttpResponse:
    """The questions of one preset; answered, the issuer is trusted."""
    if not may_use_presets(request, model_admin):
        raise PermissionDenied
    try:
        preset = get_preset(key)
    except KeyError as error:
        raise Http404 from error
    rule_admin = GrantRuleAdmin(GrantRule, model_admin.admin_site)
    data = [request.POST] if request.method == "POST" else []
    form = PresetForm(preset, rule_admin, request, *data)
    saved = form.save() if form.is_bound and form.is_valid() else None
    if saved is not None:
        return to_issuer(request, model_admin, rule_admin, *saved)
    title = _("Add trusted issuer: %s") % gettext(preset.name)
    media = model_admin.media + rule_admin.media + form.media
    context = page_context(request, model_admin, title, preset=preset, form=form, media=media)
    return TemplateResponse(request, FORM_TEMPLATE, context)


def to_issuer(
    request: HttpRequest,
    model_admin: admin.ModelAdmin[Any],
    rule_admin: GrantRuleAdmin,
    applied: Applied,
    is_new: bool,
) -> HttpResponse:
    """Write the history, report what was done and redirect to the issuer's page."""
    conditions = "; ".join(str(row.condition) for row in applied.conditions)
    if is_new:
        model_admin.log_addition(request, applied.issuer, [{"added": {}}])
        text = _("%s is trusted now.")
    else:
        text = _("%s was trusted already and has one rule more now.")
    rule_admin.log_addition(request, applied.rule, f"Added, with the conditions: {conditions or '-'}.")
    messages.success(request, text % applied.issuer)
    if applied.new_user is not None:
        rule_admin.log_addition(request, applied.new_user, f"Added with the rule {applied.rule}.")
        messages.success(request, _("The user of its tokens is new: %s.") % applied.new_user)
    fetch_after_commit(request, applied.issuer)
    for obstacle in obstacles_of(applied.issuer):
        messages.warning(request, translated(obstacle.text))
    return HttpResponseRedirect(change_url(model_admin.admin_site, applied.issuer) or ".")


def _answer(question: PresetQuestion, value: Any) -> str:
    return ("yes" if value else "") if question.tick else value


def _field_for(question: PresetQuestion) -> forms.Field:
    common: dict[str, Any] = {
        "label": question.label,
        "help_text": question.help or (_("Such as %s") % question.example if question.example else ""),
        "required": question.required,
        "initial": question.default,
    }
    if question.tick:
        return forms.BooleanField(**common)
    if question.multiline:
        return PublicTextField(**common)
    if question.many:
        return forms.CharField(widget=AdminTextareaWidget(attrs={"rows": 3}), **common)
    return forms.CharField(widget=AdminTextInputWidget(attrs={"class": "vLargeTextField"}), **common)
