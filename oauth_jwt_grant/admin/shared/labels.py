"""Rules and states in words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from django.db.models.functions import Lower
from django.utils.html import format_html
from django.utils.translation import gettext as _

from ...assertion import Door, Reason, Text, both, either, is_for
from ...database import local, readable
from ...languages import translated
from ...models import ClaimCondition, DoorChoices, GrantRule, TrustedIssuer
from ...trust import Obstacle, blocked, why_not_trusted


def exact_time(value: datetime) -> str:
    """``value`` as all pages show times, and on request to the second."""
    to_the_second = local(value).isoformat(" ", "seconds")
    return format_html('<time datetime="{0}" title="{0}">{1}</time>', to_the_second, readable(value))


def below(text: str) -> str:
    """``text`` in a line of its own and in quiet colour, below what a cell of a list begins with."""
    return format_html('<span class="ojg-below">{}</span>', text)


def conditions_in_words(rule: GrantRule, to_be: Collection[ClaimCondition] | None = None) -> str:
    """When ``rule`` applies: ``when ref is 'main' and environment is present``, and at which other doors.

    ``to_be`` are the conditions of a rule that is not saved yet.
    """
    conditions = rule.conditions.all() if to_be is None else to_be
    when = (
        _("when %s") % translated(both([condition.condition.text for condition in conditions]))
        if conditions
        else _("always, whatever the claims")
    )
    doors = [door for door in DoorChoices if is_for(rule.accepted_as, Door(door.value))]
    if doors == [DoorChoices.AUTHORIZATION_GRANT]:
        return when
    names = translated(either([str(door.label) for door in doors]))
    return _("%(when)s; as %(doors)s") % {"when": when, "doors": names or _("nothing")}


def state_of(issuer: TrustedIssuer, obstacles: Collection[Obstacle], now: datetime) -> tuple[str, str]:
    """Whether ``issuer`` is trusted at ``now``: a level and words for it.

    The levels are ``ok``, ``warning``, ``off`` and, for what was done on purpose, ``not-reached``.
    """
    match why_not_trusted(issuer, now):
        case None:
            if blocked(obstacles):
                why = next(translated(one.text) for one in obstacles if one.blocks and one.rule is None)
                return "warning", _("grants nothing: %s") % why
            return ("warning", _("trusted, with faults")) if obstacles else ("ok", _("trusted"))
        case Reason.ISSUER_EXPIRED:
            return "off", _("ended %s") % readable(cast(datetime, issuer.valid_until))
        case Reason.ISSUER_NOT_YET_VALID:
            return "off", _("from %s on") % readable(cast(datetime, issuer.valid_from))
        case _:
            return "not-reached", _("disabled")


def as_stored(text: str) -> str:
    """``text`` for a page: what was stored in English is marked as such, what can be translated is."""
    return translated(text) if isinstance(text, Text) else english(text)


def english(text: str) -> str:
    """``text``, which is English whatever the language of the page is, marked as such."""
    return format_html('<span lang="en">{}</span>', text) if text else ""


def near_misses(iss: str) -> list[TrustedIssuer]:
    """The trusted issuers that differ from ``iss`` only in case, the final slash or the scheme."""
    bare = iss.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    spellings = [f"{scheme}{bare}{end}" for scheme in ("", "http://", "https://") for end in ("", "/")]
    # Not `iexact`: on MariaDB that leaves the case to the column's collation, which is a binary one.
    nearly = TrustedIssuer.objects.annotate(lowered=Lower("issuer")).filter(lowered__in=spellings)
    return [issuer for issuer in nearly if issuer.issuer != iss]
