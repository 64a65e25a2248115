"""The action that revokes what users have by assertions: for the site's own admin of users.

Put :class:`AssertionTokensMixin` before the other bases of that class. The list of linked subjects has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Decision, LinkedSubject, written
from ..trust import withdrawal
from .revocation import HolderWarningMixin
from .shared import may_revoke


class AssertionTokensMixin(HolderWarningMixin):
    """Adds "Revoke tokens from assertions" for those with the permission ``revoke_tokens``.

    And the page that asks before a user is deleted says which tokens and rules that concerns.
    """

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Also ours, where there are any actions (there are none in a popup).

        Django passes ``action_location`` from 6.1 on.
        """
        location = {} if action_location is None else {"action_location": action_location}
        actions: Any = super().get_actions(request, **location)
        if actions and may_revoke(request):
            ours = self.get_action(revoke_tokens_from_assertions, **location)
            # None: from Django 6.1 on, for another place than the list.
            actions |= {revoke_tokens_from_assertions.__name__: ours} if ours else {}
        return actions


@admin.action(description=_("Revoke tokens from assertions"))
def revoke_tokens_from_assertions(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> None:
    """Revoke all tokens that the chosen users, or the users of the chosen links, have by assertions."""
    total = 0
    for user in _users_of(queryset):
        revoked = withdrawal.revoke(written(Decision).filter(user=user.pk))
        model_admin.log_change(request, user, f"Revoked tokens from assertions: {revoked}.")
        total += revoked
    messages.success(request, _("Tokens revoked: %d.") % total)


def _users_of(queryset: QuerySet[Any]) -> Iterable[Any]:
    if queryset.model is not LinkedSubject:
        return list(queryset)
    return {link.user_id: link.user for link in queryset.select_related("user")}.values()
