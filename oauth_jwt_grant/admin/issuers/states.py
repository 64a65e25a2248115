"""How each issuer is, in a word: the line above the list, and the filter that its links choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ...models import TrustedIssuer
from ...trust import Obstacle, blocked, obstacles_of_each, why_not_trusted
from ..keys import key_statuses, key_words

#: Issuers up to which all are looked at for a list: their rules and keys are read.
MOST = 200


class State(StrEnum):
    """How an issuer is, the best first."""

    FINE = "fine"
    FAILING = "failing"
    GRANTS_NOTHING = "nothing"
    ENDED = "ended"
    DISABLED = "disabled"


LABELS = {
    State.FINE: _("fine"),
    State.FAILING: _("keys failing"),
    State.GRANTS_NOTHING: _("grants nothing"),
    State.ENDED: _("outside its dates"),
    State.DISABLED: _("disabled"),
}


def state_in_a_word(
    issuer: TrustedIssuer, obstacles: Collection[Obstacle], key_level: str, now: datetime
) -> State:
    """The state of ``issuer`` at ``now``: the first thing that keeps it from granting."""
    if not issuer.enabled:
        return State.DISABLED
    if why_not_trusted(issuer, now) is not None:
        return State.ENDED
    if blocked(obstacles):
        return State.GRANTS_NOTHING
    return State.FAILING if key_level == "off" else State.FINE


def states_of(request: HttpRequest, issuers: QuerySet[TrustedIssuer]) -> dict[Any, State]:
    """The state of each of ``issuers`` by its key, found once for ``request``; none of very many."""
    found: dict[Any, State] | None = getattr(request, "ojg_states", None)
    if found is None:
        few = len(issuers.order_by().values_list("pk")[: MOST + 1]) <= MOST
        found = dict(_states(list(issuers.select_related("fetched_keys").order_by()))) if few else {}
        request.ojg_states = found  # type: ignore[attr-defined]
    return found


def _states(issuers: list[TrustedIssuer]) -> Iterable[tuple[Any, State]]:
    now = timezone.now()
    for issuer, status, obstacles in zip(
        issuers, key_statuses(issuers), obstacles_of_each(issuers), strict=True
    ):
        level, _words = key_words(issuer, status, now)
        yield issuer.pk, state_in_a_word(issuer, obstacles, level, now)


def summary(states: dict[Any, State]) -> list[tuple[str, str]]:
    """For the line above the list: each state that occurs, and the words for how many issuers are in it."""
    numbers = Counter(states.values())
    return [(state.value, _counted(state, numbers[state])) for state in State if numbers[state]]


def _counted(state: State, number: int) -> str:
    words = {
        State.FINE: ngettext("%d fine", "%d fine", number),
        State.FAILING: ngettext("%d failing", "%d failing", number),
        State.GRANTS_NOTHING: ngettext("%d grants nothing", "%d grant nothing", number),
        State.ENDED: ngettext("%d outside its dates", "%d outside their dates", number),
        State.DISABLED: ngettext("%d disabled", "%d disabled", number),
    }
    return words[state] % number


class StateFilter(admin.SimpleListFilter):
    """By state: only those that occur are offered."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, Any]]:
        """The states that occur."""
        self._states = states_of(request, model_admin.get_queryset(request))
        occurring = set(self._states.values())
        return [(state.value, LABELS[state]) for state in State if state in occurring]

    def has_output(self) -> bool:
        """Whether it is shown and asked: also for a state in which no issuer is any longer."""
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrustedIssuer]) -> QuerySet[TrustedIssuer]:
        """Those in the chosen state."""
        if self.value() is None:
            return queryset
        return queryset.filter(pk__in=[pk for pk, state in self._states.items() if state == self.value()])
