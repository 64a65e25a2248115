"""The form for a new service account."""

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
from ...service_accounts import (
    IssuedKey,
    ServiceAccountError,
    create_service_account,
    default_token_uri,
    identifier_of,
)
from ..rules import GrantRuleAdmin
from ..shared import check_related, may_add

#: Fields of the rule, asked for as on the rule's own page.
_OF_THE_RULE = ("scopes", "user", "default_application")


class AccountForm(forms.Form):
    """The arguments of :func:`~oauth_jwt_grant.service_accounts.create_service_account`."""

    name = forms.CharField(label=_("Name"), max_length=63, widget=AdminTextInputWidget())
    token_uri = forms.CharField(
        label=_("Token endpoint"),
        max_length=500,
        widget=AdminTextInputWidget(attrs={"class": "vLargeTextField"}),
        help_text=_("Where the program asks for tokens, as it reaches this server: an https URL."),
    )
    google_audience = forms.BooleanField(
        label=_("Accept Google's audience"),
        required=False,
        initial=True,
        help_text=_(
            "Google's library for Python always writes it into aud. "
            "It does no harm to a key that is for this server alone."
        ),
    )
    field_order = ("name", *_OF_THE_RULE, "token_uri", "google_audience")

    def __init__(self, rule_admin: GrantRuleAdmin, request: HttpRequest, *args: Any) -> None:
        super().__init__(*args)
        for name in _OF_THE_RULE:
            column = GrantRule._meta.get_field(name)
            field: Any = rule_admin.formfield_for_dbfield(column, request)
            self.fields[name] = field
        self.fields["scopes"].widget.attrs["rows"] = 2
        self.order_fields(self.field_order)
        self._ask_for_user(may_make_one=may_add(request, get_user_model()))
        self._show_defaults()

    def clean(self) -> dict[str, Any]:
        """Only rows that the person may change are named."""
        data: dict[str, Any] = super().clean() or {}
        check_related(self)
        return data

    def make(self) -> IssuedKey | None:
        """Create the account. Return ``None`` and add an error to the form if that is impossible."""
        try:
            return create_service_account(**self.cleaned_data)
        except ServiceAccountError as error:
            self.add_error(error.field, capfirst(translated(error)))
        except ValidationError as error:
            for name, texts in error.update_error_dict({}).items():
                self.add_error(name if name in self.fields else None, texts)
        return None

    def _ask_for_user(self, *, may_make_one: bool) -> None:
        field = self.fields["user"]
        field.label = _("User")
        field.required = not may_make_one
        field.error_messages["required"] = _("You may not add users, so choose one.")
        privileged = _("Staff and superusers get no token unless the rule allows it.")
        blank = _("Blank: a new one with the account's name, and without a password.") if may_make_one else ""
        field.help_text = " ".join(
            str(text) for text in (_("Whose the tokens are."), blank, privileged) if text
        )

    def _show_defaults(self) -> None:
        says = _("1 to 63 of a-z, 0-9 and -. It begins with a letter.")
        try:
            uri = default_token_uri()
        except ServiceAccountError:
            self.fields["name"].help_text = says
            return
        self.fields["token_uri"].initial = uri
        example = _("The account called nightly is %s.") % identifier_of("nightly", uri)
        self.fields["name"].help_text = f"{says} {example}"
