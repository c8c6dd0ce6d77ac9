"""Sessions are what cutting every person's events finds: counted whole, chosen, broken down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from datetime import datetime, timedelta

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
    instants,
    joins_of,
    span_of,
)
from tests.insights.oracles import sessions
from tests.insights.oracles.asking import Asked, shown

MEASURES = (
    "sessions", "people", "average_seconds", "median_seconds", "events_per_session", "bounce_share",
)  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    span = span_of(dice, ("hour", "day", "week"), most=3)
    body: Json = span.body | {
        "session_gap_minutes": dice.pick([1, 5, 30, 1440]),
        "week_start": dice.pick(["monday", "sunday"]),
    }  # fmt: skip
    if dice.chance(4):
        body["event"] = dice.pick("AB")
    if dice.chance(3):
        body["where"] = [dice.pick(X_IS)]
    if dice.chance(4):
        body["breakdown"] = {"property": "x", "limit": dice.number(1, 3)}
    gap = timedelta(minutes=body["session_gap_minutes"])
    times = instants(dice, span, gap, 4)

    def visited() -> Event:
        pauses = dice.pick([0, 1, 1, 2]) * dice.pick([gap, gap + TICK, gap / 7])
        found = event_of(dice, dice.pick(times) + pauses, "AABC")
        return replace(found, session=dice.pick(["", "", "s", "t"]))

    events = tuple(visited() for _ in range(dice.number(0, 14)))
    late = tuple(visited() for _ in range(dice.pick([0, 0, 2])))
    as_of = dice.pick([span.end, span.end + gap, span.end + gap - TICK, *times])
    return Case(body, max(as_of, span.start), events, late, joins_of(dice))


def compare(asked: Asked, answer: Json) -> None:
    expected = sessions.answer(asked)

    same(answer["total"], expected.total)
    for name, rows in (("entries", expected.entries), ("exits", expected.exits)):
        found = [
            (one["name"], one["sessions"], one["share"], one["bounce_share"])
            for one in answer[name]
        ]
        assert found == rows
    assert [label(one) for one in answer["series"]] == [line.value for line in expected.lines]
    for one, line in zip(answer["series"], expected.lines, strict=True):
        same_points(one["points"], line.points)
        same(one["total"], line.total)


def label(found: Json) -> object:
    return shown(found["breakdown_value"]) if "breakdown_value" in found else None


def same_points(
    found: Sequence[Json], points: Sequence[tuple[datetime, sessions.Measured, bool]]
) -> None:
    times = [(datetime.fromisoformat(point["t"]), point["complete"]) for point in found]
    assert times == [(begin, is_over) for begin, _, is_over in points]
    for point, (_, wanted, _) in zip(found, points, strict=True):
        same(point, wanted)


def same(found: Json, wanted: sessions.Measured) -> None:
    values = [found[name] for name in MEASURES]
    assert values == [
        value if value is None else pytest.approx(value, abs=1e-6) for value in astuple(wanted)
    ]


KIND = Kind("sessions", cases(), compare, ("columns", "rows"))
