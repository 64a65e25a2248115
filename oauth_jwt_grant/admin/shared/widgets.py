"""Names for controls that Django's admin shows under a heading but does not tie to it (WCAG 2.2, 4.1.2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime


class LabelledFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The rows of a table; each control is labelled with the name of its column."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Django's own, and the name on every control that shows."""
        super().add_fields(form, index)
        for field in form.fields.values():
            if not field.widget.is_hidden:
                field.widget.attrs.setdefault("aria-label", field.label)


class LabelledDateTime(AdminSplitDateTime):
    """Date and time, each box with the name that it is given."""

    def __init__(self, date: Any, time: Any) -> None:
        super().__init__()
        for widget, name in zip(self.widgets, (date, time), strict=True):
            widget.attrs["aria-label"] = name
