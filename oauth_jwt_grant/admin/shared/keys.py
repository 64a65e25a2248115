"""Keys of rows as they stand in URLs and posted forms: a site's own models have numbers, UUIDs or strings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError


def parse_key(field: Any, text: str) -> Any:
    """Return the key that ``text`` is for the primary key ``field``, or ``None`` if it can be none."""
    while field.is_relation:
        field = field.target_field
    try:
        key = field.to_python(text)
    except (ValidationError, ValueError, OverflowError):
        return None
    if isinstance(key, int):
        return key if text.isascii() and text.isdigit() and key < 2**63 else None
    return key if text and "\0" not in text else None


class _KeysAlone:
    """Ignores posted values that are no keys: Django's own widget asks the database for them, and fails."""

    field: Any

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """The options of the values that are keys."""
        pk = self.field.remote_field.model._meta.pk
        keys = [text for text in value if not text or parse_key(pk, str(text)) is not None]
        return super().optgroups(name, keys, attrs)  # type: ignore[misc]


class KeySelect(_KeysAlone, AutocompleteSelect):
    """A search box for one row."""


class KeySelectMultiple(_KeysAlone, AutocompleteSelectMultiple):
    """A search box for several rows."""


class RowsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Rows by their keys; SQLite and PostgreSQL raise an error for a number of over 64 bits."""

    def _check_values(self, value: Any) -> Any:
        queryset: Any = self.queryset
        for text in value:
            if parse_key(queryset.model._meta.pk, str(text)) is None:
                words = self.error_messages["invalid_pk_value"]
                raise ValidationError(words, code="invalid_pk_value", params={"pk": text})
        return super()._check_values(value)  # type: ignore[misc]
