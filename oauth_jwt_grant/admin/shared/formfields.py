"""Form fields for the JSON columns, so that an operator can trust an issuer without writing JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ...assertion import ALGORITHMS
from ...assertion.jose import PRIVATE_MEMBERS
from ...dot import get_scopes_backend
from ...keys import normalise_jwks
from ...languages import translated
from ...models import DoorChoices

#: Scopes that are offered at most.
_SCOPES = 40
_SECRET = re.compile(rf'PRIVATE KEY|"(?:{"|".join(sorted(PRIVATE_MEMBERS))})"\s*:')


class _JSONColumnField(forms.Field):
    """Takes what a JSON column hands to its form field."""

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether ``data`` means something else than ``initial``."""
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class ListField(_JSONColumnField):
    """A list, written as one string per line, or as JSON if it has other values than strings."""

    widget = AdminTextareaWidget(attrs={"rows": 3, "cols": 40})

    def to_python(self, value: Any) -> list[Any]:
        """Return the list that the text describes. Raises :class:`ValidationError` for malformed JSON."""
        if isinstance(value, list):
            return value
        text = (value or "").strip()
        if not text.startswith("["):
            return [line.strip() for line in text.splitlines() if line.strip()]
        try:
            return list(json.loads(text, parse_constant=_no_number))
        except (ValueError, RecursionError) as error:
            raise ValidationError(
                _("Not a JSON list. Or write one text to a line."), code="invalid"
            ) from error

    def prepare_value(self, value: Any) -> Any:
        """One text to a line, where every line would be read back as it is."""
        if not isinstance(value, list):
            return value
        lines = "\n".join(map(str, value))
        plain = not lines.strip().startswith("[") and self.to_python(lines) == value
        return lines if plain else json.dumps(value, ensure_ascii=False)


class ConditionsField(_JSONColumnField):
    """The conditions of an issuer, as JSON with one of them to a line."""

    widget = AdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        """Return what the text describes. Raises :class:`ValidationError` for malformed JSON."""
        if not isinstance(value, str):
            return value or []
        try:
            return json.loads(value.strip() or "[]", parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("Not a JSON list of conditions."), code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """One condition to a line."""
        if not isinstance(value, list):
            return value
        lines = ",\n".join(json.dumps(member, ensure_ascii=False) for member in value)
        return f"[{lines}]" if value else ""


class _TickedField(forms.MultipleChoiceField):
    """A list of names, to be ticked."""

    widget = forms.CheckboxSelectMultiple
    names: ClassVar[Iterable[tuple[str, Any]]] = ()

    def __init__(
        self, *, encoder: Any = None, decoder: Any = None, widget: Any = None, **kwargs: Any
    ) -> None:
        # A theme gives each JSON column its text area: what is posted from one is no list of names.
        super().__init__(choices=self.names, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The names to tick; none where SQL has written something else than a list."""
        return value if isinstance(value, list) else []


class AlgorithmsField(_TickedField):
    """The algorithms of an issuer."""

    names = tuple((name, name) for name in ALGORITHMS)


class DoorsField(_TickedField):
    """The doors of a rule: how its assertions may be presented."""

    names = tuple(DoorChoices.choices)


class ScopesField(forms.MultipleChoiceField):
    """Scopes of this server, to be ticked; stored in one string."""

    widget = forms.CheckboxSelectMultiple

    @classmethod
    def of_site(cls, field: forms.Field) -> forms.Field:
        """Return ``field``, which takes scopes as text, as one that offers those that the server has.

        As it is, where the site's backend cannot list them without a request, or lists too many.
        """
        try:
            scopes = dict(get_scopes_backend().get_all_scopes())
        except Exception:  # whatever a site's backend raises
            return field
        if not 0 < len(scopes) <= _SCOPES:
            return field
        choices = [(name, f"{name}: {words}" if words else name) for name, words in scopes.items()]
        return cls(label=field.label, required=field.required, choices=choices)

    def prepare_value(self, value: Any) -> Any:
        """The scopes to tick."""
        return value.split() if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        """The scopes, separated by spaces."""
        return " ".join(super().clean(value))


class KeysField(_JSONColumnField):
    """Public keys, pasted as a JWK Set, as a JWK or in PEM; stored as a JWK Set."""

    widget = AdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"})

    def to_python(self, value: Any) -> dict[str, Any]:
        """Return the JWK Set. Raises a :class:`ValidationError` that names the wrong key and its fault."""
        if not value or (isinstance(value, str) and not value.strip()):
            return {}
        try:
            return normalise_jwks(value)
        except ValueError as error:
            raise ValidationError(translated(error), code="keys") from error

    def prepare_value(self, value: Any) -> str:
        """The text of the keys; a private key that was pasted by mistake is not sent back."""
        if isinstance(value, str):
            return "" if _SECRET.search(value) else value
        return json.dumps(value, indent=2) if value else ""


class PublicTextField(forms.CharField):
    """Text of several lines that should hold nothing secret, and is not sent back if it does."""

    widget = AdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """The text; a private key that was pasted by mistake is not sent back."""
        return "" if isinstance(value, str) and _SECRET.search(value) else value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class ObjectField(forms.JSONField):
    """A JSON object; blank is an empty one."""

    def to_python(self, value: Any) -> Any:
        """The object."""
        return super().to_python(value) or {}
