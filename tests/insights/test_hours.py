"""Counts that the engine keeps by hour give the answers that its events give."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from analytics.insights import fast
from portal.store import client
from portal.store.query import Query
from tests.insights.conftest import Ask
from tests.insights.events import Event, columns, load
from tests.insights.test_kept_rows import FIRST

_token = count(1)


def some_events(chance: random.Random, size: int) -> list[Event]:
    return [
        Event(
            chance.choice("ab"),
            FIRST + timedelta(minutes=chance.randint(0, 20 * 24 * 4) * 15),
            chance.choice(("", "u1", "u2")),
            platform=chance.choice(("", "web", "ios", "android")),
            version=chance.choice(("1", "2")),
        )
        for _ in range(size)
    ]


def questions(chance: random.Random) -> list[dict[str, Any]]:
    start = FIRST + timedelta(days=chance.randint(0, 9), minutes=chance.choice((0, 0, 60, 17)))
    lasts = timedelta(days=chance.randint(0, 12), minutes=chance.choice((0, 1, 15, 61)))
    body: dict[str, Any] = {
        "from": start.isoformat(),
        "to": (start + max(lasts, timedelta(minutes=1))).isoformat(),
        "time_zone": chance.choice(("UTC", "Europe/Berlin", "Asia/Kolkata")),
        "interval": chance.choice(("minute", "hour", "day", "week", "month")),
        "series": [{"event": chance.choice(("a", "b", "never", None))}],
    }
    if body["interval"] == "minute":
        body["to"] = (start + timedelta(hours=20)).isoformat()
    with_breakdown = body | {
        "breakdown": {"property": chance.choice(("$platform", "$version")), "limit": 2},
        "compare": "previous_period",
    }
    pair = [{"event": "a"}, {"event": "b"}]
    return [body, with_breakdown, with_breakdown | {"series": pair, "formula": "A/B"}]


@pytest.mark.parametrize("seed", range(4))
def test_counts_by_hour_are_counts_of_events(trend: Ask, seed: int) -> None:
    chance = random.Random(seed)
    load(some_events(chance, chance.choice((3, 300))))

    for _ in range(12):
        for body in questions(chance):
            with fast.only():
                raw = trend(**body).extra
            with fast.only("rollups"):
                assert trend(**body).extra == raw, body
        late = some_events(chance, 3)
        client.insert("events", columns(late), token=f"hours-{seed}-{next(_token)}")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("clock", ["", "T09:41:07"])
def test_a_trend_by_platform_reads_the_counts(trend: Ask, zone: str, clock: str) -> None:
    load(some_events(random.Random(1), 5_000))
    body = {
        "from": f"2026-03-20{clock}", "to": f"2026-04-11{clock}", "time_zone": zone,
        "series": [{"event": "a"}], "breakdown": {"property": "$platform"},
    }  # fmt: skip

    with fast.only("rollups"):
        asked = trend(**body)

    query = asked.meta.sql[0].split("\n--")[0]
    params = {
        line[3:].split(" = ")[0]: eval(line.split(" = ")[1])  # noqa: S307  # what readable() wrote
        for line in asked.meta.sql[0].splitlines()
        if line.startswith("-- ")
    }
    plan = client.run(Query(f"EXPLAIN {query}", params)).columns[0]
    assert any("hours_platform" in line for line in plan), plan
