"""The form of a funnel that runs where the rows are finds what the pass and brute force find."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.insights import engine_journeys
from analytics.insights.definitions.funnel import Funnel, parse_funnel
from analytics.insights.definitions.window import parse_asked
from analytics.insights.journeys import NEVER, Journeys, journeys
from analytics.insights.sources import funnel as source
from analytics.insights.sql.funnel_in_engine import reason_against
from portal.store import client
from portal.store.frame import Frame
from portal.store.native import Columns
from portal.store.query import Query, TimeRange
from portal.store.sources import Question, ask
from tests.insights.conftest import at
from tests.insights.events import Event, load, person_of
from tests.insights.oracles.funnel import Happened, Rules, best

START = at("2026-01-05")
LATER = at("2030-01-01")
SHAPES = ["AB", "ABC", "ABCD", "AAB", "ABB", "AAABBC", "AA"]
Asked = Callable[..., Frame]


def funnel_of(names: str, window: int, *, leave_out_open: bool = False, **more: Any) -> Funnel:
    """Return a funnel whose time goes by seconds."""
    steps = [{"event": name} for name in names]
    body = {"steps": steps, "window": {"value": window, "unit": "second"}, **more}
    return replace(parse_funnel(body, ZoneInfo("UTC")), leave_out_open=leave_out_open)


def second(number: int) -> datetime:
    return START + timedelta(seconds=number)


def read(query: Query) -> Columns:
    return client.read_columns(query).columns


def by_person(found: Journeys) -> dict[int, list[int | None]]:
    """Return the seconds at which each person took each step."""
    first = int(START.timestamp())
    return {
        int(person): [
            None if when == NEVER else when // 1_000_000 - first for when in times.tolist()
        ]
        for person, times in zip(found.person, found.times, strict=True)
    }


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, dict[str, list[tuple[int, str]]], int, int]:
    """Few instants, many events: what happens at once and again is common."""
    names = draw(st.sampled_from(SHAPES))
    dice = random.Random(draw(st.integers(0, 10**9)))
    people = {
        f"u{number}": [
            (dice.randrange(13), dice.choice(names + "X")) for _ in range(dice.randrange(1, 14))
        ]
        for number in range(60)
    }
    return names, people, draw(st.integers(1, 13)), draw(st.integers(1, 13))


@pytest.mark.usefixtures("db", "store_schema")
@settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(case=histories())
def test_the_best_attempts_are_those_of_brute_force(
    case: tuple[str, dict[str, list[tuple[int, str]]], int, int],
) -> None:
    names, people, window, end = case
    load(Event(name, second(when), user) for user, did in people.items() for when, name in did)
    funnel, asked = funnel_of(names, window), TimeRange(START, second(end))

    found = engine_journeys.journeys(funnel, asked, LATER, "person", read, named=True)

    expected = {}
    for user, did in people.items():
        happened = [
            Happened(when, frozenset(k for k, step in enumerate(names) if step == name))
            for when, name in did
        ]
        attempt = best(happened, Rules(len(names), window, end))
        if attempt is not None:
            expected[person_of(user)] = list(attempt.times)
    assert by_person(found) == expected
    passed = journeys(funnel, asked, LATER, "person", read, None)
    assert by_person(passed) == expected


@pytest.fixture
def funnel(db: None, store_schema: None, empty_cache: None) -> Asked:
    def asked(as_of: datetime = LATER, **body: Any) -> Frame:
        whole = {"from": "2026-01-01", "to": "2026-02-01", **body}
        found = parse_asked(whole, as_of, "UTC")
        return ask("funnel", Question(found.params, found.window, as_of), refresh=True)

    return asked


STEPS = [{"event": "A"}, {"event": "B"}, {"event": "C"}]
BODIES: list[dict[str, Any]] = [
    {},
    {"where": [{"property": "n", "op": ">", "value": 2}]},
    {"steps": [{"event": "A", "where": [{"property": "n", "op": "<", "value": 4}]}, *STEPS[1:]]},
    {"leave_out_open": True, "window": {"value": 9, "unit": "day"}},
    *(
        {"breakdown": {"property": "n", "limit": 3, "attribution": touch}}
        for touch in ("first_touch", "last_touch", "step", "any")
    ),
    {"breakdown": {"property": "$platform"}},
    *(
        {
            "steps": [*STEPS[:1] * 2, *STEPS[1:]],
            "breakdown": {"property": "n", "attribution": touch},
        }
        for touch in ("first_touch", "last_touch", "any")
    ),
    {"sampling": 0.5},
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: " ".join(map(str, body)) or "plain")
def test_an_answer_is_the_same_to_the_last_digit(
    funnel: Asked, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    dice = random.Random(3)
    load(
        Event(
            name, START + timedelta(hours=hour), user, platform=dice.choice(["", "web", "ios"]),
            properties={"n": n} if hour % 5 else {},
        )
        for number in range(150)
        for user in [f"u{number}"]
        for hour, name in {(dice.randrange(240), dice.choice("ABCX")) for _ in range(9)}
        for n in dice.choices(range(6), k=dice.choice([1, 1, 3]))  # of one instant, in any order
    )  # fmt: skip
    asked = {"steps": STEPS, "as_of": at("2026-01-16")} | body
    expected = funnel(**asked)
    monkeypatch.setattr(source, "finds_in_engine", lambda: True)

    found = funnel(**asked)

    assert found.extra == expected.extra
    assert found.extra["steps"][2]["users"] > 4
    assert found.meta.forms == ("shards",)
    assert not any("mask" in text for text in found.meta.sql)


def test_one_person_with_many_events_is_no_quadratic_work(
    funnel: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quadratic, this would take hours; the suite's own patience is the limit."""
    many = 100_000
    same_instant = [Event("A", START, "heavy") for _ in range(many)]
    in_a_row = [Event("A", START + timedelta(seconds=n), "busy") for n in range(many)]
    load([*same_instant, *in_a_row, Event("B", START + timedelta(days=3), "busy")])
    monkeypatch.setattr(source, "finds_in_engine", lambda: True)

    answer = funnel(steps=[{"event": "A"}, {"event": "A"}, {"event": "A"}, {"event": "B"}])

    assert [step["users"] for step in answer.extra["steps"]] == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"order": "strict"}, "its steps count in the order 'strict'"),
        ({"order": "any"}, "its steps count in the order 'any'"),
        ({"exclusions": [{"event": "X"}]}, "it excludes events"),
        ({"steps": [*STEPS[:1], {"event": "B", "optional": True}]}, "it has optional steps"),
        ({"steps": [*STEPS, {"event": "A"}]}, "it comes back to a step"),
        ({"steps": [*STEPS, {"event": None}]}, "one event may fill two different steps"),
        (
            {"steps": [*STEPS, {"event": "C", "where": [{"property": "n", "op": "=", "value": 1}]}]},
            "one event may fill two different steps",
        ),
    ],
)  # fmt: skip
def test_what_the_engine_cannot_find_is_told(
    funnel: Asked, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], reason: str
) -> None:
    load([Event("A", START, "a"), Event("B", START + timedelta(minutes=1), "a")])
    monkeypatch.setattr(source, "finds_in_engine", lambda: True)

    answer = funnel(**{"steps": STEPS, **more})

    assert answer.extra["steps"][1]["users"] == 1
    expected = f"Slow on a cluster, for all events of its steps are sent: {reason}."
    assert expected in answer.meta.warnings


def test_a_trend_of_attempts_is_not_found_in_the_engine() -> None:
    assert reason_against(funnel_of("AB", 1), has_trend=True)
    assert not reason_against(funnel_of("AB", 1), has_trend=False)
