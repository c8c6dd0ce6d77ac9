"""The sample company's history: the same everywhere, alive, and with a story in it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics.collect.demo.company import PLATFORMS, customer
from analytics.collect.demo.history import DAYS, History
from analytics.collect.demo.releases import BROKEN, BROKEN_FROM_DAY, BROKEN_ON
from analytics.collect.demo.trickle import Street

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
FIRST_DAY = NOW.date() - timedelta(days=DAYS - 1)
Days = list[list[dict[str, Any]]]


@pytest.fixture(scope="module")
def days() -> Days:
    return list(History(NOW.date(), 1).days(NOW))


def named(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [event for event in events if event["name"] == name]


def test_there_are_about_300_000_events_over_90_days(days: Days) -> None:
    assert len(days) == DAYS
    assert 270_000 < sum(map(len, days)) < 330_000


def test_the_number_of_events_is_known_well_enough_for_a_progress_bar(days: Days) -> None:
    expected = History(NOW.date(), 1).expected_events()

    assert expected == pytest.approx(sum(map(len, days)), rel=0.1)


def test_an_interrupted_load_repeats_the_same_events(days: Days) -> None:
    later = NOW + timedelta(minutes=20)

    again = History(NOW.date(), 1).days(later)

    for before, after in zip(days[:-1], again, strict=False):
        assert before == after


def test_no_id_comes_twice_and_times_are_in_order(days: Days) -> None:
    events = [event for day in days for event in day]

    assert len({event["id"] for event in events}) == len(events)
    for day in days:
        times = [event["timestamp"] for event in day]
        assert times == sorted(times)


def test_nothing_happens_after_now(days: Days) -> None:
    last = datetime.fromisoformat(days[-1][-1]["timestamp"])

    assert NOW - timedelta(hours=1) < last <= NOW


def test_every_platform_event_and_several_currencies_occur(days: Days) -> None:
    events = [event for day in days for event in day]

    assert {event["platform"] for event in events} == set(PLATFORMS)
    assert {event["name"] for event in events} == {
        "page_view", "signup", "purchase", "error_occurred", "user_identified", "app_opened",
        "search", "add_to_cart",
    }  # fmt: skip
    currencies = {event["properties"]["currency"] for event in named(events, "purchase")}
    assert {"USD", "EUR", "GBP", "JPY"} <= currencies


def test_visitors_are_anonymous_until_they_sign_up(days: Days) -> None:
    known: set[str] = set()

    for event in (event for day in days for event in day):
        if event["name"] in {"signup", "user_identified"}:
            known.add(event["anonymousId"])
        if event["anonymousId"] not in known:
            assert "userId" not in event


def test_the_shop_grows_and_weekends_are_busier(days: Days) -> None:
    counts = {FIRST_DAY + timedelta(days=n): len(day) for n, day in enumerate(days[:-1])}
    ordered = list(counts.values())

    assert sum(ordered[-7:]) > 4 * sum(ordered[:7])
    weekend = sum(count for day, count in counts.items() if day.weekday() >= 5) / 2
    workdays = sum(count for day, count in counts.items() if day.weekday() < 5) / 5
    assert weekend > 1.08 * workdays


def test_it_is_evening_in_a_country_when_its_people_shop(days: Days) -> None:
    of_japan = Counter(
        int(event["timestamp"][11:13])
        for day in days
        for event in named(day, "purchase")
        if event["properties"]["currency"] == "JPY"
    )

    night = sum(of_japan[hour] for hour in (16, 17, 18, 19))  # 1 to 4 in Tokyo
    evening = sum(of_japan[hour] for hour in (9, 10, 11, 12))

    assert evening > 3 * night


def test_the_bad_deploy_stands_out_when_errors_are_broken_down_by_version(days: Days) -> None:
    around = [event for day in days[42:50] for event in day if event["platform"] in BROKEN_ON]
    totals = Counter(event["version"] for event in around)
    errors = Counter(event["version"] for event in named(around, "error_occurred"))
    purchases = Counter(event["version"] for event in named(around, "purchase"))
    usual = next(version for version, _ in totals.most_common() if version != BROKEN)

    def rate(counted: Counter[str], version: str) -> float:
        return counted[version] / totals[version]

    assert rate(errors, BROKEN) > 5 * rate(errors, usual)
    assert rate(purchases, BROKEN) < 0.6 * rate(purchases, usual)


def test_the_bad_version_ran_on_two_platforms_for_about_30_hours(days: Days) -> None:
    ran = [event for day in days for event in day if event["version"] == BROKEN]
    times = sorted(datetime.fromisoformat(event["timestamp"]) for event in ran)
    midnight = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)

    assert {event["platform"] for event in ran} == BROKEN_ON
    assert times[0] - midnight >= timedelta(days=BROKEN_FROM_DAY)
    assert timedelta(hours=28) < times[-1] - times[0] < timedelta(hours=36)


def test_versions_roll_out_over_days_and_not_at_once(days: Days) -> None:
    shares = [
        sum(event["version"] == "4.3.0" for event in day if event["platform"] == "ios")
        / sum(event["platform"] == "ios" for event in day)
        for day in days[74:-1]
    ]

    assert shares[0] < 0.2
    assert 0.2 < shares[7] < 0.8
    assert shares[-1] > 0.8


def test_a_shop_loaded_again_has_other_ids() -> None:
    assert customer(7, 1).user_id != customer(7, 2).user_id
    assert customer(7, 1).country == customer(7, 2).country


def test_a_shorter_history_tells_the_last_days() -> None:
    told = list(History(date(2026, 11, 23), 1, told_days=3).days(NOW))

    assert len(told) == 3
    assert told[0][0]["timestamp"].startswith("2026-11-21")


def test_the_street_has_visitors_whose_events_come_at_their_time() -> None:
    at = NOW.timestamp()
    street = Street(5_000, 1, random.Random(3))

    seen: list[dict[str, Any]] = []
    for second in range(600):
        street.let_in(at + second, 0.12)
        seen += street.due(at + second)

    times = [event["timestamp"] for event in seen]
    assert 150 < len(seen) < 700
    assert times == sorted(times)
    assert len({event["id"] for event in seen}) == len(seen)
    assert {event["version"] for event in seen if event["platform"] == "web"} == {"4.3.0"}
