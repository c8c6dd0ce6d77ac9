"""Trends are what the definitions say: every math, interval, zone, breakdown, formula, comparison."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.insights.events import Event
from tests.insights.exact.worlds import (
    TICK,
    UNITS,
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
from tests.insights.oracles import trend
from tests.insights.oracles.asking import Asked, shown

INTERVALS = ("hour", "day", "day", "week", "month", "year")
OVER_VALUES = ("sum", "avg", "min", "max", "median", "p90", "p95", "p99")
MATHS = (
    "total", "unique_users", "unique_users", "unique_sessions", "per_user_average", "wau", "mau",
    *OVER_VALUES,
)  # fmt: skip
FORMULAS = ("A/B", "A*100/B", "A-B", "(A+B)/A", "A/(B-B)")


def series_of(dice: Dice) -> Json:
    one: Json = {"event": dice.pick(["A", "B", None]), "math": dice.pick(MATHS)}
    if one["math"] in OVER_VALUES:
        one["property"] = "x"
    if dice.chance(2):
        one["where"] = [dice.pick(X_IS)]
    return one


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    span = span_of(dice, INTERVALS)
    formula = dice.pick([*[None] * 4, *FORMULAS])
    body = span.body | {"series": [series_of(dice) for _ in range(2 if formula else 1)]}
    if formula:
        body["formula"] = formula
    if dice.chance(4):
        dimension = dice.pick([{"property": "x"}, {"property": "x"}, {"property": "$session_id"}])
        body["breakdown"] = dimension | {"limit": dice.number(1, 3)}
    if dice.chance(2):
        body["compare"] = "previous_period"
    if dice.chance(2):
        body["where"] = [dice.pick(X_IS)]
    around = max(UNITS[span.interval] * 2, timedelta(days=dice.pick([0, 8, 31])))
    times = instants(dice, span, around)
    events = [
        in_session(dice, event_of(dice, dice.pick(times), "AAB")) for _ in range(dice.number(0, 14))
    ]
    late = [event_of(dice, dice.pick(times), "AB") for _ in range(dice.pick([0, 0, 2]))]
    as_of = dice.pick([span.end, span.end + timedelta(days=400), dice.pick(times)])
    return Case(body, max(as_of, span.start), tuple(events), tuple(late), joins_of(dice))


def in_session(dice: Dice, event: Event) -> Event:
    """Give an event a session, or let it come as long after another as a session's gap allows."""
    later = dice.pick([0, 0, 1]) * timedelta(minutes=30) + dice.pick([0, 1]) * TICK
    return replace(event, session=dice.pick(["", "", "s", "t"]), at=event.at + later)


def compare(asked: Asked, answer: Json) -> None:
    expected = trend.answer(asked)

    assert [label(one) for one in answer["series"]] == [one.value for one in expected]
    for found, line in zip(answer["series"], expected, strict=True):
        points = [(datetime.fromisoformat(p["t"]), p["complete"]) for p in found["points"]]
        assert points == [(begin, is_over) for begin, _, is_over in line.points]
        values = [p["value"] for p in found["points"]]
        for value, (begin, wanted, _) in zip(values, line.points, strict=True):
            assert alike(value, wanted), f"{value} is not {wanted} at {begin}: {found}"
        assert alike(found["total"], line.total), f"{found['total']} is not {line.total}: {found}"


def label(found: Json) -> Any:
    return shown(found["breakdown_value"]) if "breakdown_value" in found else None


def alike(value: Any, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is wanted
    return math.isclose(value, wanted, rel_tol=1e-12)


KIND = Kind("trend", cases(), compare, ("columns", "rollups", "rows"))
