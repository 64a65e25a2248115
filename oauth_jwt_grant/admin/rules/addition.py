"""The part of a form that asks for a new rule, on the pages that add an issuer and its rule at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from ...languages import translated
from ...models import GrantRule
from ...service_accounts import ServiceAccountError, new_robot
from ..shared import DoorsField, check_related, may_add, may_change_issuers
from ..shared.formfields import ScopesField
from .admin import RESERVED, GrantRuleAdmin
from .forms import RULE_LABELS

#: What is asked of the rule, under the names of the model's fields.
FIELDS = (
    "name",
    "scopes",
    "accepted_as",
    "client_policy",
    "applications",
    "default_application",
    "subject_policy",
    "user",
)
_PREFIX = "rule_"
#: Asks for a user who is made with the rule, where its token would be nobody's.
_ROBOT = f"{_PREFIX}robot"
_SUBJECTS = GrantRule.SubjectPolicy
_HELP = {
    "applications": _(
        "Only they may present the assertion; if there is none, nobody. Their grant type does not matter "
        "here. For a new one choose public, so that nobody has to keep a secret, and client credentials, "
        "which are refused to a public one."
    ),
    "subject_policy": _(
        "No user: request.user is None, so IsAuthenticated of REST framework refuses. Have the views ask for "
        "a scope."
    ),
}
_CLASSES = {"accepted_as": {"form_class": DoorsField}}


class RuleAdditionForm(forms.Form):
    """What the assertions of an issuer may do here."""

    def add_rule_fields(self, rule_admin: GrantRuleAdmin, request: HttpRequest, rule: GrantRule) -> None:
        """Add the fields of a rule that the person may fill in, with the values of the unsaved ``rule``."""
        for name in FIELDS[1:]:
            if name in RESERVED and not may_change_issuers(request):
                continue
            column = GrantRule._meta.get_field(name)
            field: Any = rule_admin.formfield_for_dbfield(column, request, **_CLASSES.get(name, {}))
            field.label = RULE_LABELS.get(name, field.label)
            self.fields[_PREFIX + name] = field
            if name in ("accepted_as", "client_policy", "subject_policy"):
                field.initial = getattr(rule, name)
            field.help_text = _HELP.get(name, field.help_text)
        self.fields[f"{_PREFIX}scopes"] = ScopesField.of_site(self.fields[f"{_PREFIX}scopes"])
        self.fields[f"{_PREFIX}name"] = forms.CharField(
            label=_("Name of the rule"),
            required=False,
            max_length=100,
            initial=rule.name,
            widget=AdminTextInputWidget(),
            help_text=_(
                "For people only, and for the list of decisions. Blank: made of the values that pin."
            ),
        )
        if rule.subject_policy == _SUBJECTS.NO_USER and may_add(request, get_user_model()):
            self.fields[_ROBOT] = forms.BooleanField(
                label=_("Create a robot user"),
                required=False,
                help_text=_(
                    "Instead of no user: one of its own, called after the rule, who cannot log in and has no "
                    "privileges. Then request.user is this user, so IsAuthenticated holds."
                ),
            )

    def clean(self) -> dict[str, Any]:
        """Only rows that the person may change are named."""
        data: dict[str, Any] = super().clean() or {}
        check_related(self)
        policy, user = data.get(f"{_PREFIX}subject_policy"), data.get(f"{_PREFIX}user")
        if data.get(_ROBOT) and (user or policy not in (_SUBJECTS.NO_USER, _SUBJECTS.SERVICE_USER)):
            self.add_error(_ROBOT, _("The token would be another user's. Choose no user above."))
        return data

    def rule_fields(self) -> list[Any]:
        """The fields about the rule."""
        return [self[_PREFIX + name] for name in (*FIELDS, "robot") if _PREFIX + name in self.fields]

    def fill(self, rule: GrantRule) -> None:
        """Give ``rule`` what was answered, but for its applications. A blank name changes nothing.

        Raises :class:`ValidationError` if the user that was asked for cannot be made.
        """
        for name in FIELDS:
            if name != "applications" and _PREFIX + name in self.fields:
                answer = self.cleaned_data[_PREFIX + name]
                setattr(rule, name, answer or rule.name if name == "name" else answer)
        if self.cleaned_data.get(_ROBOT):
            rule.subject_policy = _SUBJECTS.SERVICE_USER
            try:
                rule.user = new_robot(rule.name)
            except ServiceAccountError as error:
                raise ValidationError({"robot": capfirst(translated(error))}) from error

    def applications(self) -> Any:
        """The applications that were chosen for the rule."""
        return self.cleaned_data[f"{_PREFIX}applications"]

    def add_errors(self, error: ValidationError) -> None:
        """Add the errors of a row to the fields that were asked for."""
        for name, texts in error.update_error_dict({}).items():
            known = next((field for field in (_PREFIX + name, name) if field in self.fields), None)
            self.add_error(known, texts)
