"""The range in a page's address, read as the browser writes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.lib.time_range import BadRange, Chosen, read

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)


def ask(zone: str = "UTC", **query: str) -> Chosen:
    named = {key.rstrip("_"): value for key, value in query.items()}
    return read(named, NOW, default="-7d", zone=zone)


def test_without_words_the_page_takes_its_default_up_to_now() -> None:
    chosen = ask()

    assert (chosen.start, chosen.end) == (datetime(2026, 11, 16, tzinfo=UTC), NOW)
    assert chosen.is_relative


def test_hours_go_back_exactly_and_days_to_midnight_of_the_zone() -> None:
    assert ask(from_="-24h").start == datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert ask("America/New_York", from_="-1d").start == datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_minutes_go_back_exactly() -> None:
    assert ask(from_="-15m").start == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    assert ask(from_="-1mo").start.month == 10


def test_days_across_a_change_of_clocks_still_begin_at_midnight() -> None:
    # Berlin went from +2 to +1 on 25 October 2026.
    assert ask("Europe/Berlin", from_="-30d").start == datetime(2026, 10, 23, 22, tzinfo=UTC)


def test_months_go_back_by_the_calendar() -> None:
    chosen = ask(from_="-1mo", to="2026-03-31T00:00:00Z")

    assert chosen.start == datetime(2026, 2, 28, tzinfo=UTC)
    assert ask(from_="-12mo").start == datetime(2025, 11, 23, tzinfo=UTC)


def test_an_absolute_range_does_not_move() -> None:
    chosen = ask(from_="2026-03-01T00:00:00Z", to="2026-03-08T00:00:00+01:00")

    assert chosen.end == datetime(2026, 3, 7, 23, tzinfo=UTC)
    assert not chosen.is_relative


def test_a_time_without_zone_is_on_the_clock_of_the_zone() -> None:
    chosen = ask(from_="2026-07-01T00:00", tz="Europe/Berlin")

    assert chosen.start == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_all_time_is_everything() -> None:
    assert ask(from_="all").is_all


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from_": "yesterday"}, "from"),
        ({"to": "30000-01-01T00:00:00Z"}, "to"),
        ({"tz": "Mars/Phobos"}, "tz"),
        ({"tz": "../etc"}, "tz"),
        ({"from_": "2026-11-23T10:30:00Z", "to": "2026-11-23T10:30:00Z"}, "to"),
    ],
)
def test_what_is_no_range_is_named(query: dict[str, str], named: str) -> None:
    with pytest.raises(BadRange, match=f"`{named}`"):
        ask(**query)


def test_very_old_ranges_stop_at_the_beginning() -> None:
    assert ask(from_="-9999mo").start.year >= 1
    assert ask(from_="-9999w").start.year < 2000
