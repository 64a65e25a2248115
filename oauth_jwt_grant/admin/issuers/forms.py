"""The form of an issuer."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from ...models import TrustedIssuer
from ...presets import check_pins_stay
from ..shared import AlgorithmsField, ConditionsField, KeysField, LabelledDateTime, ListField

_LONG = {"class": "vLargeTextField"}


class TrustedIssuerForm(forms.ModelForm):  # type: ignore[type-arg]
    """An issuer: lists by the line, algorithms to be ticked, keys as they were sent to the operator."""

    class Meta:
        model = TrustedIssuer
        fields = "__all__"  # noqa: DJ007 - the admin class names them in its fieldsets
        field_classes: ClassVar[dict[str, Any]] = {
            "algorithms": AlgorithmsField,
            "audiences": ListField,
            "certificate_bindings": ListField,
            "conditions": ConditionsField,
            "jwks": KeysField,
        }
        widgets: ClassVar[dict[str, Any]] = {
            "issuer": AdminTextInputWidget(attrs=_LONG),
            "discovery_url": AdminTextInputWidget(attrs=_LONG),
            "jwks_url": AdminTextInputWidget(attrs=_LONG),
            "valid_from": LabelledDateTime(_("Trusted from: date"), _("Trusted from: time")),
            "valid_until": LabelledDateTime(_("Trusted until: date"), _("Trusted until: time")),
            "issued_after": LabelledDateTime(_("Issued after: date"), _("Issued after: time")),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "algorithms": _("None ticked: all that the setting ALGORITHMS allows."),
            "audiences": _(
                "Values of aud that name this server for this issuer, one to a line. "
                "If blank, the setting AUDIENCES applies."
            ),
            "certificate_bindings": _(
                "Which certificates are the issuer's, any one of, one to a line: "
                "subject=CN=..., dns=..., uri=..., email=..., sha256=..."
            ),
            "conditions": _(
                "What every assertion of the issuer must meet before any rule is tried: a JSON list such as "
                '[{"claim": "tenant", "operator": "equals", "values": ["acme"]}]. '
                "Only those who may change issuers can change it."
            ),
            "jwks": _("Paste public keys as a JWK Set, a JWK or PEM (keys or certificates)."),
        }

    def _post_clean(self) -> None:
        """No rule that is stored loses what pins it: its condition is added, or it is disabled, before."""
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                check_pins_stay(self.instance)
            except forms.ValidationError as error:
                self.add_error("conditions" if "conditions" in self.changed_data else None, error)
