"""Trends on a real engine, against what a few lines of Python count."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.insights.buckets import INTERVALS, Interval, cut
from analytics.insights.definitions.trend import MATHS
from analytics.insights.sql import trend as sql
from portal.store import client
from portal.store.models import Epoch
from portal.store.query import TimeRange
from tests.insights.conftest import Ask, at
from tests.insights.events import Event, load, person_of

Number = float | int | None

# Both changes of the clock in New York, and a zone with an odd offset.
SPANS = {
    "spring": (at("2026-03-06"), at("2026-03-11")),
    "autumn": (at("2026-10-30"), at("2026-11-04")),
}
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


def random_events(seed: int, span: tuple[datetime, datetime], number: int = 400) -> list[Event]:
    chance = random.Random(seed)
    seconds = int((span[1] - span[0]).total_seconds())
    return [
        Event(
            name=chance.choice(["visit", "visit", "buy"]),
            at=span[0] - timedelta(days=40) * (chance.random() < 0.3)
            + timedelta(seconds=chance.randrange(seconds), microseconds=chance.choice([0, 1, 999_999])),
            user=chance.choice(["", *(f"user-{n}" for n in range(12))]),
            session=chance.choice(["", "s1", "s2", "s3"]),
            properties=random_properties(chance),
            platform=chance.choice(["web", "ios", ""]),
        )
        for _ in range(number)
    ]  # fmt: skip


def random_properties(chance: random.Random) -> dict[str, Any]:
    offered = {
        "amount": chance.choice([0, 5, 12.5, -3, "12", None, True]),
        "plan": chance.choice(["free", "pro", "$other", 5, 5.5, "5", True, False, None, ["a"]]),
    }
    return {name: value for name, value in offered.items() if chance.random() < 0.8}


def chosen(events: Sequence[Event], start: datetime, end: datetime) -> list[Event]:
    return [e for e in events if e.name == "visit" and start <= e.at < end]


def numbers(events: Sequence[Event]) -> list[float]:
    found = [event.properties.get("amount") for event in events]
    return [value for value in found if isinstance(value, int | float) and value is not True]


def users(events: Sequence[Event]) -> int:
    return len({e.user for e in events if e.user})


def percentile(values: Sequence[float], share: float) -> float:
    place = share * (len(values) - 1)
    ordered, low = sorted(values), int(place)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def of_numbers(compute: Callable[[list[float]], float]) -> Callable[[Sequence[Event]], Number]:
    return lambda events: compute(found) if (found := numbers(events)) else None


ORACLES: dict[str, Callable[[Sequence[Event]], Number]] = {
    "total": len,
    "unique_users": users,
    "per_user_average": lambda events: len(events) / users(events) if users(events) else None,
    "sum": lambda events: sum(numbers(events)),
    "avg": of_numbers(statistics.mean),
    "min": of_numbers(min),
    "max": of_numbers(max),
    "median": of_numbers(statistics.median),
    "p90": of_numbers(lambda values: percentile(values, 0.9)),
    "p95": of_numbers(lambda values: percentile(values, 0.95)),
    "p99": of_numbers(lambda values: percentile(values, 0.99)),
}


def expected_points(
    events: Sequence[Event], span: tuple[datetime, datetime], edges: Sequence[datetime], math: str
) -> list[Number]:
    oracle = ORACLES[math]
    return [
        oracle(chosen(events, max(start, span[0]), min(end, span[1])))
        for start, end in pairwise(edges)
    ]


def approximately(values: Sequence[Number]) -> list[Any]:
    return [None if value is None else pytest.approx(value) for value in values]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("season", SPANS)
def test_every_math_agrees_with_a_plain_count(trend: Ask, zone: str, season: str) -> None:
    span = SPANS[season]
    events = load(random_events(7, span))

    for interval in ("hour", "day", "week", "month"):
        series = [{"event": "visit", "math": math, "property": "amount"} for math in ORACLES]
        window = TimeRange(*span, zone)
        answer = trend(
            **{"from": span[0].isoformat(), "to": span[1].isoformat()},
            time_zone=zone, interval=interval, series=series,
        ).extra["series"]  # fmt: skip
        edges = cut(window, interval).edges
        for math, line in zip(ORACLES, answer, strict=True):
            assert [point["value"] for point in line["points"]] == approximately(
                expected_points(events, span, edges, math)
            ), (interval, math)
            assert line["total"] == pytest.approx(ORACLES[math](chosen(events, *span)))


@pytest.mark.parametrize("math", ["wau", "mau"])
@pytest.mark.parametrize("interval", INTERVALS[1:])
def test_active_users_look_back_from_the_end_of_each_bucket(
    trend: Ask, math: str, interval: Interval
) -> None:
    span, zone, days = SPANS["spring"], "America/New_York", {"wau": 7, "mau": 30}[math]
    events = load(random_events(3, span))

    frame = trend(
        **{"from": span[0].isoformat(), "to": span[1].isoformat()},
        time_zone=zone, interval=interval, series=[{"event": "visit", "math": math}],
    )  # fmt: skip

    ends = [min(e, span[1]) for e in cut(TimeRange(*span, zone), interval).edges[1:]]
    local = ZoneInfo(zone)
    begins = [(end.astimezone(local) - timedelta(days=days)).astimezone(UTC) for end in ends]
    expected = [users(chosen(events, b, e)) for b, e in zip(begins, ends, strict=True)]
    assert list(frame.column("value")) == expected
    assert frame.extra["series"][0]["total"] == expected[-1]


def test_all_maths_of_the_contract_are_tested() -> None:
    assert set(MATHS) == {*ORACLES, "wau", "mau", "unique_sessions"}


def test_a_breakdown_is_ranked_by_total_then_name_and_the_rest_is_other(trend: Ask) -> None:
    span = SPANS["spring"]
    events = load(random_events(11, span))

    for limit in (1, 3, 10):
        answer = trend(
            **{"from": span[0].isoformat(), "to": span[1].isoformat()},
            series=[{"event": "visit"}], breakdown={"property": "plan", "limit": limit},
        ).extra["series"]  # fmt: skip
        totals: dict[tuple[str, str], int] = defaultdict(int)
        for event in chosen(events, *span):
            totals[typed(event.properties.get("plan"))] += 1
        ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0][0], item[0][1]))
        shown = [(name, total) for (name, _), total in ranked[:limit]]
        if len(ranked) > limit:
            shown.append(("$other", sum(total for _, total in ranked[limit:])))
        assert [(name_of(line["breakdown_value"]), line["total"]) for line in answer] == shown
        for line in answer:
            assert sum(point["value"] for point in line["points"]) == line["total"]


def typed(value: Any) -> tuple[str, str]:
    """Return a value's name and type: the number 5 and the text 5 are two values."""
    if isinstance(value, bool):
        return ("true" if value else "false", "b")
    if isinstance(value, int | float):
        return (f"{value:g}", "n")
    return (value, "s") if isinstance(value, str) else ("$none", "")


def name_of(value: Any) -> str:
    return typed(value)[0]


def test_unique_users_of_the_rest_count_each_person_once(trend: Ask) -> None:
    noon = at("2026-03-02T12:00")
    load(
        Event("visit", noon, user, properties={"plan": plan})
        for user, plan in [("ada", "a"), ("bob", "a"), ("ada", "b"), ("ada", "c"), ("cleo", "c")]
    )

    answer = trend(
        **{"from": "2026-03-02", "to": "2026-03-03"},
        series=[{"event": "visit", "math": "unique_users"}],
        breakdown={"property": "plan", "limit": 1},
    ).extra["series"]

    assert [(line["breakdown_value"], line["total"]) for line in answer] == [
        ("a", 2),
        ("$other", 2),
    ]


class TestSessions:
    def test_a_session_is_a_persons_and_counts_once(self, trend: Ask) -> None:
        load(
            Event("visit", at(f"2026-03-02T{hour}"), user, session)
            for hour, user, session in [
                ("10:00", "ada", "s1"), ("10:05", "ada", "s1"), ("10:00", "bob", "s1"),
                ("23:59", "bob", "s2"),
            ]
        )  # fmt: skip

        answer = trend(
            **{"from": "2026-03-02", "to": "2026-03-03"},
            series=[{"event": "visit", "math": "unique_sessions"}],
        ).extra["series"][0]

        assert answer["total"] == 3

    def test_without_an_id_a_pause_of_over_30_minutes_splits(self, trend: Ask) -> None:
        load(
            Event(name, at(f"2026-03-02T{hour}"), user)
            for name, hour, user in [
                ("visit", "10:00:00", "ada"), ("look", "10:30:00", "ada"), ("visit", "11:00:00", "ada"),
                ("visit", "11:30:01", "ada"), ("visit", "10:00:00", "bob"), ("visit", "10:00:00", ""),
            ]
        )  # fmt: skip

        answer = trend(
            **{"from": "2026-03-02", "to": "2026-03-03"},
            series=[{"event": "visit", "math": "unique_sessions"}],
        ).extra["series"][0]

        assert answer["total"] == 3


class TestFormula:
    def test_points_and_total_are_computed_and_division_by_zero_is_null(self, trend: Ask) -> None:
        load(
            Event(name, at(day), "ada")
            for name, day in [
                ("buy", "2026-03-02"),
                ("visit", "2026-03-02"),
                ("visit", "2026-03-03"),
            ]
        )

        answer = trend(
            **{"from": "2026-03-02", "to": "2026-03-05"},
            series=[{"event": "buy"}, {"event": "visit"}],
            formula="A/B*100",
        ).extra["series"]

        assert len(answer) == 1
        assert [point["value"] for point in answer[0]["points"]] == [100, 0, None]
        assert answer[0]["total"] == 50

    def test_all_series_follow_the_breakdown_of_the_first(self, trend: Ask) -> None:
        load(
            Event(name, at("2026-03-02"), "ada", properties={"plan": plan})
            for name, plan in [("buy", "pro"), ("buy", "pro"), ("buy", "free"),
                               *[("visit", "free")] * 4, ("visit", "pro")]
        )  # fmt: skip

        answer = trend(
            **{"from": "2026-03-02", "to": "2026-03-03"},
            series=[{"event": "buy"}, {"event": "visit"}], formula="A/B",
            breakdown={"property": "plan", "limit": 1},
        ).extra["series"]  # fmt: skip

        assert [(line["breakdown_value"], line["total"]) for line in answer] == [
            ("pro", 2), ("$other", 0.25),
        ]  # fmt: skip


class TestComparison:
    def test_the_period_before_stands_side_by_side(self, trend: Ask) -> None:
        load(Event("visit", at(f"2026-03-{day:02}")) for day in range(1, 11) for _ in range(day))

        answer = trend(
            **{"from": "2026-03-06", "to": "2026-03-11"},
            series=[{"event": "visit"}], compare="previous_period",
        ).extra["series"]  # fmt: skip

        now, before = answer
        assert [point["value"] for point in now["points"]] == [6, 7, 8, 9, 10]
        assert [point["value"] for point in before["points"]] == [1, 2, 3, 4, 5]
        assert (before["compare"], "compare" in now) == (True, False)
        assert before["points"][0]["t"] == "2026-03-01T00:00:00Z"

    def test_days_stay_aligned_when_the_clock_changed_between(self, trend: Ask) -> None:
        zone = "America/New_York"
        load(Event("visit", at(f"2026-03-{day:02}T00:00", zone)) for day in range(1, 15))

        now, before = trend(
            **{"from": "2026-03-08", "to": "2026-03-15"}, time_zone=zone,
            series=[{"event": "visit"}], compare="previous_period",
        ).extra["series"]  # fmt: skip

        assert [point["value"] for point in before["points"]] == [1] * 7
        assert before["points"][0]["t"] == "2026-03-01T00:00:00-05:00"
        assert now["points"][-1]["t"] == "2026-03-14T00:00:00-04:00"

    def test_months_are_compared_with_months(self, trend: Ask) -> None:
        load(
            Event("visit", at(f"{year}-{month:02}-15"))
            for year in (2023, 2024)
            for month in range(1, 13)
        )

        _, before = trend(
            **{"from": "2024-01-01", "to": "2025-01-01"}, interval="month",
            series=[{"event": "visit"}], compare="previous_period",
        ).extra["series"]  # fmt: skip

        assert [point["t"][:7] for point in before["points"]] == [
            f"2023-{m:02}" for m in range(1, 13)
        ]
        assert before["total"] == 12


def test_points_cover_every_interval_and_say_whether_they_are_over(trend: Ask) -> None:
    load([Event("visit", at("2026-03-03T10:00"))])

    frame = trend(
        at("2026-03-03T11:00"), **{"from": "2026-03-01", "to": "2026-03-05"},
        series=[{"event": "visit"}],
    )  # fmt: skip

    assert frame.column("value") == [0, 0, 1, 0]
    assert frame.column("complete") == [True, True, False, False]
    assert [c.name for c in frame.columns] == [
        "t",
        "series",
        "breakdown",
        "compare",
        "value",
        "complete",
    ]


def test_an_event_that_never_came_is_told_from_a_quiet_one(trend: Ask) -> None:
    load([Event("visit", at("2026-01-03T10:00"))])

    frame = trend(
        **{"from": "2026-03-01", "to": "2026-03-03"},
        series=[
            {"event": "visit"},
            {"event": "vist", "math": "unique_users"},
            {"event": None},
            {"event": "vist", "math": "per_user_average"},
        ],
    )

    assert [line["total"] for line in frame.extra["series"]] == [0, 0, 0, None]
    assert frame.meta.warnings == (
        "'visit' was last seen 2026-01-03 10:00:00 UTC.",
        "No event named 'vist' was ever seen.",
    )


def test_a_sample_is_marked(trend: Ask) -> None:
    load(Event("visit", at("2026-03-01T10:00"), f"user-{n}") for n in range(4_000))

    frame = trend(
        **{"from": "2026-03-01", "to": "2026-03-02"}, series=[{"event": "visit"}], sampling=0.5
    )

    assert frame.extra["series"][0]["total"] == pytest.approx(4_000, rel=0.1)
    assert "sample" in frame.meta.warnings[0]


def test_events_of_merged_persons_count_for_the_winner_at_once(trend: Ask) -> None:

    load(Event("visit", at("2026-03-01T10:00"), user) for user in ("ada", "bob", "cleo"))
    client.insert(
        "person_overrides",
        {"loser": [person_of("bob")], "winner": [person_of("ada")], "version": [1]},
        token="merge",
    )
    Epoch.move(pending_overrides=1)

    totals = [
        trend(**{"from": "2026-03-01", "to": "2026-03-02"}, series=[{"event": "visit", "math": math}])
        .extra["series"][0]["total"]
        for math in ("unique_users", "per_user_average", "wau", "total")
    ]  # fmt: skip

    client.command("TRUNCATE TABLE person_overrides")
    assert totals == [2, 1.5, 2, 3]


@pytest.mark.parametrize("math", MATHS)
def test_an_event_that_never_came_is_nothing_in_every_math(trend: Ask, math: str) -> None:
    load([Event("visit", at("2026-03-01"))])

    for breakdown in (None, {"property": "plan"}):
        answer = trend(
            **{"from": "2026-03-01", "to": "2026-03-03"}, compare="previous_period",
            series=[{"event": "vist", "math": math, "property": "n"}], breakdown=breakdown,
        ).extra["series"]  # fmt: skip

        assert len(answer) == (0 if breakdown else 2)
        assert all(line["total"] in {0, None} for line in answer)


@pytest.mark.parametrize("math", MATHS)
def test_every_math_can_be_broken_down_and_compared(trend: Ask, math: str) -> None:
    span = SPANS["spring"]
    load(random_events(5, span))
    body: dict[str, Any] = {
        "from": span[0].isoformat(), "to": span[1].isoformat(), "interval": "day",
        "series": [{"event": "visit", "math": math, "property": "amount"}],
    }  # fmt: skip

    whole = trend(**body, compare="previous_period").extra["series"]
    parts = trend(
        **body, compare="previous_period", breakdown={"property": "$platform"}
    ).extra["series"]  # fmt: skip

    alone = {
        value: trend(
            **body, where=[{"property": "$platform", "op": "=", "value": value}]
        ).extra["series"][0]
        for value in ("web", "ios")
    }  # fmt: skip
    for value, expected in alone.items():
        line = next(
            one for one in parts if one["breakdown_value"] == value and "compare" not in one
        )
        assert [p["value"] for p in line["points"]] == approximately(
            [p["value"] for p in expected["points"]]
        )
        assert line["total"] == pytest.approx(expected["total"])
    assert len(whole) == 2
    assert len([one for one in parts if one.get("compare")]) == len(parts) / 2


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Asia/Beirut", "2026-03-29", "2026-04-02"),  # begins with the jump over midnight
        ("Asia/Beirut", "2026-03-26", "2026-04-02"),
        ("Asia/Beirut", "2026-10-22", "2026-10-28"),  # midnight comes twice
        ("America/Sao_Paulo", "2018-11-04", "2018-11-07"),
        ("America/Havana", "2026-03-05", "2026-11-05"),
        ("Pacific/Apia", "2011-12-28", "2012-01-03"),  # a date that never was
        ("Africa/Casablanca", "2024-01-01", "2026-12-01"),  # twice a year, around Ramadan
        ("America/New_York", "2015-01-01", "2026-01-01"),
    ],
)
@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_calendars_hold_wherever_the_clock_changes(
    trend: Ask, zone: str, first: str, last: str, interval: Interval
) -> None:
    chance, span = random.Random(9), (at(first, zone), at(last, zone))
    seconds = int((span[1] - span[0]).total_seconds())
    times = [span[0] + timedelta(seconds=chance.randrange(seconds)) for _ in range(500)]
    # Around each day's border as well.
    borders = cut(TimeRange(*span, zone), "day").edges[1:-1][:300]
    times += [edge + timedelta(microseconds=step) for edge in borders for step in (-1, 0, 1)]
    events = load(Event("visit", time) for time in times)

    frame = trend(
        **{"from": span[0].isoformat(), "to": span[1].isoformat()},
        time_zone=zone, interval=interval, series=[{"event": "visit"}],
    )  # fmt: skip

    edges = cut(TimeRange(*span, zone), interval).edges
    assert list(frame.column("value")) == expected_points(events, span, edges, "total")


def test_percentiles_of_very_many_values_are_approximated_and_say_so(
    trend: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "EXACT_UP_TO", 5)
    load(
        Event("visit", at(f"2026-03-0{day}"), properties={"ms": n, "plan": "pro"})
        for day in (1, 2)
        for n in range(1_001)
    )

    for breakdown in (None, {"property": "plan"}):
        frame = trend(
            **{"from": "2026-03-01", "to": "2026-03-03"}, breakdown=breakdown,
            series=[{"event": "visit", "math": "p90", "property": "ms"}],
        )  # fmt: skip

        (line,) = frame.extra["series"]
        assert [point["value"] for point in line["points"]] == [pytest.approx(900, abs=10)] * 2
        assert line["total"] == pytest.approx(900, abs=10)
        assert "t-digest" in frame.meta.warnings[0]
