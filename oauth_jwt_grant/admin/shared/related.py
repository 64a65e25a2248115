"""Choosing applications and users on sites whose own admin classes we do not know."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib.admin.widgets import ManyToManyRawIdWidget, RelatedFieldWidgetWrapper
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .keys import KeySelect, KeySelectMultiple, RowsField
from .mixins import AdminMixin
from .permissions import may_change_row


class _WithAdd(RelatedFieldWidgetWrapper):
    """A search box with "+", which opens the form of a new row; that of an application has its type."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Django's, with values for the new row."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        model: Any = self.rel.model
        if hasattr(model, "GRANT_CLIENT_CREDENTIALS"):
            chosen = {
                "client_type": model.CLIENT_PUBLIC,
                "authorization_grant_type": model.GRANT_CLIENT_CREDENTIALS,
            }
            context["url_params"] += f"&{urlencode(chosen)}"
        return context


class SearchableRelations(AdminMixin):
    """Searches in ``searchable`` relations where the other admin class can be searched.

    Where it cannot, or where the model is not in the admin, the raw id is asked for.
    Written as a method because Django's checks would make ``autocomplete_fields`` an
    error on a site whose application admin has no ``search_fields``.
    """

    searchable: ClassVar[Sequence[str]] = ()
    #: Relations that may newly name only rows that the person may change: see :func:`check_related`.
    of_the_person: ClassVar[Sequence[str]] = ("user", "default_application", "applications")
    #: Those of them for which a row can be added on the way.
    addable: ClassVar[Sequence[str]] = ()

    @property
    def media(self) -> forms.Media:
        """With the script that gives the search boxes the names of their fields."""
        return super().media + forms.Media(js=["oauth_jwt_grant/admin/labels.js"])

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Django's field, also with "+" where the other row is searched for and may be added."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.addable and db_field.name in self.get_autocomplete_fields(request):
            other = self.admin_site._registry[db_field.related_model]
            may = other.has_add_permission(request)
            rel = db_field.remote_field
            field.widget = _WithAdd(field.widget, rel, self.admin_site, can_add_related=may)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Django's field, with our widget for a search box."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelect(db_field, self.admin_site, using=kwargs.get("using")))
        return self._marked(super().formfield_for_foreignkey(db_field, request, **kwargs), db_field, request)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Our field, and our widget for a search box."""
        kwargs.setdefault("form_class", RowsField)
        using = kwargs.get("using")
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelectMultiple(db_field, self.admin_site, using=using))
        else:
            # Said here, because a theme takes a text field, from which no list is posted.
            raw_ids = ManyToManyRawIdWidget(db_field.remote_field, self.admin_site, using=using)
            kwargs.setdefault("widget", raw_ids)
        return self._marked(super().formfield_for_manytomany(db_field, request, **kwargs), db_field, request)

    def _marked(self, field: Any, db_field: Any, request: HttpRequest) -> Any:
        """``field``, which knows which rows the person may name."""
        if field is not None and db_field.name in self.of_the_person:
            field.may_name = partial(may_change_row, request, self.admin_site)
        return field

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Those of ``searchable`` whose model's admin can be searched."""
        return tuple(name for name in self.searchable if self._is_searchable(name, request))

    def _is_searchable(self, name: str, request: HttpRequest) -> bool:
        model: Any = self.model._meta.get_field(name).related_model
        other = self.admin_site._registry.get(model)
        return other is not None and bool(other.get_search_fields(request))


def check_related(form: Any) -> None:
    """Add an error to each field of ``form`` that newly names a row that the person may not change."""
    for name in form.changed_data:
        may_name = getattr(form.fields[name], "may_name", None)
        value = form.cleaned_data.get(name)
        if may_name is None or value is None:
            continue
        before = _keys(form.get_initial_for_field(form.fields[name], name))
        rows = [value] if isinstance(value, Model) else value
        refused = [row for row in rows if row.pk not in before and not may_name(row)]
        if refused:
            names = ", ".join(map(str, refused))
            form.add_error(name, _("You may not change this, so a rule of yours cannot use it: %s.") % names)


def _keys(initial: Any) -> set[Any]:
    members = initial if isinstance(initial, list | tuple) else [initial]
    return {getattr(member, "pk", member) for member in members}
