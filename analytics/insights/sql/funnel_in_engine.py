"""Each person's best attempt at a funnel, found by the engine: for clusters, where rows stay. Pure.

The rule is that of passes/funnel.py, for funnels in which it comes down to one order of events: steps
one after the other, none optional, nothing excluded, and no event that could fill two different
steps. Then of all attempts only the one that began last matters at any moment, for whatever it
reaches, it reaches as early as any before it that is still open.

So for each step an array says, event by event, when the attempt began that got there and began
last; each follows from that of the step before by one look at every event: time linear in a
person's events, however many of them happened at one instant.
"""

from __future__ import annotations

from datetime import datetime

from analytics.insights.definitions.filters import Filter
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.definitions.trend import Series
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.funnel import Slice, of_names, of_slice, reach
from analytics.insights.sql.params import Params, microseconds
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.trend import Source, events_of, key_by
from portal.store.query import UNITED, Query, TimeRange, added

# A step's number and the event's time share 64 bits, so that one sort orders both.
STEP_BITS = 32
# Longer before any event than any window.
LONG_AGO = -(2**61)
NEVER = -1  # of a span: the step was not taken


def kinds(funnel: Funnel) -> list[int]:
    """Return for each step the first step that takes the same events."""
    told = [(step.event, step.where) for step in funnel.steps]
    return [told.index(one) for one in told]


def reason_against(funnel: Funnel, *, has_trend: bool) -> str:
    """Say why a funnel's rows must leave the engine; empty when they need not."""
    found = kinds(funnel)
    events = [funnel.steps[place].event for place in sorted(set(found))]
    reasons = {
        f"its steps count in the order {funnel.order!r}": funnel.order != "ordered",
        "it has optional steps": any(step.is_optional for step in funnel.steps),
        "it excludes events": bool(funnel.exclusions),
        "it is asked for by when attempts began": has_trend,
        "one event may fill two different steps": None in events or len(events) != len(set(events)),
        "it comes back to a step": found != sorted(found),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def journeys(funnel: Funnel, window: TimeRange, as_of: datetime, person: str, part: Slice) -> Query:
    """Count the best attempts of all persons who entered, alike ones together.

    Columns: for each step after the first `span1`, … (microseconds since the step before, NEVER if
    it was not taken), with a breakdown `key0`, … (typed text of each step's event), `is_open`, and
    `people`.
    """
    params = Params()
    steps = range(len(funnel.steps))
    by = [f"span{step}" for step in steps[1:]]
    by += [f"key{step}" for step in steps] if funnel.attribution else []
    by.append("is_open")
    sql = f"""
SELECT {", ".join(by)}, count() AS people
FROM (
{_attempts(funnel, window, as_of, person, part, params)}
)
GROUP BY {", ".join(by)}"""
    return Query(sql.strip(), params.values, heavy=True, sharded=added("people", by=by))


def named_journeys(
    funnel: Funnel, window: TimeRange, as_of: datetime, person: str, part: Slice
) -> Query:
    """Return each person's best attempt: `who`, `start` (microseconds), and as `journeys`."""
    params = Params()
    sql = f"SELECT * FROM (\n{_attempts(funnel, window, as_of, person, part, params)}\n)"
    return Query(sql, params.values, heavy=True, sharded=UNITED)


def _attempts(
    funnel: Funnel, window: TimeRange, as_of: datetime, person: str, part: Slice, params: Params
) -> str:
    steps = range(len(funnel.steps))
    closed = params.integer(microseconds(as_of) - _window_us(funnel))
    columns = ["who", "start"]
    columns += [
        f"if(i{step} > 0, ts[i{step}] - ts[i{step - 1}], {NEVER}) AS span{step}"
        for step in steps[1:]
    ]
    if funnel.attribution:
        columns += [
            f"toLowCardinality(if(i{step} > 0, keys[i{step}], '')) AS key{step}" for step in steps
        ]
    columns.append(f"start > {closed} AS is_open")
    return f"""SELECT {", ".join(columns)}
FROM (
    SELECT *, {_chosen(funnel)}
    FROM (
        SELECT who, ts, steps{", keys" if funnel.attribution else ""}, {_levels(funnel, window, as_of, params)}
        FROM (
{_people(funnel, window, person, part, params)}
        )
    )
    WHERE far > 0
)"""


def _window_us(funnel: Funnel) -> int:
    return int(funnel.window.total_seconds()) * 1_000_000


def _levels(funnel: Funnel, window: TimeRange, as_of: datetime, params: Params) -> str:
    """Return the columns that say how far a person got, and with which attempt.

    `b{k}` holds per event when the attempt began that got to step k and began last, `first{k}` the
    place of the event with which the first attempt got there.
    """
    found = kinds(funnel)
    span = params.integer(_window_us(funnel))
    begins = [f"s = {found[0] + 1}", f"t < {params.integer(microseconds(window.end))}"]
    if funnel.leave_out_open:
        begins.append(f"t <= {params.integer(microseconds(as_of) - _window_us(funnel))}")
    columns = [
        f"arrayMap((t, s) -> {' AND '.join(begins)}, ts, steps) AS ok0",
        "arrayFill((t, ok) -> ok, ts, ok0) AS b0",
        "indexOf(ok0, 1) AS first0",
    ]
    for step in range(1, len(found)):
        columns += [
            # Of the events before: one event fills one step.
            f"arrayPushFront(arrayPopBack(b{step - 1}), {LONG_AGO}) AS before{step}",
            f"arrayMap((t, s, b) -> s = {found[step] + 1} AND t - b <= {span}, ts, steps, before{step})"
            f" AS ok{step}",
            f"arrayFill((b, ok) -> ok, before{step}, ok{step}) AS b{step}",
            f"indexOf(ok{step}, 1) AS first{step}",
        ]
    far = " + ".join(f"(first{step} > 0)" for step in range(len(found)))
    # Of the events of one instant the last: it may have been got to by a later attempt.
    starts = ", ".join(
        f"far = {step + 1}, before{step}[arrayLastIndex((t, ok) -> ok AND t = ts[first{step}], ts, ok{step})]"
        for step in range(1, len(found))
    )
    columns += [f"{far} AS far", f"multiIf({starts}, ts[first0]) AS start"]
    return ",\n            ".join(columns)


def _chosen(funnel: Funnel) -> str:
    """Return the places of the events that the chosen attempt took: as early as it could."""
    found = kinds(funnel)
    columns = [f"arrayFirstIndex((t, s) -> t = start AND s = {found[0] + 1}, ts, steps) AS i0"]
    columns += [
        f"if(far > {step}, arrayFirstIndex((s, place) -> s = {found[step] + 1} AND place > i{step - 1},"
        f" steps, arrayEnumerate(steps)), 0) AS i{step}"
        for step in range(1, len(found))
    ]
    return ",\n        ".join(columns)


def _people(funnel: Funnel, window: TimeRange, person: str, part: Slice, params: Params) -> str:
    """Return the query of each person's events in order: `who`, `ts`, `steps`, `keys`.

    An event of no step stands before them all, so that there is always one before.
    """
    source = Source(
        Series(None),
        Selection(None, reach(funnel, window), funnel.where, funnel.sampling),
        person,
        funnel.attribution.breakdown if funnel.attribution else None,
    )
    step = f"({_step(funnel, params, person)})"
    gathered, at, keys = f"toUnixTimestamp64Micro(ts) * {STEP_BITS} + {step}", "one", ""
    if funnel.attribution:
        shape = key_by(source, params)
        gathered, at = f"({gathered}, {shape.typed(shape.raw)})", "one.1"
        keys = ",\n            arrayPushFront(arrayMap(one -> one.2, taken), '') AS keys"
    found = [*of_names(funnel, params), f"{person} != 0", f"{step} != 0"]
    found += of_slice(part, person, params)
    return f"""        SELECT who, arrayMap(one -> bitAnd({at}, {STEP_BITS - 1}), taken) AS numbers,
            arrayPushFront(numbers, 0) AS steps,
            arrayPushFront(arrayMap((one, number) -> intDiv({at} - number, {STEP_BITS}),
                taken, numbers), {LONG_AGO}) AS ts{keys}
        FROM (
            SELECT {person} AS who, arraySort(groupArray({gathered})) AS taken
            FROM {events_of(source, params)}
            WHERE {where(source.selection, params, person, *found)}
            GROUP BY who
        )"""


def _step(funnel: Funnel, params: Params, person: str) -> str:
    """Return the SQL of the first step, from 1, that an event can fill; 0 for none."""
    told: dict[tuple[str | None, tuple[Filter, ...]], int] = {}
    for place, one in enumerate(funnel.steps):
        told.setdefault((one.event, one.where), place + 1)
    parts = []
    for (event, filters), number in told.items():
        conditions = [] if event is None else [f"name = {params.text(event)}"]
        conditions += [condition(found, params, person) for found in filters]
        parts.append(f"if({' AND '.join(conditions)}, {number}, 0)")
    return " + ".join(parts)
