"""Stretches of time by which the log of decisions is read, in the operator's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...database import local
from ..shared import YEARS

#: Intervals that end now, by their names in a URL.
_LATEST = {
    "24h": (timedelta(days=1), gettext_lazy("last 24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("last 7 days")),
    "30d": (timedelta(days=30), gettext_lazy("last 30 days")),
}


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` on and before ``end``. ``key`` is its name in a URL; ``day``: it is exactly that day."""

    key: str
    name: str
    start: datetime
    end: datetime
    day: date | None = None

    def hours(self) -> list[datetime]:
        """The start of each hour of the period: the first with the period, the others on the hour.

        A day on which the clocks are put on has 23 of them, one on which they are put back 25.
        """
        first = local(self.start)
        past = timedelta(minutes=first.minute, seconds=first.second, microseconds=first.microsecond)
        hours, following = [self.start], self.start - past + timedelta(hours=1)
        while following < self.end:
            hours.append(following)
            following += timedelta(hours=1)
        return hours


def last_day(now: datetime) -> Period:
    """The 24 hours that end ``now``."""
    return _latest("24h", now)


def one_day(day: date) -> Period:
    """The day from midnight to midnight, where the operator is."""
    return Period(day.isoformat(), date_format(day), _midnight(day), _midnight(day + timedelta(days=1)), day)


def period_of(key: str, now: datetime) -> Period | None:
    """The period for ``key``: ``24h``, ``7d``, ``30d`` or a day as ``2026-11-24``; else ``None``."""
    return _latest(key, now) if key in _LATEST else _day_of(key)


def offered(now: datetime) -> dict[str, str]:
    """The names of the stretches that are offered for choice at ``now``, by their keys."""
    today = local(now).date()
    return {
        "24h": str(_LATEST["24h"][1]),
        today.isoformat(): _("today"),
        (today - timedelta(days=1)).isoformat(): _("yesterday"),
        "7d": str(_LATEST["7d"][1]),
        "30d": str(_LATEST["30d"][1]),
    }


def _latest(key: str, now: datetime) -> Period:
    length, name = _LATEST[key]
    return Period(key, str(name), now - length, now)


def _day_of(key: str) -> Period | None:
    try:
        day = parse_date(key)
    except ValueError:
        return None
    return one_day(day) if day is not None and day.year in YEARS else None


def _midnight(day: date) -> datetime:
    """In UTC, where an hour later is an hour later on each day of the year."""
    naive = datetime.combine(day, time.min)
    return timezone.make_aware(naive).astimezone(UTC) if settings.USE_TZ else naive
