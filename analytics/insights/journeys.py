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
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import InCohort
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.kept.days import Found, Rows
from analytics.insights.passes import funnel as walk
from analytics.insights.passes import plain
from analytics.insights.passes.grouping import ROWS_A_PART, Part, deal, grouped, looked_up
from analytics.insights.passes.kept import gathered
from analytics.insights.passes.plain import stepped
from analytics.insights.sql import funnel as sql
from analytics.insights.sql.kept import KeptSelection
from analytics.insights.sql.params import microseconds
from portal.store.native import Coded, Columns
from portal.store.query import Query, TimeRange

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Read = Callable[[Query], Columns]
Keys = Callable[[Ints], Codes]  # places of rows to places in the texts
ROWS_A_SLICE = 6_000_000
NEVER = walk.NEVER
ORDERS = {"ordered": walk.ORDERED, "strict": walk.STRICT, "any": walk.ANY}
# numba lets go of the interpreter's lock, so threads are enough.
WORKERS = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="pass")


@dataclass(frozen=True)
class Journeys:
    """One row a person who entered: the best attempt. Persons with alike ones may share a row.

    times[i, k] is when step k was taken in microseconds, NEVER if not; keys[i, k] is the place in
    `texts` of the breakdown's value that the event carried. `trend` holds per bucket who entered and
    who converted. `shared` says how many persons each row stands for, and then nobody is named;
    left out, each is one person.
    """

    person: NDArray[np.uint64]
    times: Ints
    keys: Codes
    texts: tuple[str, ...]
    is_open: NDArray[np.bool_]
    trend: Ints
    shared: Ints | None = None

    @property
    def taken(self) -> NDArray[np.bool_]:
        return np.asarray(self.times != NEVER)

    @property
    def people(self) -> Ints:
        """How many persons each row stands for."""
        return np.ones(len(self.times), np.int64) if self.shared is None else self.shared

    def of_everybody(self, values: NDArray[Any], of: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the values of the chosen rows, once a person."""
        return values[of] if self.shared is None else np.repeat(values[of], self.shared[of])


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
        for part in passed(columns, spec, texts)
    ]
    return together(walked or [nobody(spec)], texts)


def together(walked: Sequence[Walked], texts: Iterable[str]) -> Journeys:
    """Join what was found in parts."""
    return Journeys(
        np.concatenate([one.person for one in walked]),
        np.concatenate([one.times for one in walked]),
        np.concatenate([one.keys for one in walked]),
        tuple(texts),
        np.concatenate([one.is_open for one in walked]),
        np.sum([one.trend for one in walked], axis=0),
    )


def kept_selection(funnel: Funnel) -> KeptSelection | None:
    """Return the rows of a funnel that depend on their day alone; None where there are no such."""
    if funnel.order == "strict" or funnel.sampling < 1:
        return None
    dimension = funnel.attribution.breakdown.property if funnel.attribution else None
    if isinstance(dimension, InCohort):
        return None
    wanted: list[sql.Wanted] = [*funnel.steps, *funnel.exclusions]
    marks = [(one.event, one.where) for one in wanted]
    return KeptSelection(tuple(marks), funnel.where, dimension)


def kept_journeys(
    funnel: Funnel, window: TimeRange, as_of: datetime, found: Found, grid: Grid | None
) -> Journeys:
    """Find each person's best attempt that begins in the window, in kept rows."""
    spec = spec_of(funnel, window, as_of, grid)
    texts: dict[str, int] = {}
    walked = [
        replace(part, person=found.ids[part.person.astype(np.int64)])
        for one in kept_slices(found)
        for part in passed_kept(one, spec, texts, is_plain=funnel.is_plain)
    ]
    return together(walked or [nobody(spec)], texts)


@dataclass(frozen=True)
class KeptSlice:
    """Kept rows of some persons, one block after the other.

    Those of the persons edges[i] to edges[i + 1] - 1 are in block k the rows begins[i, k] to
    ends[i, k].
    """

    rows: Columns
    edges: Ints
    begins: Ints
    ends: Ints


def kept_slices(found: Found) -> Iterator[KeptSlice]:
    """Cut the persons into parts that fit the processor's cache, and take so many at once."""
    rows = sum(map(len, found.blocks))
    count = 1 + rows // ROWS_A_PART
    edges = np.linspace(0, found.ids.size, count + 1).astype(np.int64)
    at_once = ROWS_A_SLICE // ROWS_A_PART
    for low in range(0, count if rows else 0, at_once):
        yield kept_slice(found, edges[low : low + at_once + 1])


def kept_slice(found: Found, edges: Ints) -> KeptSlice:
    cuts = [np.searchsorted(block.columns["who"], edges) for block in found.blocks]
    pieces = [
        (block, slice(cut[0], cut[-1])) for block, cut in zip(found.blocks, cuts, strict=True)
    ]
    sizes = [piece.stop - piece.start for _, piece in pieces]
    offsets = np.cumsum([0, *sizes[:-1]])
    placed = np.array([cut - cut[0] for cut in cuts]) + offsets[:, None]
    rows: Columns = {
        name: np.concatenate([block.columns[name][piece] for block, piece in pieces])
        for name in found.blocks[0].columns
        if name != "key"
    }
    if "key" in found.blocks[0].columns:
        rows["key"] = joined_keys(pieces)
    begins, ends = (np.ascontiguousarray(edge.T) for edge in (placed[:, :-1], placed[:, 1:]))
    return KeptSlice(rows, edges, begins, ends)


def joined_keys(pieces: Sequence[tuple[Rows, slice]]) -> Coded:
    """Give the texts of all blocks the same numbers."""
    texts: dict[str, int] = {}
    codes = []
    for block, piece in pieces:
        known = np.array([texts.setdefault(text, len(texts)) for text in block.texts], np.int32)
        codes.append(known[block.columns["key"][piece]])
    return Coded(np.concatenate(codes), list(texts))


def passed_kept(
    one: KeptSlice, spec: walk.Spec, texts: dict[str, int], *, is_plain: bool
) -> list[Walked]:
    """Walk kept rows, on all processors; a person is a number."""
    who, t, masks = (array(one.rows[name]) for name in ("who", "t", "mask"))
    keys = keys_of(one.rows.get("key"), texts)

    def part(number: int) -> Walked:
        low, high = one.edges[number : number + 2]
        rows = gathered(who, t, one.begins[number], one.ends[number], low, high)
        if is_plain:
            return walked_plainly(stepped(rows, masks), keys, spec)
        return walked(rows, masks, keys, spec)

    return list(WORKERS.map(part, range(one.edges.size - 1)))


def slices(query: Callable[[sql.Slice], Query], events: int, read: Read) -> Iterator[Columns]:
    """Read the rows, slice by slice; a slice without rows is empty."""
    count = 1 + events // ROWS_A_SLICE
    for number in range(count):
        yield read(query(sql.Slice(number, count)))


def array(column: NDArray[Any] | Coded) -> NDArray[Any]:
    return column.codes if isinstance(column, Coded) else column


def spec_of(funnel: Funnel, window: TimeRange, as_of: datetime, grid: Grid | None) -> walk.Spec:
    optional = [place for place, step in enumerate(funnel.steps) if step.is_optional]
    required = [place for place, step in enumerate(funnel.steps) if not step.is_optional]
    return walk.Spec(
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


def nobody(spec: walk.Spec) -> Walked:
    return Walked(
        np.empty(0, np.uint64),
        np.empty((0, spec.steps), np.int64),
        np.empty((0, spec.steps), np.int32),
        np.empty(0, np.bool_),
        no_trend(spec),
    )


def passed(columns: Columns, spec: walk.Spec, texts: dict[str, int]) -> list[Walked]:
    """Walk the rows of one slice, on all processors."""
    dealt = deal(array(columns["who"]), array(columns["t"]), WORKERS.map)
    masks = array(columns["mask"]) if "mask" in columns else None
    keys = keys_of(key_column(columns), texts)

    def part(number: int) -> Walked:
        rows = grouped(dealt.rows[dealt.bounds[number] : dealt.bounds[number + 1]])
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


def keys_of(column: NDArray[Any] | Coded | None, texts: dict[str, int]) -> Keys:
    """Return how the rows' values of the breakdown are numbered in `texts`, which may grow."""
    if not isinstance(column, Coded):
        return lambda places: places.astype(np.int32)  # without a breakdown nobody looks
    numbers = np.array([texts.setdefault(text, len(texts)) for text in column.texts], np.int32)
    return lambda places: looked_up(places, column.codes, numbers)


def walked(part: Part, masks: NDArray[np.uint32], keys: Keys, spec: walk.Spec) -> Walked:
    """Walk the persons of one part."""
    trend = no_trend(spec)
    best = walk.attempts(part.starts, part.ts, masks[part.place].astype(np.int64), spec, trend)
    entered = best.far > 0
    places = best.places[entered]
    places = np.where(places == walk.NONE, walk.NONE, part.place[places])
    return Walked(
        part.person[entered], best.times[entered], keys(places), best.is_open[entered], trend
    )


def walked_plainly(part: Part, keys: Keys, spec: walk.Spec) -> Walked:
    """Walk the persons of one part of a plain funnel."""
    best, trend = plain.attempts(part, spec), no_trend(spec)
    if trend.size:
        plain.count(part, spec, trend)
    return Walked(best.person, best.times, keys(best.places), best.is_open, trend)


def no_trend(spec: walk.Spec) -> Ints:
    """Return the trend of nobody."""
    return np.zeros((2, max(0, spec.edges.size - 1)), np.int64)
