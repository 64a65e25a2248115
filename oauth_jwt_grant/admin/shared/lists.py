"""Lists that are filtered by what they offer, and by no other lookup of Django's that a URL may name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import DateTimeField
from django.http import HttpRequest

from .keys import parse_key

#: Years whose days have a beginning and an end in every time zone, and may have rows.
YEARS = range(1970, 9999)


class KnownChangeList(ChangeList):
    """A list that redirects to itself without filters for a parameter that is of no filter and not ``known``.

    Others (patterns, ranges, paths into JSON) read the table through or end in an error of the database.
    """

    #: What links may filter by besides the filters: a field, or a field and a lookup.
    known: ClassVar[Collection[str]] = ()

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the filters; raise for other parameters, and for values that are beyond databases."""
        for name, values in self.get_filters_params().items():
            if any(self._is_beyond_databases(name, value) for value in values):
                raise IncorrectLookupParameters(name)
        try:
            specs, is_filtered, remaining, *rest = super().get_filters(request)
        except DisallowedModelAdminLookup as error:
            raise IncorrectLookupParameters(str(error)) from error
        if not remaining.keys() <= set(self.known):
            raise IncorrectLookupParameters(*remaining)
        return specs, is_filtered, remaining, *rest

    def _is_beyond_databases(self, name: str, value: str) -> bool:
        """Whether a database raises an error for ``value``: NUL, what is no key of such rows, an odd time."""
        if "\0" in value:
            return True
        field = _field(self.model, name)
        if name in self.known and field is not None and field.is_relation:
            return parse_key(field, value) is None
        return isinstance(field, DateTimeField) and "isnull" not in name and not _is_time(value)


def _field(model: Any, name: str) -> Any:
    try:
        return model._meta.get_field(name.partition("__")[0])
    except FieldDoesNotExist:
        return None


def _is_time(text: str) -> bool:
    try:
        time = DateTimeField().to_python(text)
    except ValidationError:
        return False
    return time is not None and time.year in YEARS
