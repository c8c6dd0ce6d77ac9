"""More cases that other products publish tests of: histories of a few people, told day by day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.insights.conftest import Post, at
from tests.insights.events import Event, load
from tests.insights.test_peers_cases import MINUTE, START, steps, users, walk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def on(user: str, *days: int, name: str = "V", month: int = 1) -> list[Event]:
    """Return an event at noon of each of these days of a month of 2026."""
    return [Event(name, at(f"2026-{month:02}-{day:02}T12:00"), user) for day in days]


class TestFunnels:
    def test_a_page_that_is_seen_again_and_again_is_a_step_each_time(self, post: Post) -> None:
        load([event for n in range(5) for event in walk(f"u{n}", "S" + "P" * n)])

        assert users(post("funnel", **steps("SPPPP"))) == [5, 4, 3, 2, 1]

    def test_what_came_before_the_first_step_fills_none(self, post: Post) -> None:
        load([*walk("a", "PS"), *walk("b", "PSP"), *walk("c", "PPPSPP"), *walk("d", "PPP")])

        assert users(post("funnel", **steps("SPP"))) == [3, 2, 1]

    def test_steps_of_one_event_are_told_apart_by_their_filters(self, post: Post) -> None:
        def seen(user: str, *paths: str) -> list[Event]:
            return [
                Event("P", START + n * MINUTE, user, properties={"path": path})
                for n, path in enumerate(paths)
            ]

        load([*seen("a", "/1", "/2", "/3"), *seen("b", "/1", "/3", "/2"), *seen("c", "/2", "/3")])
        body = {
            "steps": [
                {"event": "P", "where": [{"property": "path", "op": "=", "value": path}]}
                for path in ("/1", "/2", "/3")
            ]
        }

        assert users(post("funnel", **body)) == [2, 2, 1]
        assert users(post("funnel", **body, order="any")) == [3, 3, 2]
        assert users(post("funnel", **body, order="strict")) == [2, 1, 1]

    def test_each_exclusion_watches_its_own_steps(self, post: Post) -> None:
        histories = ("ABC", "AXBC", "ABYC", "ABXC", "AYBC", "AXABC", "ABCXY", "AX", "AB")
        load([event for one in histories for event in walk(one, one)])
        exclusions = [
            {"event": "X", "after_step": 1, "before_step": 2},
            {"event": "Y", "after_step": 2, "before_step": 3},
        ]

        found = post("funnel", **steps("ABC", exclusions=exclusions))

        # Void: AXBC, ABYC and AX, by every attempt that they made.
        assert users(found) == [6, 6, 5]

    def test_an_exclusion_over_all_steps_voids_in_each_gap(self, post: Post) -> None:
        load([event for one in ("ABC", "AXBC", "ABXC", "XABCX") for event in walk(one, one)])
        whole = [{"event": "X", "after_step": 1, "before_step": 3}]

        assert users(post("funnel", **steps("ABC", exclusions=whole))) == [2, 2, 2]

    def test_strict_finds_the_run_among_false_starts(self, post: Post) -> None:
        load([*walk("a", "AABABC"), *walk("b", "ABABAXBC"), *walk("c", "CBA")])

        assert users(post("funnel", **steps("ABC", order="strict"))) == [3, 2, 1]

    def test_any_order_wants_an_event_for_each_of_two_equal_steps(self, post: Post) -> None:
        load([*walk("a", "AB"), *walk("b", "BAA"), *walk("c", "BB")])

        assert users(post("funnel", **steps("AAB", order="any"))) == [3, 2, 1]

    def test_an_optional_step_never_blocks_and_counts_only_between(self, post: Post) -> None:
        load([*walk("a", "AC"), *walk("b", "ABC"), *walk("c", "BAC"), *walk("d", "ACB")])
        body = {"steps": [{"event": "A"}, {"event": "B", "optional": True}, {"event": "C"}]}

        assert users(post("funnel", **body)) == [4, 1, 4]

    def test_times_are_from_the_step_before_over_those_who_took_it(self, post: Post) -> None:
        load(
            Event(name, START + hours * HOUR, user)
            for user, times in {"a": (0, 1, 3), "b": (0, 3, 4), "c": (0, 5)}.items()
            for name, hours in zip("ABC", times, strict=False)
        )

        found = post("funnel", **steps("ABC"))["steps"]

        assert [one["median_seconds"] for one in found] == [None, 3 * 3600, 1.5 * 3600]
        assert [one["average_seconds"] for one in found] == [None, 3 * 3600, 1.5 * 3600]

    def test_a_trend_counts_a_person_once_a_day_by_the_attempts_of_that_day(
        self, post: Post
    ) -> None:
        def walks(user: str, **days: str) -> list[Event]:
            return [
                Event(one.name, one.at + (int(day[1:]) - 5) * DAY, user)
                for day, names in days.items()
                for one in walk(user, names)
            ]

        load(
            [*walks("twice", d5="ABAB"), *walks("reverse", d5="BA"), *walks("both", d5="AB", d6="A"),
             *walks("later", d5="A", d6="AB"), *walks("slow", d5="A", d8="B")]
        )  # fmt: skip
        body = steps("AB", window={"value": 2, "unit": "day"}, trend_interval="day")
        span = {"from": "2026-01-05", "to": "2026-01-09"}

        found = post("funnel", **body, **span)

        assert [(p["entered"], p["converted"]) for p in found["trend"]] == [
            (5, 3), (2, 1), (0, 0), (0, 0),
        ]  # fmt: skip
        assert users(found) == [5, 3]


class TestRetention:
    BODY = {"start_event": "V", "return_event": "V", "from": "2026-01-01", "to": "2026-01-08"}

    def rows(self, found: dict[str, Any]) -> list[list[int]]:
        return [cohort["returned"] for cohort in found["cohorts"]]

    def test_two_people_day_by_day(self, post: Post) -> None:
        load([*on("a", 1, 2, 3, 6), *on("b", 2, 3, 4, 7)])

        assert self.rows(post("retention", **self.BODY, periods=6)) == [
            [1, 1, 1, 0, 0, 1, 0], [2, 2, 1, 0, 1, 1, 0], [2, 1, 0, 1, 1, 0, 0], [1, 0, 0, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0],
        ]  # fmt: skip

    def test_a_day_is_one_of_the_zone(self, post: Post) -> None:
        load([Event("V", at("2026-01-02T07:30"), "a"), Event("V", at("2026-01-02T08:30"), "a")])

        def sizes(zone: str) -> list[int]:
            found = post("retention", **self.BODY, periods=1, time_zone=zone)
            return [cohort["size"] for cohort in found["cohorts"]][:2]

        assert sizes("UTC") == [0, 1]
        assert sizes("America/Los_Angeles") == [1, 1]

    def test_returns_may_be_another_event_and_several(self, post: Post) -> None:
        load(
            [
                *on("a", 1),
                *on("a", 2, name="R"),
                *on("b", 1),
                *on("b", 2, 2, name="R"),
                *on("c", 2, name="R"),
            ]
        )

        def second(**more: Any) -> int:
            body = self.BODY | {"return_event": "R", "periods": 1} | more
            return self.rows(post("retention", **body))[0][1]

        assert second() == 2
        assert second(min_occurrences=2) == 1

    def test_a_first_time_needs_no_event_of_the_range_before(self, post: Post) -> None:
        load([*on("old", 31, month=1), *on("old", 2, month=2), *on("new", 2, 4, month=2)])
        february = self.BODY | {"from": "2026-02-01", "to": "2026-02-05", "periods": 2}

        assert self.rows(post("retention", **february, kind="first_time")) == [
            [0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0],
        ]  # fmt: skip


class TestActivity:
    def test_lifecycle_of_four_people_by_day(self, post: Post) -> None:
        load([*on("a", 11, 12, 13, 15, 17, 19), *on("b", 9, 12), *on("c", 12), *on("d", 15)])

        found = post("lifecycle", event="V", **{"from": "2026-01-12", "to": "2026-01-20"})

        assert self.counted(found) == {
            "new": [1, 0, 0, 1, 0, 0, 0, 0], "returning": [1, 1, 0, 0, 0, 0, 0, 0],
            "resurrecting": [1, 0, 0, 1, 0, 1, 0, 1], "dormant": [0, -2, -1, 0, -2, 0, -1, 0],
        }  # fmt: skip

    def test_lifecycle_of_four_people_by_week(self, post: Post) -> None:
        load(
            [*on("a", 1, 3, 9, 13, 26, month=2), *on("a", 2, month=3), *on("b", 11, 18, month=2),
             *on("c", 12, month=2), *on("d", 27, month=2)]
        )  # fmt: skip

        found = post("lifecycle", event="V", interval="week",
                     **{"from": "2026-02-02", "to": "2026-03-16"})  # fmt: skip

        assert self.counted(found) == {
            "new": [0, 2, 0, 1, 0, 0], "returning": [1, 1, 1, 0, 1, 0],
            "resurrecting": [0, 0, 0, 1, 0, 0], "dormant": [0, 0, -2, -1, -1, -1],
        }  # fmt: skip

    def counted(self, found: dict[str, Any]) -> dict[str, list[int]]:
        return {one["status"]: [p["value"] for p in one["points"]] for one in found["series"]}

    def test_stickiness_counts_days_not_events(self, post: Post) -> None:
        load([*on("a", 1, 1, 1), *on("b", 1, 2), *on("c", 1, 2, 3), *on("d", 1, 5), *on("e", 31)])

        found = post("stickiness", event="V", **{"from": "2026-01-01", "to": "2026-01-09"})

        assert [point["users"] for point in found["points"]] == [1, 2, 1, 0, 0, 0, 0, 0]

    def test_stickiness_by_week_counts_weeks(self, post: Post) -> None:
        load([*on("a", 5, 6, 7), *on("b", 5, 12), *on("c", 5, 12, 20)])

        found = post("stickiness", event="V", interval="week",
                     **{"from": "2026-01-05", "to": "2026-01-26"})  # fmt: skip

        assert [point["users"] for point in found["points"]] == [1, 1, 1]


class TestTrends:
    def values(self, found: dict[str, Any]) -> list[Any]:
        return [point["value"] for point in found["series"][0]["points"]]

    def test_weekly_active_users_are_those_of_the_seven_days_that_end_with_each(
        self, post: Post
    ) -> None:
        load([*on("a", 5), *on("b", 8), *on("old", 3)])
        body = {"series": [{"event": "V", "math": "wau"}], "from": "2026-01-05", "to": "2026-01-16"}

        assert self.values(post("trend", **body)) == [2, 2, 2, 3, 3, 2, 2, 1, 1, 1, 0]

    def test_an_average_a_user_is_of_those_who_did_it(self, post: Post) -> None:
        load([*on("a", 5, 5, 5), *on("b", 5), *on("b", 6), *on("c", 7, name="W")])
        body = {
            "series": [{"event": "V", "math": "per_user_average"}], "from": "2026-01-05",
            "to": "2026-01-08",
        }  # fmt: skip

        found = post("trend", **body)

        assert self.values(found) == [2, 1, None]
        assert found["series"][0]["total"] == 2.5

    def test_a_formula_divides_point_by_point_and_the_total_by_the_total(self, post: Post) -> None:
        load([*on("a", 5, 5, 6), *on("b", 5, name="W"), *on("b", 7, 7, name="W")])
        body = {
            "series": [{"event": "W"}, {"event": "V"}], "formula": "A/B", "from": "2026-01-05",
            "to": "2026-01-08",
        }  # fmt: skip

        found = post("trend", **body)

        assert self.values(found) == [0.5, 0, None]
        assert found["series"][0]["total"] == 1

    def test_people_with_two_values_are_one_in_the_rest(self, post: Post) -> None:
        load(
            Event("V", START, user, properties={"plan": plan})
            for user, plans in {"a": "xyz", "b": "x", "c": "xz", "d": "yz"}.items()
            for plan in plans
        )
        series = [{"event": "V", "math": "unique_users"}]

        found = post("trend", series=series, breakdown={"property": "plan", "limit": 1})

        totals = {one["breakdown_value"]: one["total"] for one in found["series"]}
        assert totals == {"x": 3, "$other": 3}  # y and z are of a, c and d


class TestPathsAndSessions:
    def test_paths_go_on_from_the_first_start_and_back_from_the_last_end(self, post: Post) -> None:
        load([*walk("a", "ABBCBD"), *walk("b", "CBD")])

        def links(**more: Any) -> dict[tuple[int, str, str], int]:
            return {
                (one["from"]["step"], one["from"]["name"], one["to"]["name"]): one["users"]
                for one in post("paths", **more)["links"]
            }

        assert links(start="B") == {
            (1, "B", "C"): 1, (2, "C", "B"): 1, (3, "B", "D"): 1, (1, "B", "D"): 1,
        }  # fmt: skip
        assert links(end="B", steps=3) == {(2, "C", "B"): 2, (1, "B", "C"): 1}

    def test_sessions_are_counted_whole_where_they_begin(self, post: Post) -> None:
        late = at("2026-01-05T23:50")
        load(
            [Event("A", late, "a"), Event("B", late + 20 * MINUTE, "a"), Event("A", late + HOUR, "a"),
             *walk("b", "B")]
        )  # fmt: skip

        found = post("sessions", **{"from": "2026-01-05", "to": "2026-01-07"})

        points = found["series"][0]["points"]
        assert [(p["sessions"], p["people"], p["average_seconds"]) for p in points] == [
            (2, 2, 600), (1, 1, 0),
        ]  # fmt: skip
        assert found["total"]["sessions"] == 3
        assert found["total"]["people"] == 2
        assert found["total"]["bounce_share"] == pytest.approx(2 / 3)
        assert [(one["name"], one["sessions"]) for one in found["entries"]] == [("A", 2), ("B", 1)]
