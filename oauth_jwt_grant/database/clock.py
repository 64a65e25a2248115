"""Seconds since the epoch, Django's datetimes, with or without ``USE_TZ``, and what people read of them."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format


def to_datetime(seconds: float) -> datetime:
    """The datetime that the database holds for ``seconds`` since the epoch."""
    value = datetime.fromtimestamp(seconds, tz=UTC)
    return value if settings.USE_TZ else timezone.make_naive(value)


def to_seconds(value: datetime) -> float:
    """The seconds since the epoch of ``value``, a datetime of the database; whole ones exactly."""
    aware = value if value.tzinfo is not None else timezone.make_aware(value)
    return aware.timestamp()


def local(value: datetime) -> datetime:
    """``value`` in the reader's time zone (without ``USE_TZ`` it is that already)."""
    return value if value.tzinfo is None else timezone.localtime(value)


def has_place(value: datetime | None) -> bool:
    """Whether databases, which keep UTC, can store ``value``, and readers can see it in their time zone."""
    try:
        return value is None or value.tzinfo is None or all((value.astimezone(UTC), local(value)))
    except OverflowError:
        return False


def readable(value: datetime) -> str:
    """``value`` in the reader's time zone and in the form that Django gives to all times in its admin."""
    return date_format(local(value), "DATETIME_FORMAT")
