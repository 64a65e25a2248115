"""Shared issuers: which issuers sign for several customers, and which rules let in chosen ones alone."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch

from ..assertion import NOTHING, Joined, Text, _
from ..conf import conf
from ..languages import translated
from ..models import ClaimCondition, GrantRule, TrustedIssuer, written
from ..rules import Condition, Pin, conditions_of, is_pinned, same
from .registry import shared_pins


def pins_of_shared(iss: str) -> tuple[Pin, ...] | None:
    """The pins of the issuer ``iss`` if it is shared, else ``None``; what the site says counts most."""
    claims = conf.SHARED_ISSUERS.get(iss)
    return shared_pins(iss) if claims is None else _named(tuple(claims))


@lru_cache(maxsize=256)
def _named(claims: tuple[str, ...]) -> tuple[Pin, ...]:
    return tuple(map(Pin, claims))


def why_unpinned(iss: str, of_issuer: Iterable[Condition], of_rule: Iterable[Condition]) -> Text:
    """Why a rule of ``iss`` lets in customers that no condition names; empty if it does not."""
    pins = pins_of_shared(iss)
    if pins is None or is_pinned(of_rule, pins) or is_pinned(of_issuer, pins):
        return NOTHING
    names = Joined(", ", [pin.claim for pin in pins]) or _("nothing; see SHARED_ISSUERS")
    return _(
        "a condition must name customers of the shared issuer by {names}, or allow_any_tenant must be on",
        names=names,
    )


def check_pinned(rule: GrantRule, conditions: Iterable[Condition]) -> None:
    """Raise :class:`ValidationError` if ``rule`` must not be saved so; one that is off may."""
    if not rule.enabled or rule.allow_any_tenant:
        return
    why = why_unpinned(rule.issuer.issuer, conditions_of(rule.issuer.conditions), conditions)
    if why:
        text = _("The issuer signs for other customers, too, and the rule would let them in: {why}.", why=why)
        raise ValidationError(translated(text), code="unpinned")


def check_stay_pinned(
    issuer: TrustedIssuer, iss: str, stored: Any, rules: Iterable[tuple[GrantRule, Iterable[ClaimCondition]]]
) -> None:
    """Raise :class:`ValidationError` if ``issuer`` must not be saved: it takes the pin of enabled ``rules``.

    ``iss`` and ``stored`` are its name and conditions until now. Rules that had no pin do not count.
    """
    if iss == issuer.issuer and same(stored, issuer.conditions):
        return
    before, after = conditions_of(stored), conditions_of(issuer.conditions)
    lost = []
    for rule, rows in rules:
        own = [row.condition for row in rows]
        if rule.enabled and not rule.allow_any_tenant and not why_unpinned(iss, before, own):
            lost += [rule.name] if why_unpinned(issuer.issuer, after, own) else []
    if lost:
        text = _(
            "The issuer signs for other customers, too, and these rules would let them in: {rules}.",
            rules=", ".join(lost),
        )
        raise ValidationError(translated(text), code="unpinned")


def check_pins_stay(issuer: TrustedIssuer, but: Iterable[Any] = ()) -> None:
    """Raise as :func:`check_stay_pinned` for the rules that are stored, ``but`` those with these keys."""
    row = written(TrustedIssuer).filter(pk=issuer.pk).values_list("issuer", "conditions").first()
    if row is not None:
        conditions = Prefetch("conditions", written(ClaimCondition).order_by("pk"))
        rules = written(GrantRule).filter(issuer=issuer.pk).exclude(pk__in=but).prefetch_related(conditions)
        check_stay_pinned(issuer, *row, ((rule, rule.conditions.all()) for rule in rules.iterator(100)))
