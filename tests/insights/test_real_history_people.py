"""Twelve years of real events: funnels, retention, lifecycle and stickiness agree with the oracles."""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest

from analytics.insights.definitions.window import parse_asked
from portal.store.sources import Question, sources
from tests.insights.events import load
from tests.insights.oracles import activity, funnels, returns
from tests.insights.oracles.asking import Asked
from tests.insights.oracles.world import World
from tests.insights.test_real_history import FILE, SPAN, read

FUNNELS = {
    "tested and noted": (["commit", "test_changed", "changelog_added"], 30),
    "into the core": (["docs_changed", "module_changed", "core_changed"], 90),
}
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(not FILE.exists(), reason="the real history is not on this machine"),
]


@pytest.fixture(scope="module")
def world(store_schema: None) -> World:
    with gzip.open(FILE) as lines:
        return World(load(read(orjson.loads(line)) for line in lines))


def answer(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    found = parse_asked(body, AS_OF, "UTC")
    return sources.get(kind).run(Question(found.params, found.window, AS_OF)).extra


def about(world: World, names: Sequence[str], body: dict[str, Any]) -> Asked:
    """Ask about the events of these names only, which is quicker and the same."""
    return Asked(World([one for one in world.events if one.name in names]), body, AS_OF)


@pytest.mark.parametrize("name", FUNNELS)
def test_a_funnel_agrees_in_people_and_times(world: World, name: str) -> None:
    names, days = FUNNELS[name]
    body = SPAN | {
        "steps": [{"event": one} for one in names], "window": {"value": days, "unit": "day"},
    }  # fmt: skip

    found = answer("funnel", body)["steps"]

    best = [one for events in by_user(world, names).values() if (one := attempt(events, days))]
    for place, step in enumerate(found):
        reached = [times for times in best if len(times) > place]
        assert step["users"] == len(reached)
        assert step["conversion_rate"] == len(reached) / len(best)
        if place:
            took = [(times[place] - times[place - 1]).total_seconds() for times in reached]
            assert step["median_seconds"] == pytest.approx(np.median(took))
            assert step["average_seconds"] == pytest.approx(np.mean(took))


def by_user(world: World, names: Sequence[str]) -> dict[str, list[list[datetime]]]:
    """Return each user's times of each name, in order."""
    people: dict[str, list[list[datetime]]] = {}
    for event in world.events:
        if event.name in names:
            people.setdefault(event.user, [[] for _ in names])[names.index(event.name)].append(
                event.at
            )
    return people


def attempt(times: list[list[datetime]], days: int) -> list[datetime] | None:
    """Try every first step; keep the furthest attempt, then who got there first, then began last."""
    tried = []
    for start in times[0]:
        taken = [start]
        for later in times[1:]:
            place = bisect_left(later, taken[-1])
            if place == len(later) or later[place] > start + timedelta(days=days):
                break
            taken.append(later[place])
        tried.append((-len(taken), taken[-1], -start.timestamp(), taken))
    return min(tried)[3] if tried else None


@pytest.mark.parametrize(("interval", "periods"), [("month", 12), ("year", 11)])
def test_retention_since_the_first_commit_agrees(world: World, interval: str, periods: int) -> None:
    body = SPAN | {
        "start_event": "commit", "return_event": "commit", "kind": "first_ever",
        "interval": interval, "periods": periods,
    }  # fmt: skip

    found = answer("retention", body)

    expected = returns.answer(about(world, ["commit"], body))
    assert [(one["size"], one["returned"], one["complete"]) for one in found["cohorts"]] == [
        (one.size, one.returned, one.complete) for one in expected
    ]
    assert found["average"] == returns.average(expected)


@pytest.mark.parametrize("interval", ["month", "year"])
def test_the_lifecycle_of_committers_agrees(world: World, interval: str) -> None:
    body = SPAN | {"event": "commit", "interval": interval}

    found = answer("lifecycle", body)["series"]

    assert {
        line["status"]: [
            (datetime.fromisoformat(p["t"]), p["value"], p["complete"]) for p in line["points"]
        ]
        for line in found
    } == activity.lifecycle(about(world, ["commit"], body))


@pytest.mark.parametrize("interval", ["week", "month", "year"])
def test_the_stickiness_of_committers_agrees(world: World, interval: str) -> None:
    body = SPAN | {"event": "commit", "interval": interval, "time_zone": "America/New_York"}

    found = answer("stickiness", body)

    assert [one["users"] for one in found["points"]] == activity.stickiness(
        about(world, ["commit"], body)
    )


def test_a_funnel_s_trend_and_breakdown_agree(world: World) -> None:
    names, days = FUNNELS["into the core"]
    body = SPAN | {
        "from": "2020-01-01", "to": "2020-07-01", "steps": [{"event": one} for one in names],
        "window": {"value": days, "unit": "day"}, "trend_interval": "month",
        "breakdown": {"property": "org", "attribution": "any", "limit": 4},
    }  # fmt: skip

    found = answer("funnel", body)

    few = about(world, names, body)
    persons = list(funnels.Funnel(few).persons().values())
    assert [(p["entered"], p["converted"]) for p in found["trend"]] == [
        (entered, converted) for _, entered, converted, _ in funnels.trend(few, persons)
    ]
