"""DOT's page of an access token, with the decision that the token came of.

For ``OAUTH2_PROVIDER["ACCESS_TOKEN_ADMIN_CLASS"]``: :class:`DecisionAccessTokenAdmin`, or, on a
site that has a class of its own there, :class:`AccessTokenDecisionMixin` before its other bases.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Decision
from .shared import AdminMixin, link_to, may_see

_FIELD = "decision_link"


class AccessTokenDecisionMixin(AdminMixin):
    """Shows the decision on the page of a token, to those who may see decisions."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """Also the decision."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, _FIELD) if obj is not None and may_see(request, Decision) else fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The site's own, and the decision below them where they do not name it."""
        fieldsets = list(super().get_fieldsets(request, obj))
        shown = _FIELD in flatten_fieldsets(fieldsets)
        if shown or _FIELD not in self.get_readonly_fields(request, obj):
            return fieldsets
        return [*fieldsets, (_("JWT authorization grant"), {"fields": [_FIELD]})]

    @admin.display(description=_("decision"))
    def decision_link(self, token: Any) -> str:
        """The decision, as a link; a dash for a token that another grant brought."""
        return link_to(self.admin_site, Decision.objects.filter(access_token=token).first())


def __getattr__(name: str) -> Any:
    """``DecisionAccessTokenAdmin``, made when it is first asked for.

    Its base is in ``oauth2_provider.admin``, which asks for this very class while it is
    loaded: whichever of the two modules is loaded first, the other finds what it needs.
    """
    if name == "DecisionAccessTokenAdmin":
        return _ready_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _ready_class() -> Any:
    from ..dot import AccessTokenAdmin

    class DecisionAccessTokenAdmin(AccessTokenDecisionMixin, AccessTokenAdmin):  # type: ignore[misc]
        """DOT's own page of access tokens, with the decision."""

    return DecisionAccessTokenAdmin
