"""The cases that other products publish tests of, asked through the API and counted by hand.

Where a peer counts otherwise (docs/questions.md, SEMANTICS 5), the number here is ours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.insights.conftest import Post, at
from tests.insights.events import Event, load

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
Json = dict[str, Any]
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


def walk(user: str, names: str, every: timedelta = MINUTE, **more: Any) -> list[Event]:
    """Return one event a letter; `.` is a pause."""
    return [
        Event(name, START + place * every, user, **more)
        for place, name in enumerate(names)
        if name != "."
    ]


def steps(names: str, **more: Any) -> Json:
    return {"steps": [{"event": name} for name in names]} | more


def users(found: Json) -> list[int]:
    return [step["users"] for step in found["steps"]]


class TestFunnels:
    def test_a_step_that_repeats_takes_an_event_each(self, post: Post) -> None:
        load([*walk("a", "A"), *walk("b", "AA"), *walk("c", "AAA"), *walk("d", "ABA")])

        assert users(post("funnel", **steps("AAA"))) == [4, 3, 1]
        assert users(post("funnel", **steps("AA", order="strict"))) == [4, 2]

    def test_events_of_one_instant_may_be_taken_in_any_order(self, post: Post) -> None:
        load([Event(name, START, "a") for name in "CBA"])

        assert users(post("funnel", **steps("ABC"))) == [1, 1, 1]
        assert users(post("funnel", **steps("ABC", order="strict"))) == [1, 1, 1]
        assert users(post("funnel", **steps("AAB"))) == [1, 0, 0]

    def test_the_window_is_measured_from_the_first_step_and_includes_its_edge(
        self, post: Post
    ) -> None:
        hour = timedelta(hours=1)
        load(
            [
                *(Event(name, START + n * hour / 2, "edge") for n, name in enumerate("ABC")),
                Event("A", START, "late"), Event("B", START + hour + TICK, "late"),
                # Restarted at each step, as some do, this would convert.
                *(Event(name, START + n * hour * 0.6, "slow") for n, name in enumerate("ABC")),
            ]
        )  # fmt: skip

        found = post("funnel", **steps("ABC", window={"value": 1, "unit": "hour"}))

        assert users(found) == [3, 2, 1]

    def test_steps_after_the_range_count_and_first_steps_outside_do_not(self, post: Post) -> None:
        end = at("2026-02-01")
        load(
            [
                Event("A", end - MINUTE, "a"), Event("B", end + MINUTE, "a"),
                Event("A", end, "b"), Event("B", end + MINUTE, "b"),
                Event("A", at("2025-12-31T23:59"), "c"), Event("B", at("2026-01-01"), "c"),
            ]
        )  # fmt: skip

        assert users(post("funnel", **steps("AB"))) == [1, 1]

    def test_an_exclusion_voids_strictly_between_its_steps_only(self, post: Post) -> None:
        load(
            [
                *walk("before", "XAB"), *walk("after", "ABX"), *walk("between", "AXB"),
                *walk("again", "AXAB"), *walk("never", "AX"), *walk("outside", "ABXC"),
                Event("A", START, "with"), Event("X", START, "with"), Event("B", START + MINUTE, "with"),
            ]
        )  # fmt: skip
        x = [{"event": "X", "after_step": 1, "before_step": 2}]

        # "between" and "never" count nowhere, step 1 included; "again" has a clean attempt.
        assert users(post("funnel", **steps("AB", exclusions=x))) == [5, 5]
        assert users(post("funnel", **steps("AB"))) == [7, 6]

    def test_any_order_counts_distinct_steps(self, post: Post) -> None:
        load([*walk("a", "CBA"), *walk("b", "BXB"), *walk("c", "CXXA"), *walk("d", "X")])

        assert users(post("funnel", **steps("ABC", order="any"))) == [3, 2, 1]

    def test_in_any_order_an_exclusion_lies_between_the_steps_as_they_were_taken(
        self, post: Post
    ) -> None:
        load([*walk("a", "AB"), *walk("b", "AXB"), *walk("c", "BA"), *walk("d", "BXAC"), *walk("e", "AX"),
              *walk("f", "CXXAB")])  # fmt: skip
        x = [{"event": "X", "after_step": 1, "before_step": 2}]

        # The attempts that begin after X are clean, so "b", "d" and "f" keep what they did then.
        assert users(post("funnel", **steps("ABC", order="any", exclusions=x))) == [5, 4, 0]
        assert users(post("funnel", **steps("ABC", order="any"))) == [6, 5, 2]

    def test_strict_lets_nothing_come_between(self, post: Post) -> None:
        load([*walk("a", "AXBC"), *walk("b", "AABC"), *walk("c", "ABXC"), *walk("d", "XABC")])

        assert users(post("funnel", **steps("ABC", order="strict"))) == [4, 3, 2]

    def test_values_of_all_types_are_told_apart_and_lists_are_not_set(self, post: Post) -> None:
        held: list[Any] = ["5", 5, 5.0, True, "", None, ["a"], {"a": 1}]
        load(
            event
            for n, value in enumerate(held)
            for event in walk(f"u{n}", "AB", properties={"plan": value})
        )

        found = post("funnel", **steps("AB", breakdown={"property": "plan"}))

        counted = [(one["value"], one["steps"][1]["users"]) for one in found["breakdown"]]
        assert counted == [("$none", 3), (5, 2), ("", 1), ("5", 1), (True, 1)]

    def test_first_and_last_touch_skip_what_is_not_set(self, post: Post) -> None:
        load(
            [
                Event("A", START, "a"),
                Event("B", START + MINUTE, "a", properties={"utm": "ads"}),
                Event("C", START + 2 * MINUTE, "a", properties={"utm": "mail"}),
            ]
        )

        def values(**attribution: Any) -> list[Any]:
            breakdown = {"property": "utm"} | attribution
            return [
                one["value"]
                for one in post("funnel", **steps("ABC", breakdown=breakdown))["breakdown"]
            ]

        assert values(attribution="first_touch") == ["ads"]
        assert values(attribution="last_touch") == ["mail"]
        assert values(attribution="step", step=1) == ["$none"]
        assert values(attribution="any") == ["ads", "mail"]


class TestRetention:
    def visits(self, user: str, *days: str) -> list[Event]:
        return [Event("V", at(f"{day}T12:00"), user) for day in days]

    def table(self, found: Json) -> list[tuple[str, int, list[int]]]:
        return [(c["start"][:10], c["size"], c["returned"]) for c in found["cohorts"]]

    def test_weeks_may_start_on_sunday(self, post: Post) -> None:
        load([*self.visits("a", "2026-01-04", "2026-01-10", "2026-01-11"),
              *self.visits("b", "2026-01-10")])  # fmt: skip
        body = {
            "start_event": "V", "return_event": "V", "interval": "week", "periods": 1,
            "kind": "first_time", "from": "2026-01-04", "to": "2026-01-18",
        }  # fmt: skip

        assert self.table(post("retention", **body, week_start="sunday")) == [
            ("2026-01-04", 2, [2, 1]), ("2026-01-11", 0, [0, 0]),
        ]  # fmt: skip
        assert self.table(post("retention", **body)) == [
            ("2025-12-29", 1, [1, 1]), ("2026-01-05", 1, [1, 0]), ("2026-01-12", 0, [0, 0]),
        ]  # fmt: skip

    def test_each_kind_puts_people_into_its_cohorts(self, post: Post) -> None:
        load(
            [*self.visits("old", "2025-12-01", "2026-01-02", "2026-01-03"),
             *self.visits("new", "2026-01-02", "2026-01-04")]
        )  # fmt: skip
        body = {
            "start_event": "V", "return_event": "V", "periods": 2, "from": "2026-01-02",
            "to": "2026-01-05",
        }  # fmt: skip

        def rows(kind: str, counting: str = "exact") -> list[list[int]]:
            found = post("retention", **body, kind=kind, counting=counting)
            return [cohort["returned"] for cohort in found["cohorts"]]

        assert rows("recurring") == [[2, 1, 1], [1, 0, 0], [1, 0, 0]]
        assert rows("first_time") == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]
        assert rows("first_in_range") == [[2, 1, 1], [0, 0, 0], [0, 0, 0]]
        assert rows("first_time", "on_or_after") == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]

    def test_the_very_first_event_counts_only_if_it_passes(self, post: Post) -> None:
        load(
            [
                Event("V", at("2026-01-02"), "a", properties={"plan": "free"}),
                Event("V", at("2026-01-03"), "a", properties={"plan": "pro"}),
            ]
        )
        body = {
            "start_event": "V", "return_event": None, "periods": 1, "from": "2026-01-02",
            "to": "2026-01-04", "start_where": [{"property": "plan", "op": "=", "value": "pro"}],
        }  # fmt: skip

        assert [r[1] for r in self.table(post("retention", **body, kind="first_ever"))] == [0, 0]
        assert [r[1] for r in self.table(post("retention", **body, kind="first_time"))] == [0, 1]

    def test_months_are_those_of_the_calendar(self, post: Post) -> None:
        load(self.visits("a", "2026-01-31", "2026-02-28", "2026-03-01"))

        found = post("retention", start_event="V", return_event="V", interval="month", periods=3)

        assert self.table(found) == [("2026-01-01", 1, [1, 1, 1, 0])]


class TestTrends:
    def test_days_of_23_and_25_hours_hold_their_own_hours(self, post: Post) -> None:
        zone = "America/New_York"
        load(
            Event("A", at("2026-03-07T05:00") + n * timedelta(hours=1), "a") for n in range(24 * 4)
        )
        load_autumn = [at("2026-10-31T04:00") + n * timedelta(hours=1) for n in range(24 * 3)]

        spring = post("trend", series=[{"event": "A"}], time_zone=zone,
                      **{"from": "2026-03-07", "to": "2026-03-10"})  # fmt: skip
        load(Event("A", one, "a") for one in load_autumn)
        autumn = post("trend", series=[{"event": "A"}], time_zone=zone, interval="hour",
                      **{"from": "2026-11-01", "to": "2026-11-02"})  # fmt: skip

        assert [p["value"] for p in spring["series"][0]["points"]] == [24, 23, 24]
        assert [p["value"] for p in autumn["series"][0]["points"]] == [1] * 25

    def test_a_month_begins_in_the_zone(self, post: Post) -> None:
        load([Event("A", at("2026-02-28T23:30", "Asia/Tokyo"), "a"),
              Event("A", at("2026-03-01T00:00", "Asia/Tokyo"), "a")])  # fmt: skip
        span = {"from": "2026-02-01", "to": "2026-04-01", "interval": "month"}

        def months(zone: str) -> list[int]:
            found = post("trend", series=[{"event": "A"}], time_zone=zone, **span)
            return [point["value"] for point in found["series"][0]["points"]]

        assert months("Asia/Tokyo") == [1, 1]
        assert months("UTC") == [2, 0]

    @pytest.mark.parametrize(
        ("op", "value", "expected"),
        [
            ("=", "5", {"text"}), ("=", 5, {"number"}), ("=", True, {"boolean"}),
            ("!=", "5", {"other"}), (">", 4, {"number"}), (">", "4", {"text", "other"}),
            ("in", ["5", 5], {"text", "number"}), ("not_in", ["5", 6], {"number", "other"}),
            ("contains", "5", {"text"}), ("not_contains", "5", {"other"}), ("regex", r"^\d$", {"text"}),
            ("is_set", None, {"text", "number", "boolean", "other", "list"}),
            ("is_not_set", None, {"null", "missing"}),
        ],
    )  # fmt: skip
    def test_filters_never_hold_across_types(
        self, post: Post, op: str, value: Any, expected: set[str]
    ) -> None:
        held = {
            "text": "5",
            "number": 5,
            "boolean": True,
            "other": "x",
            "list": ["5"],
            "null": None,
        }
        load(
            [
                *(Event("A", START, name, properties={"p": one}) for name, one in held.items()),
                Event("A", START, "missing"),
            ]
        )
        where = {"property": "p", "op": op} | ({} if value is None else {"value": value})

        found = post("trend", series=[{"event": "A", "where": [where]}],
                     breakdown={"property": "$user_id"})  # fmt: skip

        assert {one["breakdown_value"] for one in found["series"]} == expected


def test_a_session_ends_after_a_longer_pause_than_thirty_minutes(post: Post) -> None:
    half = timedelta(minutes=30)
    load(
        [
            Event("A", START, "a"), Event("B", START + half, "a"), Event("C", START + 2 * half + TICK, "a"),
            *(Event(name, START + n * 3 * half, "b", session="s") for n, name in enumerate("AAB")),
        ]
    )  # fmt: skip

    found = post("paths")

    nodes = {(one["step"], one["name"]): one["users"] for one in found["nodes"]}
    assert nodes == {(1, "A"): 2, (2, "B"): 2, (1, "C"): 1}


def test_lifecycle_and_stickiness_of_one_week(post: Post) -> None:
    def days(user: str, *numbers: int) -> list[Event]:
        return [Event("V", at(f"2026-01-{day:02}T12:00"), user) for day in numbers]

    load([*days("a", 1, 5, 6, 9), *days("b", 6), *days("c", 5, 7), *days("d", 8)])
    week = {"event": "V", "from": "2026-01-05", "to": "2026-01-10"}

    lifecycle = post("lifecycle", **week)
    stickiness = post("stickiness", **week)

    found = {one["status"]: [p["value"] for p in one["points"]] for one in lifecycle["series"]}
    assert found == {
        "new": [1, 1, 0, 1, 0], "returning": [0, 1, 0, 0, 0], "resurrecting": [1, 0, 1, 0, 1],
        "dormant": [0, -1, -2, -1, -1],
    }  # fmt: skip
    assert [point["users"] for point in stickiness["points"]] == [2, 1, 1, 0, 0]
