"""Funnels asked like the API asks them, over rows in the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.insights.events import Event, load

START = datetime(2026, 1, 5, tzinfo=UTC)
STEPS = [{"event": "A"}, {"event": "B"}, {"event": "C"}]
Asked = Callable[..., Frame]


@pytest.fixture
def funnel(db: None, store_schema: None, empty_cache: None) -> Asked:
    def asked(as_of: datetime | None = None, **body: Any) -> Frame:
        moment = as_of or datetime(2030, 1, 1, tzinfo=UTC)
        whole = {"from": "2026-01-01", "to": "2026-02-01", "steps": STEPS} | body
        found = parse_asked(whole, moment, "UTC")
        return ask("funnel", Question(found.params, found.window, moment), refresh=True)

    return asked


def walk(user: str, *names: str, at: datetime = START, **more: Any) -> list[Event]:
    """Return one event a minute."""
    return [
        Event(name, at + timedelta(minutes=place), user, **more) for place, name in enumerate(names)
    ]


def users(frame: Frame) -> list[int]:
    return [step["users"] for step in frame.extra["steps"]]


def test_a_person_counts_once_per_step(funnel: Asked) -> None:
    load([*walk("a", "A", "B", "A", "B", "C"), *walk("b", "A", "C", "B"), *walk("c", "B", "C")])

    answer = funnel()

    assert users(answer) == [2, 2, 1]
    assert [step["conversion_rate"] for step in answer.extra["steps"]] == [1.0, 1.0, 0.5]
    assert [step["from_previous"] for step in answer.extra["steps"]] == [1.0, 1.0, 0.5]


def test_the_attempt_that_began_last_gives_the_times(funnel: Asked) -> None:
    load(
        [
            Event("A", START, "a"),
            Event("A", START + timedelta(seconds=5), "a"),
            Event("B", START + timedelta(seconds=10), "a"),
        ]
    )

    answer = funnel(steps=STEPS[:2])

    assert answer.extra["steps"][1]["median_seconds"] == 5
    assert answer.extra["steps"][1]["average_seconds"] == 5
    assert answer.extra["steps"][0]["median_seconds"] is None


def test_the_window_ends_inclusively_and_reaches_past_the_range(funnel: Asked) -> None:
    last = datetime(2026, 1, 31, 23, tzinfo=UTC)
    load(
        [
            Event("A", last, "a"),
            Event("B", last + timedelta(days=1), "a"),
            Event("A", last, "b"),
            Event("B", last + timedelta(days=1, microseconds=1), "b"),
            Event("A", datetime(2026, 2, 1, tzinfo=UTC), "c"),
        ]
    )

    answer = funnel(steps=STEPS[:2], window={"value": 1, "unit": "day"})

    assert users(answer) == [2, 1]


def test_events_of_nobody_never_enter(funnel: Asked) -> None:
    load(walk("", "A", "B"))

    assert users(funnel()) == [0, 0, 0]


def test_a_strict_funnel_takes_the_very_next_event_of_any_name(funnel: Asked) -> None:
    load([*walk("a", "A", "X", "B"), *walk("b", "A", "B", "C"), *walk("c", "A", "A", "B", "X")])

    assert users(funnel(order="strict")) == [3, 2, 1]


def test_in_any_order_distinct_steps_count(funnel: Asked) -> None:
    load([*walk("a", "C", "A", "B"), *walk("b", "B", "B"), *walk("c", "C", "B")])

    answer = funnel(order="any")

    assert users(answer) == [3, 2, 1]
    assert answer.extra["steps"][2]["label"] == "Any 3 of 3"


def test_an_excluded_event_voids_the_attempt_step_one_included(funnel: Asked) -> None:
    load([*walk("a", "A", "X", "B"), *walk("b", "A", "B", "X"), *walk("c", "A", "X", "A", "B")])
    between = [{"event": "X", "after_step": 1, "before_step": 2}]

    assert users(funnel(steps=STEPS[:2], exclusions=between)) == [2, 2]


def test_an_optional_step_counts_when_present_and_never_blocks(funnel: Asked) -> None:
    load([*walk("a", "A", "C"), *walk("b", "A", "B", "C"), *walk("c", "A", "B")])
    steps = [{"event": "A"}, {"event": "B", "optional": True}, {"event": "C"}]

    answer = funnel(steps=steps)

    assert users(answer) == [3, 2, 2]
    assert answer.extra["steps"][2]["from_previous"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("attribution", "expected"),
    [
        ({}, {"x": [1, 1], "$none": [1, 0]}),
        ({"attribution": "first_touch"}, {"x": [1, 1], "$none": [1, 0]}),
        ({"attribution": "last_touch"}, {"y": [1, 1], "$none": [1, 0]}),
        ({"attribution": "step", "step": 2}, {"y": [1, 1], "$none": [1, 0]}),
        ({"attribution": "any"}, {"x": [1, 1], "y": [1, 1], "$none": [1, 0]}),
    ],
)
def test_the_breakdown_follows_its_attribution(
    funnel: Asked, attribution: dict[str, Any], expected: dict[str, list[int]]
) -> None:
    load(
        [
            Event("A", START, "a", properties={"from": "x"}),
            Event("B", START + timedelta(minutes=1), "a", properties={"from": "y"}),
            Event("A", START, "b"),
        ]
    )

    answer = funnel(steps=STEPS[:2], breakdown={"property": "from", **attribution})

    groups = {g["value"]: [s["users"] for s in g["steps"]] for g in answer.extra["breakdown"]}
    assert groups == expected


def test_the_rest_of_a_breakdown_is_summed(funnel: Asked) -> None:
    load(
        [
            event
            for number in range(5)
            for user in range(number + 1)
            for event in walk(f"{number}-{user}", "A", "B", properties={"n": number})
        ]
    )

    answer = funnel(steps=STEPS[:2], breakdown={"property": "n", "limit": 2})

    groups = [(g["value"], g["steps"][0]["users"]) for g in answer.extra["breakdown"]]
    assert groups == [(4, 5), (3, 4), ("$other", 6)]


def test_the_trend_counts_a_person_once_per_bucket(funnel: Asked) -> None:
    tomorrow = START + timedelta(days=1)
    load([*walk("a", "A", "A", "B"), *walk("a", "A", at=tomorrow), *walk("b", "A")])

    answer = funnel(
        **{"from": "2026-01-05", "to": "2026-01-07"}, steps=STEPS[:2], trend_interval="day",
        window={"value": 1, "unit": "hour"},
    )  # fmt: skip

    found = [(p["t"], p["entered"], p["converted"]) for p in answer.extra["trend"]]
    assert found == [("2026-01-05T00:00:00Z", 2, 1), ("2026-01-06T00:00:00Z", 1, 0)]
    assert all(point["complete"] for point in answer.extra["trend"])


def test_open_attempts_are_marked_and_may_be_left_out(funnel: Asked) -> None:
    load([*walk("a", "A"), *walk("b", "A", at=START - timedelta(days=2))])
    asked = {
        "as_of": START + timedelta(hours=1), "to": "2026-01-06",
        "window": {"value": 1, "unit": "day"},
    }  # fmt: skip

    assert funnel(**asked).extra["open"] == 1
    assert users(funnel(**asked, leave_out_open=True)) == [1, 0, 0]


def test_one_person_with_many_events_is_no_quadratic_work(funnel: Asked) -> None:
    """Quadratic, this would take hours; the suite's own patience is the limit."""
    many = 100_000
    same_instant = [Event("A", START, "heavy") for _ in range(many)]
    in_a_row = [Event("A", START + timedelta(seconds=n), "busy") for n in range(many)]
    load([*same_instant, *in_a_row, Event("B", START + timedelta(days=3), "busy")])
    steps = [{"event": "A"}, {"event": None}, {"event": "A"}, {"event": "B"}]

    assert users(funnel(steps=steps)) == [2, 2, 2, 1]
    assert users(funnel(steps=steps, order="strict")) == [2, 2, 2, 1]
    assert users(funnel(steps=steps, order="any")) == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"steps": []}, "steps"),
        ({"steps": [{"event": "A"}]}, "steps"),
        ({"steps": [{"event": "A"}] * 30}, "steps"),
        ({"steps": [{"event": "A"}, {}]}, "steps[1].event"),
        ({"steps": [{"event": "A", "optional": True}, {"event": "B"}]}, "steps[0].optional"),
        ({"window": {"value": 0, "unit": "day"}}, "window.value"),
        ({"window": {"value": 10, "unit": "year"}}, "window.unit"),
        ({"window": {"value": 3660, "unit": "day"}}, "window.value"),
        ({"window": 7}, "window"),
        ({"order": "sideways"}, "order"),
        ({"exclusions": [{"event": "X", "after_step": 2, "before_step": 2}]},
         "exclusions[0].before_step"),
        ({"exclusions": [{"event": "X", "after_step": 1, "before_step": 9}]},
         "exclusions[0].before_step"),
        ({"breakdown": {"property": "x", "attribution": "step", "step": 9}}, "breakdown.step"),
        ({"trend_interval": "fortnight"}, "trend_interval"),
        ({"stpes": []}, "stpes"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_by_its_field(
    funnel: Asked, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        funnel(**body)

    assert caught.value.field == field


def test_a_step_never_seen_is_told_from_one_that_is_quiet(funnel: Asked) -> None:
    load([*walk("a", "A"), *walk("a", "B", at=START - timedelta(days=400))])

    warnings = funnel(window={"value": 1, "unit": "hour"}).meta.warnings

    assert "No event named 'C' was ever seen." in warnings
    assert any(text.startswith("'B' was last seen 2024-12-01") for text in warnings)
