"""The form with which an operator makes a proposal their own; its choices come from the JWT each time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ...assertion import shown
from ...keys import FetchFailed
from ...languages import translated
from ...models import ClaimCondition, GrantRule, TrustedIssuer, check_row
from ...presets import Applied
from ...rules import conditions_of, is_pinned
from ..rules import GrantRuleAdmin, RuleAdditionForm
from ..shared import PublicTextField
from .checking import urls_of
from .proposal import Choice, Proposal

#: Columns of the issuer that are asked for, beside its name.
COLUMNS = ("max_lifetime", "replay_policy")
#: And those about the way to its keys.
NETWORK = ("jwks_url", "allow_private_network", "ca_bundle")


class TrustForm(RuleAdditionForm):
    """What to make of a JWT: a new issuer and its rule, or a rule of an issuer that is ``known``."""

    def __init__(
        self,
        proposal: Proposal,
        known: TrustedIssuer | None,
        audiences: list[str],
        rule_admin: GrantRuleAdmin,
        request: HttpRequest,
        *args: Any,
    ) -> None:
        super().__init__(*args)
        self.proposal, self.known = proposal, known
        self.fields["claims"] = forms.MultipleChoiceField(
            choices=[(choice.key, "") for choice in proposal.choices if not choice.volatile],
            error_messages={
                "required": _(
                    "Choose at least one: without it the rule would hold for everybody "
                    "for whom the issuer signs."
                )
            },
        )
        if known is None:
            self._add_issuer_fields(audiences)
        self.add_rule_fields(rule_admin, request, GrantRule(**proposal.rule))

    def _add_issuer_fields(self, audiences: list[str]) -> None:
        self.fields["issuer_name"] = forms.CharField(
            label=_("Name"),
            max_length=100,
            initial=self.proposal.name,
            widget=AdminTextInputWidget(),
            help_text=_("For people only. The issuer never sees it."),
        )
        for name in (*COLUMNS, *NETWORK):
            field: Any = TrustedIssuer._meta.get_field(name).formfield()  # type: ignore[union-attr]
            field.initial = self.proposal.columns.get(name, field.initial)
            self.fields[name] = field
        url = self.fields["jwks_url"]
        url.widget = AdminTextInputWidget(attrs={"class": "vLargeTextField"})
        url.help_text = _("Only if the issuer has no discovery document. Take it from its documentation.")
        bundle = self.fields["ca_bundle"]
        self.fields["ca_bundle"] = PublicTextField(
            label=bundle.label, required=False, initial=bundle.initial, help_text=bundle.help_text
        )
        if audiences:
            self.fields["audiences"] = forms.MultipleChoiceField(
                label=_("Audience"),
                required=False,
                choices=[(name, shown(name)) for name in audiences],
                widget=forms.CheckboxSelectMultiple,
                help_text=_(
                    "The JWT was made for this audience, which is no name of this server. Tick it only if "
                    "the issuer calls this server so: otherwise JWTs for another server would be accepted."
                ),
            )

    def issuer_fields(self) -> list[Any]:
        """The fields about the issuer."""
        return [self[name] for name in ("issuer_name", "audiences", *COLUMNS) if name in self.fields]

    def network_fields(self) -> list[Any]:
        """The fields about the way to the keys."""
        return [self[name] for name in NETWORK if name in self.fields]

    def rows(self) -> list[tuple[Choice, bool]]:
        """Each choice, and whether it is ticked."""
        if not self.is_bound:
            return [(choice, choice.ticked) for choice in self.proposal.choices]
        posted = set(self["claims"].value() or ())
        return [(choice, choice.key in posted) for choice in self.proposal.choices]

    def issuer(self) -> TrustedIssuer:
        """The issuer as it is known, or as the proposal and the answers make it."""
        if self.known is not None:
            return self.known
        columns = dict(self.proposal.columns)
        data = getattr(self, "cleaned_data", {})
        columns |= {name: data[name] for name in (*COLUMNS, *NETWORK) if name in data}
        if data.get("audiences"):
            columns["audiences"] = data["audiences"]
        if columns.get("jwks_url"):
            columns |= {"key_source": TrustedIssuer.KeySource.JWKS_URL.value, "discovery_url": ""}
        name = data.get("issuer_name", self.proposal.name)
        return TrustedIssuer(issuer=self.proposal.issuer, name=name, **columns)

    def clean(self) -> dict[str, Any]:
        """Refuse at once what is never asked for keys, and a rule for other customers of the issuer too."""
        super().clean()
        chosen = [choice.condition for choice in self._chosen()]
        of_issuer = () if self.known is None else conditions_of(self.known.conditions)
        if chosen and self.proposal.pins and not is_pinned([*of_issuer, *chosen], self.proposal.pins):
            text = _(
                "The issuer signs for many customers. Choose also one of these, which distinguish them: %s."
            )
            self.add_error("claims", text % ", ".join(pin.claim for pin in self.proposal.pins))
        if self.known is None:
            try:
                urls_of(self.issuer())
            except FetchFailed as error:
                self.add_error(
                    "jwks_url", _("No keys can be fetched for this issuer: %s.") % translated(error)
                )
        return self.cleaned_data

    def applied(self) -> Applied | None:
        """The rows to be saved, checked as each form checks them; ``None`` if there are errors."""
        rule = GrantRule(**self.proposal.rule)
        conditions = [
            ClaimCondition(
                claim=choice.condition.claim,
                operator=choice.condition.operator.value,
                values=list(choice.condition.values),
            )
            for choice in self._chosen()
        ]
        applied = Applied(self.issuer(), rule, conditions)
        try:
            self.fill(rule)
            self._check(applied)
        except ValidationError as error:
            self.add_errors(error)
            return None
        return applied

    def _chosen(self) -> list[Choice]:
        chosen = set(self.cleaned_data.get("claims", ()))
        return [choice for choice in self.proposal.choices if choice.key in chosen]

    def _check(self, applied: Applied) -> None:
        if self.known is None:
            check_row(applied.issuer)
        applied.rule.issuer = applied.issuer
        check_row(applied.rule)
        for condition in applied.conditions:
            condition.rule = applied.rule
            check_row(condition)
