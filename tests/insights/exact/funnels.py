"""Funnels are what trying every attempt finds: orders, exclusions, attribution, times, trend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.insights.events import Event
from tests.insights.exact.worlds import (
    PLACES,
    TICK,
    UNITS,
    WHOLE_HOURS,
    X_IS,
    Case,
    Dice,
    Json,
    Kind,
    event_of,
    joins_of,
)
from tests.insights.oracles import funnels
from tests.insights.oracles.asking import Asked, shown

NAMES = "ABCD"


def steps_of(dice: Dice) -> list[Json]:
    """Return steps that may share events; or some optional ones with events of their own."""
    if dice.chance(3):
        names = dice.draw(st.permutations(NAMES))[: dice.number(2, 4)]
        return [
            {"event": name, "optional": n > 0 and dice.chance(5)} for n, name in enumerate(names)
        ]
    return [
        {"event": dice.pick([*NAMES[:3], "A", None if n else "A"])}
        | ({"where": [dice.pick(X_IS)]} if dice.chance(2) else {})
        for n in range(dice.number(2, 4))
    ]


def exclusions_of(dice: Dice, steps: int) -> list[Json]:
    found = []
    for _ in range(dice.pick([0, 0, 1, 2])):
        after = dice.number(1, steps - 1)
        before = dice.number(after + 1, steps)
        found.append({"event": dice.pick("XXB"), "after_step": after, "before_step": before})
    return found


def breakdown_of(dice: Dice, steps: int) -> Json:
    touch = dice.pick(["first_touch", "last_touch", "step", "any"])
    return {"property": "x", "limit": dice.number(1, 4), "attribution": touch} | (
        {"step": dice.number(1, steps)} if touch == "step" else {}
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    unit = dice.pick(["minute", "hour", "day"])
    places = [p for p in PLACES if unit == "day" or p[0] in WHOLE_HOURS]
    zone, day = dice.pick(places)
    start = (
        datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
        + dice.pick([0, 0, 1]) * UNITS[unit] / 3
    )
    end = start + dice.number(1, 12) * UNITS[unit] - dice.pick([0, 0, 1]) * TICK
    steps = steps_of(dice)
    is_optional = any(step.get("optional") for step in steps)
    order = "ordered" if is_optional else dice.pick(["ordered", "ordered", "strict", "any"])
    body: Json = {
        "from": start.isoformat(), "to": end.isoformat(), "time_zone": zone, "steps": steps,
        "order": order, "window": {"value": dice.number(1, 12), "unit": unit},
    }  # fmt: skip
    body["exclusions"] = exclusions_of(dice, len(steps))
    if dice.chance(4):
        body["breakdown"] = breakdown_of(dice, len(steps))
    if dice.chance(4):
        body["trend_interval"] = unit
    if dice.chance(2):
        body["where"] = [dice.pick(X_IS)]
    if dice.chance(2):
        body["leave_out_open"] = True

    def happened(most: int) -> tuple[Event, ...]:
        times = [
            start + dice.number(-1, 14) * UNITS[unit] + dice.pick([0, 0, 0, 1]) * TICK
            for _ in range(6)
        ]
        return tuple(
            event_of(dice, dice.pick(times), "AABBCDX") for _ in range(dice.number(0, most))
        )

    as_of = dice.pick([end, end + 9 * UNITS[unit], end + UNITS["year"]])
    return Case(body, as_of, happened(10), happened(2) if dice.chance(3) else (), joins_of(dice))


def compare(asked: Asked, answer: Json) -> None:
    persons = list(funnels.Funnel(asked).persons().values())

    same_steps(answer["steps"], funnels.rows(asked, persons))
    assert answer["open"] == sum(funnels.Funnel(asked).is_open(one.best) for one in persons)
    assert sum(one["users"] for one in answer["histogram"]) == answer["steps"][-1]["users"]
    if "breakdown" in asked.body:
        groups = list(funnels.by_value(asked, persons))
        assert [shown(one["value"]) for one in answer["breakdown"]] == [
            value for value, _ in groups
        ]
        for found, (_, rows) in zip(answer["breakdown"], groups, strict=True):
            same_steps(found["steps"], rows)
    if "trend_interval" in asked.body:
        found = [
            (datetime.fromisoformat(p["t"]), p["entered"], p["converted"], p["complete"])
            for p in answer["trend"]
        ]
        assert found == funnels.trend(asked, persons)


def same_steps(found: Sequence[Json], rows: Sequence[funnels.Row]) -> None:
    assert [step["users"] for step in found] == [row.users for row in rows]
    for step, row in zip(found, rows, strict=True):
        assert (step["conversion_rate"], step["from_previous"]) == (row.of_first, row.of_previous)
        times = [step[f"{name}_seconds"] for name in ("median", "average", "p75", "p90")]
        if row.took:
            assert times == pytest.approx(
                [
                    *np.quantile(row.took, [0.5]),
                    fmean(row.took),
                    *np.quantile(row.took, [0.75, 0.9]),
                ]
            )
        else:
            assert times == [None] * 4


KIND = Kind("funnel", cases(), compare, ("columns", "rows"))
