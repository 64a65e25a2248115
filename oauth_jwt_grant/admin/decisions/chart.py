"""A day of decisions as two bar charts, accepted and refused by reason, and as a table of the same numbers.

Plain SVG with no script and no style of its own: places across are per cent, so that it fits
any screen, and heights are pixels, so that text keeps its size. Colours are
classes of ``admin.css``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.main import ChangeList
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ...database import local, readable
from ...models import Decision
from ..shared import RelatedFilter, reason_in_words
from .filters import PeriodFilter
from .periods import Period, last_day, one_day

#: Reasons with a colour of their own; the others share one.
SHOWN = 5
#: Pixels: above the highest bar, and of the bars themselves.
MARGIN, ACCEPTED_HEIGHT, REFUSED_HEIGHT = 24, 72, 108
_ACCEPTED = str(Decision.Outcome.ACCEPTED)
_NOT_ACCEPTED = ",".join([Decision.Outcome.REFUSED, Decision.Outcome.UNDECIDED])


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one colour: the number of each hour, and links to the decisions in the list."""

    name: str
    css: str
    counts: Sequence[int]
    links: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: ``x`` and ``width`` in per cent, ``y`` and ``height`` in pixels, as SVG requires."""

    x: str
    y: str
    width: str
    height: str
    css: str
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars that are stacked on one another, and the lines (height in pixels, number) to read them by."""

    name: str
    label: str
    bars: list[Bar]
    lines: list[tuple[int, str]]
    base: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the page shows of a day; no ``plots`` where there was no decision."""

    title: str
    about: list[str]
    day: str
    navigation: list[tuple[str, str, str]]
    kept: list[tuple[str, str]]
    plots: list[Plot]
    ticks: list[tuple[str, str, str]]
    series: list[Series]
    table: list[tuple[str, list[str]]]


def chart_of(changelist: ChangeList, request: Any) -> Chart:
    """The chart for what ``changelist`` is filtered by: one query, over the decisions of that day.

    It follows the chosen day, issuer and application, and shows every outcome and reason.
    """
    now = timezone.now()
    decisions: Any = Decision.objects.all()
    period, scope, about = last_day(now), {}, []
    for spec in changelist.filter_specs:
        if isinstance(spec, RelatedFilter) and spec.value() is not None:
            decisions = spec.queryset(request, decisions)
            scope[str(spec.parameter_name)] = spec.value()
            about.append(f"{spec.title}: {spec.name() or spec.value()}")
        elif isinstance(spec, PeriodFilter) and spec.value():
            period = spec.period if spec.period and spec.period.day else period
            decisions = decisions if spec.period else decisions.none()
    hours = period.hours()
    series = _series(decisions.tally(hours, period.end), len(hours), {**scope, "when": period.key})
    return Chart(
        title=period.name,
        about=about,
        day=period.day.isoformat() if period.day else "",
        navigation=_navigation(changelist, period, now),
        kept=[(name, value) for name, value in changelist.params.items() if not _is_time(name)],
        plots=_plots(series, hours),
        ticks=_ticks(hours),
        series=series,
        table=_table(series, hours),
    )


def _series(rows: Iterable[tuple[int, str, str, int]], hours: int, query: dict[str, Any]) -> list[Series]:
    """Accepted first, then the most frequent reasons, then all others as one."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for hour, outcome, reason, number in rows:
        counts["" if outcome == _ACCEPTED else (reason or "-")][hour] += number
    if not counts:
        return []
    accepted = counts.pop("", Counter())
    ranked = sorted(counts, key=lambda reason: (-counts[reason].total(), reason))
    link = _link(query, _("accepted"), accepted.total(), outcome__exact=_ACCEPTED)
    series = [Series(_("accepted"), "ojg-accepted", _by_hour(accepted, hours), [link])]
    for rank, reason in enumerate(ranked[:SHOWN], start=1):
        link = _reason_link(query, reason, counts[reason].total())
        series.append(Series(link[1], f"ojg-refused-{rank}", _by_hour(counts[reason], hours), [link]))
    if others := ranked[SHOWN:]:
        together = sum((counts[reason] for reason in others), Counter())
        links = [_reason_link(query, reason, counts[reason].total()) for reason in others]
        series.append(Series(_("other"), "ojg-refused-other", _by_hour(together, hours), links))
    return series


def _by_hour(counts: Counter[int], hours: int) -> list[int]:
    return [counts[hour] for hour in range(hours)]


def _reason_link(query: dict[str, Any], reason: str, number: int) -> tuple[str, str, str]:
    if reason == "-":
        return _link(query, _("no reason"), number, outcome__in=_NOT_ACCEPTED)
    return _link(query, reason_in_words(reason), number, reason=reason)


def _link(query: dict[str, Any], name: str, number: int, **more: str) -> tuple[str, str, str]:
    """Where the list has what was counted, its name, and the number."""
    return "?" + urlencode({**query, **more}), name, _number(number)


def _plots(series: Sequence[Series], hours: Sequence[datetime]) -> list[Plot]:
    if not series:
        return []
    accepted, *refused = series
    plots = [_plot(_("Accepted by the hour"), [accepted], hours, ACCEPTED_HEIGHT)]
    if refused:
        plots.append(_plot(_("Refused by the hour and reason"), refused, hours, REFUSED_HEIGHT))
    return plots


def _plot(name: str, series: Sequence[Series], hours: Sequence[datetime], height: int) -> Plot:
    sums = [sum(numbers) for numbers in zip(*(each.counts for each in series), strict=True)]
    top, base = _ceiling(max(sums)), MARGIN + height
    marks = [top, top // 2, 0] if top % 2 == 0 else [top, 0]
    words = {"name": name, "total": _number(sum(sums)), "most": _number(max(sums))}
    return Plot(
        name=name,
        label=_("%(name)s: %(total)s in all, at most %(most)s in an hour.") % words,
        bars=list(_bars(series, hours, base, height / top)),
        lines=[(base - height * mark // top, _number(mark)) for mark in marks],
        base=base,
    )


def _bars(series: Sequence[Series], hours: Sequence[datetime], base: int, unit: float) -> Iterator[Bar]:
    """The bars of each hour from ``base`` up, ``unit`` pixels for each decision."""
    slot = 100 / len(hours)
    for position, hour in enumerate(hours):
        y = float(base)
        for each in series:
            if number := each.counts[position]:
                tall = max(1.0, number * unit)  # one of many thousands is still to be seen
                y -= tall
                yield Bar(
                    x=f"{(position + 0.1) * slot:.3f}%",
                    y=f"{y:.1f}",
                    width=f"{0.8 * slot:.3f}%",
                    height=f"{tall:.1f}",
                    css=each.css,
                    title=f"{readable(hour)}: {each.name} {_number(number)}",
                )


def _ceiling(number: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 ... that is not below ``number``."""
    power = int("1".ljust(len(str(number)), "0"))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= number)


def _ticks(hours: Sequence[datetime]) -> list[tuple[str, str, str]]:
    """Every third hour of the clock at its place; on a narrow screen every sixth is enough."""
    slot, times = 100 / len(hours), [local(hour) for hour in hours]
    return [
        (f"{position * slot:.3f}%", f"{time:%H}", "ojg-tick" if time.hour % 6 == 0 else "ojg-tick-between")
        for position, time in enumerate(times)
        if time.hour % 3 == 0 and time.minute == 0
    ]


def _table(series: Sequence[Series], hours: Sequence[datetime]) -> list[tuple[str, list[str]]]:
    return [
        (readable(hour), [_number(each.counts[position]) for each in series])
        for position, hour in enumerate(hours)
    ]


def _navigation(changelist: ChangeList, period: Period, now: datetime) -> list[tuple[str, str, str]]:
    """The day before, the day after unless it is yet to come, the last 24 hours; other filters stay."""
    today = local(now).date()
    links = [(one_day((period.day or today) - timedelta(days=1)), "prev")]
    if period.day is not None and period.day < today:
        links.append((one_day(period.day + timedelta(days=1)), "next"))
    if period.day is not None:
        links.append((last_day(now), "up"))
    return [
        (changelist.get_query_string({"when": other.key}, remove=["time__"]), other.name, relation)
        for other, relation in links
    ]


def _is_time(name: str) -> bool:
    return name == PeriodFilter.parameter_name or name.startswith("time__")


def _number(number: int) -> str:
    return number_format(number, force_grouping=True)
