"""The rows that a funnel passes over: who, when, and which steps the event can fill. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.insights.definitions.filters import Filter
from analytics.insights.definitions.funnel import STEP_BITS, Exclusion, Funnel, Step
from analytics.insights.definitions.trend import Series
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.trend import Source, events_of, key_by
from portal.store.query import UNITED, Query, TimeRange

Wanted = Step | Exclusion
AT = "toUnixTimestamp64Micro(ts)"


@dataclass(frozen=True)
class Slice:
    """One of `count` parts of all persons, so that a pass never holds more rows than it may."""

    number: int = 0
    count: int = 1


def reach(funnel: Funnel, window: TimeRange) -> TimeRange:
    """Return the range of events that count: attempts begin in the window and may end after it."""
    return TimeRange(window.start, window.end + funnel.window, window.zone)


def rows(funnel: Funnel, window: TimeRange, person: str, part: Slice) -> Query:
    """Return the events that can fill a step.

    Columns: `who` (UInt64), `t` (microseconds), `mask` (bit k: step k can take it; bits after the
    steps: excluded by that exclusion), and with a breakdown `key` (typed text, '' when not set), or
    `text` where it can be nothing else.
    """
    params = Params()
    taken = f"{AT} AS t, toUInt32({_mask(funnel, params, person)}) AS mask"
    return _rows(funnel, window, person, part, Taken(params, taken, "mask"))


def plain_rows(funnel: Funnel, window: TimeRange, person: str, part: Slice) -> Query:
    """Return the events that can fill a step of a plain funnel, in fewer bytes.

    Columns: `who` (UInt64), `t` (microseconds * 32 + the step), and `key` as `rows` has it.
    """
    params = Params()
    step = _step(funnel, params, person)
    taken = f"{AT} * {1 << STEP_BITS} + {step} AS t"
    return _rows(funnel, window, person, part, Taken(params, taken, f"{step} + 1"))


@dataclass(frozen=True)
class Taken:
    """How a query says which steps an event can fill, and what of it is 0 for who fills none."""

    params: Params
    columns: str
    is_any: str


def _rows(funnel: Funnel, window: TimeRange, person: str, part: Slice, taken: Taken) -> Query:
    params = taken.params
    source = Source(
        Series(None),
        Selection(None, reach(funnel, window), funnel.where, funnel.sampling),
        person,
        funnel.attribution.breakdown if funnel.attribution else None,
    )
    key = ""
    if funnel.attribution:
        shape = key_by(source, params)
        # A bare column is read as it is, and its few values are typed afterwards.
        is_bare = shape.is_plain
        key = f", {shape.raw} AS text" if is_bare else f", toLowCardinality({shape.raw}) AS key"
    wanted = _wanted(funnel, window, params, person, part)
    if funnel.order != "strict" and not _is_by_name(funnel):
        wanted.append(f"{taken.is_any} != 0")
    sql = f"""
SELECT {person} AS who, {taken.columns}{key}
FROM {events_of(source, params)}
WHERE {where(source.selection, params, person, *wanted)}"""
    return Query(sql.strip(), params.values, sharded=UNITED)


def size(funnel: Funnel, window: TimeRange) -> Query:
    """Return how many events there are at most, read from the primary key: one row, `events`."""
    params = Params()
    bare = Selection(None, reach(funnel, window))
    sql = f"SELECT count() AS events FROM events WHERE {where(bare, params, '', *of_names(funnel, params))}"
    return Query(sql, params.values)


def _wanted(
    funnel: Funnel, window: TimeRange, params: Params, person: str, part: Slice
) -> list[str]:
    found = [*of_names(funnel, params), f"{person} != 0"]
    if funnel.order == "strict":
        found.append(_who_begin(funnel, window, params, person))
    return [*found, *of_slice(part, person, params)]


def of_slice(part: Slice, person: str, params: Params) -> list[str]:
    """Return the condition that a person belongs to a slice."""
    if part.count == 1:
        return []
    of = params.add(part.count, "UInt64")
    return [f"intHash64({person}) % {of} = {params.add(part.number, 'UInt64')}"]


def of_names(funnel: Funnel, params: Params) -> list[str]:
    """Restrict the names, unless any event can play a part; a strict funnel looks at all."""
    wanted: list[Wanted] = [*funnel.steps, *funnel.exclusions]
    names = {one.event for one in wanted}
    if funnel.order == "strict" or None in names:
        return []
    return [f"name IN ({', '.join(params.text(str(name)) for name in sorted(map(str, names)))})"]


def _is_by_name(funnel: Funnel) -> bool:
    wanted: list[Wanted] = [*funnel.steps, *funnel.exclusions]
    return all(not one.where for one in wanted)


def _who_begin(funnel: Funnel, window: TimeRange, params: Params, person: str) -> str:
    """Keep those who take the first step: a strict funnel reads all their events."""
    first = funnel.steps[0]
    selection = Selection(first.event, window, (*funnel.where, *first.where))
    return f"{person} IN (SELECT {person} FROM events WHERE {where(selection, params, person)})"


def _mask(funnel: Funnel, params: Params, person: str) -> str:
    """Return the sum of the bits of all that the event can be."""
    wanted: list[Wanted] = [*funnel.steps, *funnel.exclusions]
    bits: dict[tuple[str | None, tuple[Filter, ...]], int] = {}
    for place, one in enumerate(wanted):
        key = (one.event, one.where)
        bits[key] = bits.get(key, 0) | 1 << place
    parts = []
    for (event, filters), bit in bits.items():
        fits = _fits(event, filters, params, person)
        parts.append(f"if({fits}, {bit}, 0)" if fits else str(bit))
    return " + ".join(parts)


def _step(funnel: Funnel, params: Params, person: str) -> str:
    """Return the only step that the event can fill, from 0; -1 for none."""
    branches = [
        f"{_fits(step.event, step.where, params, person)}, {place}"
        for place, step in enumerate(funnel.steps)
    ]
    return f"multiIf({', '.join(branches)}, -1)"


def _fits(event: str | None, filters: tuple[Filter, ...], params: Params, person: str) -> str:
    conditions = [] if event is None else [f"name = {params.text(event)}"]
    conditions += [condition(found, params, person) for found in filters]
    return " AND ".join(conditions)
