"""Lifecycle and stickiness are what looking at every person and bucket finds."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from tests.insights.exact.worlds import (
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
from tests.insights.oracles import activity
from tests.insights.oracles.asking import Asked

INTERVALS = ("day", "week", "month", "year")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    span = span_of(dice, INTERVALS)
    body = span.body | {
        "event": dice.pick(["A", "A", None]), "week_start": dice.pick(["monday", "sunday"]),
    }  # fmt: skip
    if dice.chance(2):
        body["where"] = [dice.pick(X_IS)]
    times = instants(dice, span, UNITS[span.interval] * 2)
    events = [event_of(dice, dice.pick(times), "AAB") for _ in range(dice.number(0, 14))]
    late = [event_of(dice, dice.pick(times), "A") for _ in range(dice.pick([0, 0, 2]))]
    as_of = dice.pick([span.end, span.end + UNITS["year"], *times])
    return Case(body, max(as_of, span.start), tuple(events), tuple(late), joins_of(dice))


def same_lifecycle(asked: Asked, answer: Json) -> None:
    found = {
        line["status"]: [
            (datetime.fromisoformat(p["t"]), p["value"], p["complete"]) for p in line["points"]
        ]
        for line in answer["series"]
    }
    assert found == activity.lifecycle(asked)


def same_stickiness(asked: Asked, answer: Json) -> None:
    users = activity.stickiness(asked)

    assert [point["users"] for point in answer["points"]] == users
    assert answer["total"] == sum(users)


LIFECYCLE = Kind("lifecycle", cases(), same_lifecycle, ("columns", "rows"))
STICKINESS = Kind("stickiness", cases(), same_stickiness, ("columns", "rows"))
