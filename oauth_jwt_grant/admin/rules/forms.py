"""The forms of rules and conditions."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from ...models import ClaimCondition, GrantRule
from ...presets import check_pinned
from ...rules import NUMERIC, Condition, condition_of
from ..shared import DoorsField, LabelledFormSet, ListField, ObjectField, check_related

#: Two fields of the model have the same name for people; here they stand one below the other.
RULE_LABELS: dict[str, Any] = {"subject_policy": _("Token of"), "user": _("The user")}


class GrantRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule: lists by the line."""

    class Meta:
        model = GrantRule
        fields = "__all__"  # noqa: DJ007 - the admin class names them in its fieldsets
        field_classes: ClassVar[dict[str, Any]] = {
            "accepted_as": DoorsField,
            "resources": ListField,
            "recorded_claims": ListField,
            "user_fields": ObjectField,
        }
        labels: ClassVar[dict[str, Any]] = RULE_LABELS
        widgets: ClassVar[dict[str, Any]] = {
            "scopes": AdminTextareaWidget(attrs={"rows": 2}),
            "default_scopes": AdminTextareaWidget(attrs={"rows": 2}),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "resources": _(
                "URIs that tokens are bound to (RFC 8707), one to a line. "
                "If blank, tokens are not bound, and a request that names a resource is refused."
            ),
            "recorded_claims": _(
                "Claims that are stored with each decision, for your API and for the log, one to a line."
            ),
        }

    #: Whether no conditions are posted with the rule, because the person may not see them.
    without_conditions = False

    def clean(self) -> dict[str, Any]:
        """Only rows that the person may change are named newly."""
        data: dict[str, Any] = super().clean() or {}
        check_related(self)
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.without_conditions and not self.errors:
            stored = [] if self.instance.pk is None else self.instance.conditions.all()
            try:
                check_pinned(self.instance, [row.condition for row in stored])
            except forms.ValidationError as error:
                self.add_error(None, error)


class ConditionFormSet(LabelledFormSet):
    """The conditions of a rule, without which it may be for too many."""

    def clean(self) -> None:
        """With the rule as it is going to be, they let in chosen customers of a shared issuer alone."""
        super().clean()
        if self.instance._has_issuer() and not any(self.errors):
            check_pinned(self.instance, self._conditions())

    def _conditions(self) -> list[Condition]:
        """Those that stay, changed or not, and those that are new."""
        posted = [form.cleaned_data for form in self.forms if form not in self.deleted_forms]
        return [
            condition_of(data["claim"], data["operator"], data["values"])
            for data in posted
            if data.get("claim") and data.get("operator")
        ]


class RuleFormSet(LabelledFormSet):
    """The rules on the page of their issuer."""

    def clean(self) -> None:
        """A rule that is enabled here is one that could be saved on its own page."""
        super().clean()
        for form in self.initial_forms:
            if form.has_changed() and not form.errors and form not in self.deleted_forms:
                rule = form.instance
                rule.issuer = self.instance
                check_pinned(rule, [row.condition for row in rule.conditions.all()])


class ClaimConditionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A condition: its values by the line."""

    class Meta:
        model = ClaimCondition
        fields = ("claim", "operator", "values")
        field_classes: ClassVar[dict[str, Any]] = {"values": ListField}
        widgets: ClassVar[dict[str, Any]] = {
            "claim": AdminTextInputWidget(attrs={"class": "ojg-claim"}),
            "values": AdminTextareaWidget(attrs={"rows": 3, "class": "ojg-values"}),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "values": _("One to a line, each taken as a text. Other types as a JSON list: [1, true].")
        }

    def clean(self) -> dict[str, Any]:
        """For an operator that compares numbers, a number is one however it was typed."""
        data: dict[str, Any] = super().clean() or {}
        values = data.get("values")
        if data.get("operator") in NUMERIC and isinstance(values, list):
            data["values"] = [_number(value) for value in values]
        return data


def _number(value: Any) -> Any:
    """The number that a string spells; all else as it is, for the condition to refuse."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value) else value
