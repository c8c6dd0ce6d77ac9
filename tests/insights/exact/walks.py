"""Paths are what walking every session event by event finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.insights.events import Event
from tests.insights.exact.worlds import (
    TICK,
    X_IS,
    Case,
    Dice,
    Json,
    Kind,
    event_of,
    joins_of,
    span_of,
)
from tests.insights.oracles import paths
from tests.insights.oracles.asking import Asked, shown


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    span = span_of(dice, ("day",), most=1)
    body: Json = span.body | {
        "steps": dice.number(2, 5), "session_gap_minutes": dice.pick([1, 5, 30]),
        "min_users": dice.pick([1, 1, 2]),
    }  # fmt: skip
    del body["interval"]
    if dice.chance(3):
        body["by"] = {"property": "x"}
    else:
        body |= {"start": dice.pick("AB")} if dice.chance(4) else {}
        body |= {"end": dice.pick("BC")} if dice.chance(4) else {}
    if dice.chance(2):
        body["where"] = [dice.pick(X_IS)]
    gap = timedelta(minutes=body["session_gap_minutes"])

    def visited(number: int) -> Event:
        pauses = dice.pick([0, number, number]) * dice.pick([gap, gap + TICK, gap / 7])
        found = event_of(dice, span.start + pauses - dice.pick([0, 0, 1]) * gap, "AABBCD")
        return replace(found, session=dice.pick(["", "", "s", "t"]))

    events = tuple(visited(number) for number in range(dice.number(0, 14)))
    late = tuple(visited(number) for number in range(dice.pick([0, 0, 2])))
    return Case(body, span.end, events, late, joins_of(dice))


def compare(asked: Asked, answer: Json) -> None:
    nodes, links = paths.answer(asked)

    assert {(n["step"], shown(n["name"])): n["users"] for n in answer["nodes"]} == nodes
    found = {
        (one["from"]["step"], shown(one["from"]["name"]), shown(one["to"]["name"])): (
            one["users"], one["median_seconds"],
        )
        for one in answer["links"]
    }  # fmt: skip
    assert found == {key: (users, close(took)) for key, (users, took) in links.items()}


def close(seconds: float) -> Any:
    return pytest.approx(seconds, abs=1e-6)


KIND = Kind("paths", cases(), compare, ("columns", "rows"))
