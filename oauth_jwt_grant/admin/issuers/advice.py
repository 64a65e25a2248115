"""What an operator may have overlooked about an issuer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from ...conf import conf
from ...database import readable, to_seconds
from ...languages import translated
from ...models import GrantRule, TrustedIssuer
from ...presets import pins_of
from ...trust import FETCHED, Obstacle, is_limited, listed
from ..shared import near_misses

#: How long before its end a trust is reported to end.
_SOON = timedelta(days=14)


def advice_on(issuer: TrustedIssuer, obstacles: Iterable[Obstacle]) -> list[str]:
    """Return short messages for the page of ``issuer``, first its ``obstacles``; empty if there are none."""
    rules = list(issuer.rules.filter(enabled=True).prefetch_related("conditions"))
    return [
        *(translated(obstacle.text) for obstacle in obstacles),
        *_on_neighbours(issuer),
        *(words for rule in rules for words in _on_conditions(issuer, rule)),
        *_on_audiences(issuer, rules),
        *_on_dates(issuer),
    ]


def _on_neighbours(issuer: TrustedIssuer) -> Iterator[str]:
    for near in near_misses(issuer.issuer):
        yield _(
            "%(name)s is trusted as %(issuer)s, which differs in case, scheme or the final slash alone. "
            "Identifiers are compared character by character."
        ) % {"name": near.name, "issuer": near.issuer}


def _on_conditions(issuer: TrustedIssuer, rule: GrantRule) -> Iterator[str]:
    pinned = issuer.conditions or rule.conditions.all() or pins_of(issuer.issuer)
    if not pinned and issuer.key_source in FETCHED:
        yield _("The rule %s has no condition: it holds for everybody for whom the issuer signs.") % rule


def _on_audiences(issuer: TrustedIssuer, rules: list[GrantRule]) -> Iterator[str]:
    audiences = set(listed(issuer, "audiences") or conf.AUDIENCES)
    for resource in sorted(
        {resource for rule in rules for resource in listed(rule, "resources")} & audiences
    ):
        yield (
            _(
                "%s is an audience of this server and a resource of a rule as well: "
                "a token for the one would pass as an assertion for the other."
            )
            % resource
        )


def _on_dates(issuer: TrustedIssuer) -> Iterator[str]:
    now = timezone.now()
    if issuer.issued_after is not None and is_limited(issuer, to_seconds(now)):
        yield _("Only assertions that are issued from %s on are accepted, so all are refused until then.") % (
            readable(issuer.issued_after)
        )
    if issuer.valid_until is not None and now < issuer.valid_until < now + _SOON:
        yield _("The trust ends: %s") % readable(issuer.valid_until)
