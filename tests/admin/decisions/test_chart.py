"""The chart above the list of decisions: what it counts, where it leads, and what it costs."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from oauth_jwt_grant.admin.decisions.chart import SHOWN, _ceiling
from oauth_jwt_grant.admin.decisions.periods import last_day, offered, one_day, period_of
from oauth_jwt_grant.admin.shared import LISTED
from oauth_jwt_grant.models import Decision, TrustedIssuer
from tests.admin.many import REASONS, fill
from tests.factories import ISSUER
from tests.support import case, cases

LIST = reverse("admin:oauth_jwt_grant_decision_changelist")


def chart(page, query=""):
    return page.get(f"{LIST}?{query}").context["cl"].chart


def section(page, query=""):
    content = page.get(f"{LIST}?{query}").content.decode()
    return content.partition('<section class="module ojg-chart"')[2].partition("</section>")[0]


def totals(chart):
    return {series.name: sum(series.counts) for series in chart.series}


def decide(issuer, reason="", **values):
    outcome = "refused" if reason else "accepted"
    outcome = "undecided" if reason == "keys_unavailable" else outcome
    values = {"issuer": issuer, "iss": ISSUER, "outcome": outcome, "reason": reason, **values}
    return Decision.objects.create(**values)


@pytest.fixture
def refusals(issuer):
    """Of the first reason seven, of the last one."""
    for rank, reason in enumerate(REASONS):
        for number in range(len(REASONS) - rank):
            decide(issuer, reason, time=timezone.now() - timedelta(minutes=50 * number + 1))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 3, 29), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kolkata", date(2026, 3, 29), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 25),  # 24 and a half
        ("America/Havana", date(2026, 3, 8), 23),  # there is no midnight
    ],
)
def test_day_has_its_hours_wherever_it_is(zone, day, hours):
    with timezone.override(ZoneInfo(zone)):
        period = one_day(day)
        begun = period.hours()
    assert len(begun) == hours
    assert begun[0] == period.start
    assert all(later - earlier <= timedelta(hours=1) for earlier, later in pairwise(begun))
    assert period.end - begun[-1] <= timedelta(hours=1)


def test_last_day_begins_24_hours_ago_and_goes_on_with_the_clock():
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        hours = last_day(datetime(2026, 11, 24, 12, 10, 5, tzinfo=UTC)).hours()
    assert len(hours) == 25
    assert hours[0] == datetime(2026, 11, 23, 12, 10, 5, tzinfo=UTC)
    assert hours[1] == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # 18:00 in India
    assert hours[-1] == datetime(2026, 11, 24, 11, 30, tzinfo=UTC)


def test_site_without_time_zones_has_days_too(settings):
    settings.USE_TZ = False
    now = datetime(2026, 11, 24, 12, 10)
    assert period_of("2026-11-24", now).hours()[13] == datetime(2026, 11, 24, 13)
    assert last_day(now).hours()[1] == datetime(2026, 11, 23, 13)
    assert list(offered(now)) == ["24h", "2026-11-24", "2026-11-23", "7d", "30d"]


@pytest.mark.parametrize(
    "key", ["", "24", "nonsense", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-24T10:00", "\ud800"]
)
def test_what_stands_for_no_time(key):
    assert period_of(key, timezone.now()) is None


@pytest.mark.parametrize(("number", "ceiling"), [(0, 1), (1, 1), (3, 5), (9, 10), (10, 10), (6001, 10000)])
def test_scale_ends_at_a_round_number(number, ceiling):
    assert _ceiling(number) == ceiling


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_each_decision_is_counted_in_its_hour(page, issuer, settings, zone):
    settings.TIME_ZONE = zone
    day, here = date(2026, 11, 20), ZoneInfo(zone)
    midnight = datetime(2026, 11, 20, tzinfo=here)
    moments = [midnight + timedelta(minutes=97 * number) for number in range(-3, 18)]
    edges = [midnight, midnight - timedelta(microseconds=1), midnight + timedelta(days=1)]
    for moment in [*moments, *edges]:
        decide(issuer, time=moment.astimezone(UTC))
    within = [moment for moment in [*moments, *edges] if moment.astimezone(here).date() == day]
    found = chart(page, f"when={day}")
    expected = Counter(moment.hour for moment in within)
    assert found.series[0].counts == [expected[hour] for hour in range(24)]
    assert page.get(f"{LIST}?when={day}").context["cl"].result_count == len(within)


def test_most_frequent_reasons_have_colours_and_the_others_share_one(page, refusals):
    found = chart(page)
    assert [series.name for series in found.series] == [
        "accepted",
        *(reason.replace("_", " ") for reason in REASONS[:SHOWN]),
        "other",
    ]
    assert totals(found)["other"] == 3
    assert [number for _url, _name, number in found.series[-1].links] == ["2", "1"]
    assert len({series.css for series in found.series}) == len(found.series)


def test_each_link_leads_to_what_was_counted(page, issuer, application, refusals):
    decide(issuer, application=application)
    decide(issuer, "expired", application=application)
    decide(issuer, "")
    Decision.objects.create(issuer=issuer, iss=ISSUER, outcome="refused")
    for query in ("", f"issuer={issuer.pk}", f"application={application.pk}"):
        links = [link for series in chart(page, query).series for link in series.links]
        assert links
        for url, name, number in links:
            if name != "no reason":
                assert page.get(f"{LIST}{url}").context["cl"].result_count == int(number), url
            else:
                assert page.get(f"{LIST}{url}").status_code == 200


def test_chart_follows_issuer_application_and_day_and_shows_all_else(page, issuer, application, refusals):
    other = TrustedIssuer.objects.create(name="Other", issuer="https://other.example", key_source="discovery")
    decide(other, application=application)
    decide(other, "scope", time=timezone.now() - timedelta(days=3))
    assert totals(chart(page, f"issuer={other.pk}")) == {"accepted": 1}
    assert totals(chart(page, f"application={application.pk}")) == {"accepted": 1}
    assert f"issuer: {other}" in chart(page, f"issuer={other.pk}").about
    three_days_ago = timezone.localdate() - timedelta(days=3)
    assert totals(chart(page, f"when={three_days_ago}")) == {"accepted": 0, "scope": 1}
    everything = totals(chart(page))
    for query in ("outcome__exact=accepted", "reason=expired", "q=nobody", "when=7d"):
        assert totals(chart(page, query)) == everything


@cases("query", ["", "issuer=x", "when=x", "application=0", "when=2200-01-01"])
def test_where_nothing_was_decided_a_sentence_says_so(page, issuer, refusals, query):
    if not query:
        Decision.objects.all().delete()
    shown = section(page, query)
    assert "There was no decision in this time." in shown
    assert "<rect" not in shown


def test_days_are_walked_through_and_the_other_filters_stay(page, issuer, refusals):
    today = timezone.localdate()
    yesterday, before = today - timedelta(days=1), today - timedelta(days=2)
    query = f"issuer={issuer.pk}&when={yesterday}&outcome__exact=refused&time__gte=2026-01-01T00:00:00Z"
    shown = html.unescape(section(page, query))
    links = dict(re.findall(r'<a href="(\?[^"]*)" rel="(\w+)"', shown))
    assert sorted(links.values()) == ["next", "prev", "up"]
    for url, relation in links.items():
        assert f"issuer={issuer.pk}" in url
        assert "outcome__exact=refused" in url
        assert "time__gte" not in url
        assert f"when={ {'prev': before, 'next': today, 'up': '24h'}[relation] }" in url
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown))
    assert kept == {"issuer": str(issuer.pk), "outcome__exact": "refused"}
    assert 'rel="next"' not in section(page, f"when={today}")


def test_svg_needs_neither_script_nor_style_and_says_in_words_what_it_shows(page, refusals):
    shown = section(page)
    assert "style" not in shown
    assert "<script" not in shown
    assert not re.search(r"\son\w+=", shown)
    total = sum(range(1, len(REASONS) + 1))
    assert f'aria-label="Refused by the hour and reason: {total} in all, at most' in shown
    assert len(re.findall(r'<th scope="row">', shown)) == 25
    assert "<title>" in shown


@pytest.mark.parametrize("language", ["de", "fr", "ar"])
def test_numbers_for_svg_are_the_same_in_every_language(page, refusals, settings, language):
    settings.LANGUAGE_CODE, settings.USE_THOUSAND_SEPARATOR = language, True
    shown = section(page)
    places = re.findall(r'\s(?:x|y|x1|x2|y1|y2|width|height)="([^"]*)"', shown)
    assert places
    assert all(re.fullmatch(r"\d+(\.\d+)?%?", place) for place in places)


def test_name_of_an_issuer_is_text(page):
    hostile = TrustedIssuer.objects.create(
        name="<script>alert(1)</script>", issuer="https://hostile.example", key_source="discovery"
    )
    decide(hostile, "expired")
    assert "<script" not in section(page, f"issuer={hostile.pk}")


def test_page_of_more_than_are_listed_costs_a_few_bounded_queries(page, issuer):
    made = fill(LISTED + 1, issuer=issuer)
    for url in (LIST, f"{LIST}?issuer={issuer.pk}"):
        with case(url), CaptureQueriesContext(connection) as queries:
            response = page.get(url)
            assert sum(sum(series.counts) for series in response.context["cl"].chart.series) == made
            about_decisions = [query["sql"] for query in queries if Decision._meta.db_table in query["sql"]]
            # The reasons of the newest; how many there are, as far as they are listed; the page; the chart.
            assert len(about_decisions) == 4
            assert "LIMIT 1000" in about_decisions[0]
            assert f"LIMIT {LISTED + 1}" in about_decisions[1]
            assert "LIMIT 100" in about_decisions[2]
            # Session, user, issuers and applications to filter by, and these four; a savepoint and its
            # release.
            atomic = connection.settings_dict["ATOMIC_REQUESTS"]
            assert len(queries) <= (10 if atomic else 8)
            assert response.context["cl"].result_count == LISTED
            assert "More than 10,000 decisions match" in response.content.decode()


def test_last_listed_page_is_the_last_one(page, issuer):
    fill(LISTED + 1, issuer=issuer)
    assert page.get(f"{LIST}?p={LISTED // 100}").status_code == 200
    assert page.get(f"{LIST}?p={LISTED // 100 + 1}").status_code == 302


def test_action_on_everything_stops_where_the_page_has_not_counted(page, issuer):
    fill(LISTED + 1, issuer=issuer)
    data = {"action": "delete_selected", "_selected_action": [Decision.objects.first().pk], "index": 0}
    response = page.post(LIST, {**data, "select_across": 1}, follow=True)
    assert "Filter them further" in response.content.decode()
    before = Decision.objects.count()
    page.post(LIST, {**data, "select_across": 0, "post": "yes"})
    assert Decision.objects.count() == before - 1


def test_chart_reads_only_the_day_by_an_index(issuer):
    if connection.vendor != "sqlite":
        pytest.skip("not on a database whose plans depend on how full the table is")
    hours = last_day(timezone.now()).hours()
    of_all = Decision.objects.tally(hours, timezone.now()).explain()
    assert "USING INDEX oauth_jwt_grant_by_time (time>? AND time<?)" in of_all
    of_one = Decision.objects.filter(issuer=issuer).tally(hours, timezone.now()).explain()
    assert "USING COVERING INDEX oauth_jwt_grant_by_issuer (issuer_id=? AND time>? AND time<?)" in of_one
