"""The two forms of the import: the file, and the word that it shall be done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ...subject_links import MAX_BYTES, Plan
from ..shared import check_related


class LinkForm(forms.ModelForm):  # type: ignore[type-arg]
    """One link, to a user that the person may change."""

    def clean(self) -> dict[str, Any]:
        """Only such users are named newly."""
        data: dict[str, Any] = super().clean() or {}
        check_related(self)
        return data


class LinksForm(forms.Form):
    """A file with links, or its text. ``cleaned_data["data"]`` has the bytes or the text, unread."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_("CSV in UTF-8. A file that is chosen is taken instead of the text below."),
    )
    # Not a CharField: it would refuse a string with a NUL without the number of its line.
    text = forms.Field(
        label=_("Text"),
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("The same, pasted."),
    )

    def clean(self) -> dict[str, Any]:
        """Take the one or the other; there has to be something."""
        data = self.cleaned_data
        file, text = data.get("file"), data.get("text")
        if not (file or text or self.errors):
            raise ValidationError(_("Choose a file or paste its text."))
        # One byte more than may be, so that a file that is too large is seen to be.
        return {**data, "data": file.read(MAX_BYTES + 1) if file else text}


class ConfirmForm(forms.Form):
    """Confirms a preview: what was previewed, signed, and whether users may be replaced."""

    PAYLOAD = "previewed"

    previewed = forms.CharField(widget=forms.HiddenInput)
    replace = forms.BooleanField(required=False)

    @classmethod
    def for_plan(cls, plan: Plan, payload: str) -> ConfirmForm:
        """The form for ``plan``, which asks about replacing where there is something to be replaced."""
        form = cls(initial={cls.PAYLOAD: payload})
        number = len(plan.replaced)
        if number:
            form.fields["replace"].label = _("Replace the user of linked subjects (%d)") % number
        else:
            del form.fields["replace"]
        return form
