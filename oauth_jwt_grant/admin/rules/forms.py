"""The forms of rules and conditions."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from ...models import ClaimCondition, GrantRule
from ...rules import NUMERIC
from ..shared import DoorsField, ListField

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
