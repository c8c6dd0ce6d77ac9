"""From a funnel's definition to each person's best attempt: rows out of the engine, one pass over
them.

The engine selects and the pass decides, because the rule is one that SQL cannot say in linear
time (docs/decisions). Persons are independent of each other: a question over very many rows is cut
into slices of the persons, and the rows of a slice are dealt to all processors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.funnel import Attributed, Funnel
from analytics.insights.passes import attempt, plain
from analytics.insights.passes import funnel as walk
from analytics.insights.passes.figures import NOT_SET, touched
from analytics.insights.passes.grouping import Part, deal, grouped, looked_up
from analytics.insights.passes.instants import Told, settled
from analytics.insights.sql import funnel as sql
from analytics.insights.sql.params import microseconds
from portal.store.native import Coded, Columns
from portal.store.query import Query, TimeRange

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Read = Callable[[Query], Columns]
Keys = Callable[[Ints], Codes]  # places of rows to places in the texts
ROWS_A_SLICE = 6_000_000
NEVER = attempt.NEVER
NO_CODES = np.empty(0, np.int32)
ORDERS = {"ordered": walk.ORDERED, "strict": walk.STRICT, "any": walk.ANY}
# numba lets go of the interpreter's lock, so threads are enough.
WORKERS = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="pass")


class Journeys(NamedTuple):
    """One row a person who entered: the best attempt.

    times[i, k] is when step k was taken in microseconds, NEVER if not; in memory they lie step by step.
    texts[keys[i, 0]] is the breakdown's value that the attempt counts for, NOT_SET if there is none;
    where it may count for several, keys[i, k] is that of step k. `trend` holds per bucket who entered
    and who converted.
    """

    person: NDArray[np.uint64]
    times: Ints
    keys: Codes
    texts: tuple[str, ...]
    is_open: NDArray[np.bool_]
    trend: Ints

    @property
    def taken(self) -> NDArray[np.bool_]:
        return np.asarray(self.times != NEVER)


@dataclass(frozen=True)
class Walked:
    """What the rows of one slice led to."""

    person: NDArray[np.uint64]
    times: Ints
    keys: Codes
    is_open: NDArray[np.bool_]
    trend: Ints


def journeys(
    funnel: Funnel, window: TimeRange, as_of: datetime, person: str, read: Read, grid: Grid | None
) -> Journeys:
    """Find each person's best attempt that begins in the window."""
    spec = spec_of(funnel, window, as_of, grid)
    texts: dict[str, int] = {}
    rows = sql.plain_rows if funnel.is_plain else sql.rows
    events = int(array(read(sql.size(funnel, window))["events"])[0])
    query = partial(rows, funnel, window, person)
    walked = [
        part
        for columns in slices(query, events, read)
        if columns
        for part in passed(columns, spec, texts, funnel.attribution)
    ]
    return together(walked or [nobody(spec, funnel.attribution)], texts)


def together(walked: Sequence[Walked], texts: Iterable[str]) -> Journeys:
    """Join what was found in parts."""
    by_step = np.empty((walked[0].times.shape[1], sum(len(one.times) for one in walked)), np.int64)
    np.concatenate([one.times.T for one in walked], axis=1, out=by_step)
    return Journeys(
        np.concatenate([one.person for one in walked]),
        by_step.T,
        np.concatenate([one.keys for one in walked]),
        tuple(texts),
        np.concatenate([one.is_open for one in walked]),
        np.sum([one.trend for one in walked], axis=0),
    )


def slices(query: Callable[[sql.Slice], Query], events: int, read: Read) -> Iterator[Columns]:
    """Read the rows, slice by slice; a slice without rows is empty."""
    count = 1 + events // ROWS_A_SLICE
    for number in range(count):
        yield read(query(sql.Slice(number, count)))


def array(column: NDArray[Any] | Coded) -> NDArray[Any]:
    return column.codes if isinstance(column, Coded) else column


def spec_of(funnel: Funnel, window: TimeRange, as_of: datetime, grid: Grid | None) -> attempt.Spec:
    optional = [place for place, step in enumerate(funnel.steps) if step.is_optional]
    required = [place for place, step in enumerate(funnel.steps) if not step.is_optional]
    return attempt.Spec(
        order=ORDERS[funnel.order],
        steps=len(funnel.steps),
        required=ints(required),
        optional=ints(optional),
        after=ints([one.after_step - 1 for one in funnel.exclusions]),
        before=ints([one.before_step - 1 for one in funnel.exclusions]),
        window=int(funnel.window.total_seconds()) * 1_000_000,
        end=microseconds(window.end),
        as_of=microseconds(as_of),
        leave_out_open=funnel.leave_out_open,
        edges=ints([microseconds(edge) for edge in grid.edges] if grid else []),
    )


def ints(values: Sequence[int]) -> Ints:
    return np.array(values, np.int64)


def nobody(spec: attempt.Spec, attribution: Attributed | None) -> Walked:
    keys = keys_of(Coded(NO_CODES, []), {}, attribution)
    none = np.empty((0, spec.steps), np.int64)
    return Walked(np.empty(0, np.uint64), none, keys(none), np.empty(0, np.bool_), no_trend(spec))


def passed(
    columns: Columns, spec: attempt.Spec, texts: dict[str, int], attribution: Attributed | None
) -> list[Walked]:
    """Walk the rows of one slice, on all processors."""
    dealt = deal(array(columns["who"]), array(columns["t"]), WORKERS.map)
    masks = array(columns["mask"]) if "mask" in columns else None
    values = key_column(columns)
    keys, told = keys_of(values, texts, attribution), told_of(values, masks, spec)

    def part(number: int) -> Walked:
        rows = grouped(dealt.rows[dealt.bounds[number] : dealt.bounds[number + 1]])
        rows = settled(rows, told) if told else rows
        return (
            walked_plainly(rows, keys, spec) if masks is None else walked(rows, masks, keys, spec)
        )

    return list(WORKERS.map(part, range(dealt.bounds.size - 1)))


def key_column(columns: Columns) -> NDArray[Any] | Coded | None:
    """Return the typed values of the breakdown, if there is one."""
    bare = columns.get("text")
    if isinstance(bare, Coded):
        return Coded(bare.codes, [f"s{text}" if text else "" for text in bare.texts])
    return columns.get("key")


def told_of(
    values: NDArray[Any] | Coded | None, masks: NDArray[np.uint32] | None, spec: attempt.Spec
) -> Told | None:
    """Return what orders events of one instant; None where their order changes no answer."""
    if isinstance(values, Coded):
        return Told(masks, values.codes, values.texts)
    return Told(masks) if spec.optional.size else None


def keys_of(
    column: NDArray[Any] | Coded | None, texts: dict[str, int], attribution: Attributed | None
) -> Keys:
    """Return how the rows' values of the breakdown are numbered in `texts`, which may grow."""
    if attribution is None or not isinstance(column, Coded):
        return lambda places: np.empty((len(places), 0), np.int32)
    numbers = np.array([texts.setdefault(text, len(texts)) for text in column.texts], np.int32)
    return lambda places: counting(
        looked_up(places, column.codes, numbers), texts.get("", NOT_SET), attribution
    )


def counting(keys: Codes, unset: int, attribution: Attributed) -> Codes:
    """Keep the value that each attempt counts for, of those at its steps; for `any` all of them.

    `unset` is the number of the text that means not set, which becomes NOT_SET.
    """
    if attribution.touch == "any":
        return np.where(keys == unset, np.int32(NOT_SET), keys)
    if attribution.touch == "step":
        keys = np.ascontiguousarray(keys[:, attribution.step - 1 : attribution.step])
    return touched(keys, unset, attribution.touch == "last_touch")[:, None]


def walked(part: Part, masks: NDArray[np.uint32], keys: Keys, spec: attempt.Spec) -> Walked:
    """Walk the persons of one part."""
    trend = no_trend(spec)
    best = walk.attempts(part.starts, part.ts, masks[part.place].astype(np.int64), spec, trend)
    entered = best.far > 0
    places = best.places[entered]
    places = np.where(places == attempt.NONE, attempt.NONE, part.place[places])
    return Walked(
        part.person[entered], best.times[entered], keys(places), best.is_open[entered], trend
    )


def walked_plainly(part: Part, keys: Keys, spec: attempt.Spec) -> Walked:
    """Walk the persons of one part of a plain funnel."""
    best, trend = plain.attempts(part, spec), no_trend(spec)
    if trend.size:
        plain.count(part, spec, trend)
    return Walked(best.person, best.times, keys(best.places), best.is_open, trend)


def no_trend(spec: attempt.Spec) -> Ints:
    """Return the trend of nobody."""
    return np.zeros((2, max(0, spec.edges.size - 1)), np.int64)
