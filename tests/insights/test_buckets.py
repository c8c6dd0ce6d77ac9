"""Ranges cut by the calendar of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from analytics.insights.buckets import (
    CLOCK,
    INTERVALS,
    MAX_POINTS,
    Interval,
    TooManyPoints,
    cut,
    previous,
)
from portal.store.query import TimeRange
from tests.insights.conftest import at

HOUR = timedelta(hours=1)


def hours(zone: str, start: str, end: str, interval: Interval = "day") -> list[float]:
    grid = cut(TimeRange(at(start, zone), at(end, zone), zone), interval)
    return [(right - left) / HOUR for left, right in pairwise(grid.edges)]


def test_days_have_23_and_25_hours_when_the_clock_changes() -> None:
    assert hours("America/New_York", "2026-03-07", "2026-03-10") == [24, 23, 24]
    assert hours("America/New_York", "2026-10-31", "2026-11-03") == [24, 25, 24]
    assert hours("Australia/Lord_Howe", "2026-04-04", "2026-04-07") == [24, 24.5, 24]


def test_hours_are_cut_in_the_offset_of_the_zone() -> None:
    grid = cut(TimeRange(at("2026-03-01T00:20"), at("2026-03-01T02:00"), "Asia/Kathmandu"), "hour")

    assert [edge.minute for edge in grid.edges] == [15, 15, 15]


def test_a_day_on_which_midnight_does_not_exist_begins_with_the_jump() -> None:
    # Lebanon moves its clock at midnight: the 29th of March 2026 begins at 01:00.
    assert hours("Asia/Beirut", "2026-03-28", "2026-03-30T00:00") == [24, 23]


def test_a_date_that_a_zone_skipped_has_no_bucket() -> None:
    grid = cut(
        TimeRange(
            at("2011-12-29", "Pacific/Apia"), at("2012-01-01", "Pacific/Apia"), "Pacific/Apia"
        ),
        "day",
    )

    assert [edge.astimezone(ZoneInfo("Pacific/Apia")).day for edge in grid.starts] == [29, 31]


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    window = TimeRange(at("2026-02-18"), at("2026-03-18"))

    assert {edge.weekday() for edge in cut(window, "week").edges} == {0}
    assert [edge.isoformat()[:10] for edge in cut(window, "month").edges] == [
        "2026-02-01", "2026-03-01", "2026-04-01",
    ]  # fmt: skip
    assert [edge.isoformat()[:10] for edge in cut(window, "year").edges] == [
        "2026-01-01", "2027-01-01",
    ]  # fmt: skip


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(
    "zone",
    ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"],
)
def test_buckets_cover_the_window_without_gap(zone: str, interval: Interval) -> None:
    start = datetime(2018, 10, 30, 7, 13, tzinfo=UTC)
    window = TimeRange(start, start + timedelta(days=5 if interval in CLOCK else 400), zone)

    grid = cut(window, interval)

    assert grid.edges[0] <= window.start < grid.edges[1]
    assert grid.edges[-2] < window.end <= grid.edges[-1]
    assert all(left < right for left, right in pairwise(grid.edges))


def test_a_bucket_is_complete_when_it_is_over_and_inside_the_window() -> None:
    window = TimeRange(at("2026-03-01T06:00"), at("2026-03-05"))

    grid = cut(window, "day")

    assert grid.complete(at("2026-03-03T12:00")) == [False, True, False, False]
    assert grid.complete(at("2026-04-01")) == [False, True, True, True]


def test_too_many_points_name_what_to_do() -> None:
    window = TimeRange(at("2016-01-01"), at("2026-01-01"))

    with pytest.raises(TooManyPoints, match="use the interval 'day' or a shorter range"):
        cut(window, "minute")
    assert len(cut(window, "day")) < MAX_POINTS


class TestThePeriodBefore:
    def test_whole_days_end_where_the_window_begins(self) -> None:
        zone = "America/New_York"
        window = TimeRange(at("2026-03-08", zone), at("2026-03-15", zone), zone)

        before = previous(window, "day")

        assert (before.start, before.end) == (at("2026-03-01", zone), at("2026-03-08", zone))

    def test_a_day_still_running_is_compared_with_as_much_of_a_day(self) -> None:
        window = TimeRange(at("2026-03-08"), at("2026-03-14T10:30"))

        before = previous(window, "day")

        assert (before.start, before.end) == (at("2026-03-01"), at("2026-03-07T10:30"))

    def test_a_year_of_months_is_compared_with_the_year_before(self) -> None:
        before = previous(TimeRange(at("2024-01-01"), at("2025-01-01")), "month")

        assert (before.start, before.end) == (at("2023-01-01"), at("2024-01-01"))

    @pytest.mark.parametrize("interval", INTERVALS)
    def test_it_has_as_many_buckets(self, interval: Interval) -> None:
        zone = "America/New_York"
        days = {"minute": 2, "hour": 30, "year": 1_500}.get(interval, 500)
        for offset in range(0, 60, 7):
            start = at("2025-10-01", zone) + timedelta(days=offset)
            window = TimeRange(start, start + timedelta(days=days), zone)
            assert len(cut(previous(window, interval), interval)) == len(cut(window, interval))
