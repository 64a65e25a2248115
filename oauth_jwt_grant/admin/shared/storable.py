"""Pages that answer where the database does not take what was entered or asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.db import DatabaseError, DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from ...database import is_incomparable
from .history import tell_values
from .lists import KnownChangeList

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class StorableAdmin(_Admin):
    """Says so where an encoding other than UTF-8 has no such character; nothing was saved then.

    Every admin class of ours is one, so the style sheet of our pages is here.
    """

    class Media:
        css: ClassVar[dict[str, Any]] = {"all": ["oauth_jwt_grant/admin/admin.css"]}

    def construct_change_message(self, request: HttpRequest, form: Any, *args: Any, **kwargs: Any) -> Any:
        """For the history: what was changed, from what to what."""
        return tell_values(super().construct_change_message(request, form, *args, **kwargs), form)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KnownChangeList]:
        """The list that is filtered by what it offers."""
        return KnownChangeList

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django's page, or itself again with a message."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DatabaseError as error:
            text = _(
                "Nothing was saved: the database cannot store a character or number of what was entered."
            )
            return _answer_to(error, request, request.get_full_path(), text)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django's list, or all of it with a message."""
        try:
            return super().changelist_view(request, *args, **kwargs)
        except DatabaseError as error:
            text = _("The database has no such character or number, so nothing can be found by it.")
            return _answer_to(error, request, request.path, text)


def _answer_to(error: DatabaseError, request: HttpRequest, url: str, text: Any) -> HttpResponse:
    """Redirect to ``url`` with ``text``, if ``error`` is about a value; else raise it again."""
    if not (isinstance(error, DataError) or is_incomparable(error)):
        raise error
    messages.error(request, text)
    return HttpResponseRedirect(url)
