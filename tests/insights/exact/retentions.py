"""Retention is what one look at all events for every person, cohort and period finds."""

from __future__ import annotations

from collections.abc import Sequence
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
from tests.insights.oracles import returns
from tests.insights.oracles.asking import Asked, shown

INTERVALS = ("day", "day", "week", "month", "year")
KINDS = ("recurring", "first_time", "first_ever", "first_in_range")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    span = span_of(dice, INTERVALS)
    body: Json = span.body | {
        "start_event": dice.pick(["A", "A", None]), "return_event": dice.pick(["A", "B", None]),
        "periods": dice.number(1, 5), "kind": dice.pick(KINDS),
        "counting": dice.pick(["exact", "on_or_after"]), "min_occurrences": dice.pick([1, 1, 2]),
        "week_start": dice.pick(["monday", "sunday"]),
    }  # fmt: skip
    for name in ("where", "start_where", "return_where"):
        if dice.chance(2):
            body[name] = [dice.pick(X_IS)]
    if dice.chance(3):
        body["breakdown"] = {"property": "x", "limit": dice.number(1, 3)}
    unit = UNITS[span.interval]
    times = [at + dice.pick([0, 0, 1, 2]) * unit for at in instants(dice, span, unit)]
    events = tuple(event_of(dice, dice.pick(times), "AAB") for _ in range(dice.number(0, 14)))
    late = tuple(event_of(dice, dice.pick(times), "AB") for _ in range(dice.pick([0, 0, 2])))
    as_of = max(dice.pick([span.end, span.end + 2 * unit, span.end + 9 * unit, *times]), span.start)
    return Case(body, as_of, events, late, joins_of(dice))


def compare(asked: Asked, answer: Json) -> None:
    same_table(answer, returns.answer(asked))
    if "breakdown" in asked.body:
        groups = list(returns.by_value(asked))
        assert [shown(one["value"]) for one in answer["breakdown"]] == [
            value for value, _ in groups
        ]
        for found, (_, table) in zip(answer["breakdown"], groups, strict=True):
            same_table(found, table)


def same_table(found: Json, table: Sequence[returns.Cohort]) -> None:
    rows = [
        returns.Cohort(
            datetime.fromisoformat(one["start"]), one["size"], one["returned"], one["complete"]
        )
        for one in found["cohorts"]
    ]
    assert rows == table
    assert found["average"] == returns.average(table)


KIND = Kind("retention", cases(), compare, ("columns", "rows"))
