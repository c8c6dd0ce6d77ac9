"""What persons did in which buckets, from kept rows: masks and counts for the sources."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import Filter
from analytics.insights.kept.days import NO_MASK, Found, Rows
from analytics.insights.kept.resuming import Pass, State, passed
from analytics.insights.passes import kept as passes
from analytics.insights.sql.kept import KeptSelection
from analytics.insights.sql.masks import WORD, names, words_of
from analytics.insights.sql.params import microseconds
from analytics.insights.sql.retention import Wanted
from analytics.insights.sql.rolling import Windows
from portal.store.native import Columns
from portal.store.query import TimeRange

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
EVER = np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max])
STARTS, RETURNS, MATCHES = 1, 2, 4  # marks of a retention's rows, as bits


def of_retention(wanted: Wanted) -> KeptSelection | None:
    """Return the rows that tell of a retention; None where a row a person is not enough."""
    asked = wanted.retention
    if asked.breakdown or asked.min_occurrences > 1 or asked.sampling < 1:
        return None
    own = (*asked.where, *asked.start_where)
    is_first = asked.kind == "first_ever"
    start = (asked.start_event, () if is_first else own)
    back = (asked.return_event, (*asked.where, *asked.return_where))
    matches = ((asked.start_event, own),) if is_first else ()
    return KeptSelection((start, back, *matches), is_ordered=is_first)


def of_one(event: str | None, *filters: Filter) -> KeptSelection:
    """Return the rows of one event's persons."""
    return KeptSelection(((event, filters),))


def edges_of(times: Sequence[datetime]) -> Ints:
    return np.array([microseconds(at) for at in times], np.int64)


def inside(window: TimeRange) -> Ints:
    return edges_of((window.start, window.end))


def marked(block: Rows) -> passes.Marked:
    columns = block.columns
    return passes.Marked(columns["who"], columns["t"], columns.get("mask", NO_MASK))


def no_words(persons: int, grid: Grid) -> Words:
    return np.zeros((persons, len(words_of(grid))), np.uint64)


def of_closed(found: Found, *parts: Any) -> Hashable:
    """Name a pass by what it depends on; moments after the closed rows make no difference to them."""
    until = microseconds(found.until)
    return tuple(
        (part.size, np.minimum(part, until).tobytes()) if isinstance(part, np.ndarray) else part
        for part in parts
    )


def retention(found: Found, wanted: Wanted) -> Columns:
    """Return what `sql.retention.counted` answers for a question without a breakdown."""
    window, grid, kind = wanted.begin, wanted.grid, wanted.retention.kind
    edges, own = edges_of(grid.edges), inside(window)
    returning = inside(TimeRange(window.start, grid.edges[-1]))
    starting = EVER if wanted.reads_history else own

    def begin(persons: int) -> State:
        at, told = np.full(persons, passes.NEVER, np.int64), np.zeros(persons, np.uint32)
        return State((no_words(persons, grid), no_words(persons, grid), at, told))

    def step(block: Rows, state: State) -> None:
        starts, returns, at, told = state.people
        passes.mark(marked(block), RETURNS, edges, returning, returns)
        if kind == "recurring":
            passes.mark(marked(block), STARTS, edges, own, starts)
        else:
            passes.first(marked(block), STARTS, starting, at, told)

    def words(state: State) -> Words:
        starts, returns, at, told = state.people
        if kind != "recurring":
            begins = (own[0] <= at) & (at < own[1])
            if kind == "first_ever":
                begins &= (told & MATCHES) != 0
            starts = bits_of(begins, at, grid)
        return np.hstack([starts, returns])

    name = of_closed(found, "retention", kind, edges, own, starting)
    counted, people = weighted(found, name, begin, step, words)
    starts, returns = np.hsplit(counted, 2)
    return columns({"s": starts, "r": returns}, people, is_any(starts))


def lives(found: Found, window: TimeRange, grid: Grid) -> Columns:
    """Return what `sql.activity.lives` answers."""
    edges, own = edges_of(grid.edges), inside(window)
    before = edges[:2]

    def begin(persons: int) -> State:
        at, told = np.full(persons, passes.NEVER, np.int64), np.zeros(persons, np.uint32)
        return State((no_words(persons, grid), at, told))

    def step(block: Rows, state: State) -> None:
        active, at, told = state.people
        passes.mark(marked(block), 1, edges, before, active)
        passes.mark(marked(block), 1, edges, own, active)
        passes.first(marked(block), 1, EVER, at, told)

    def words(state: State) -> Words:
        active, at, _ = state.people
        bucket = np.searchsorted(edges, at, side="right") - 1
        first = np.where((own[0] <= at) & (at < own[1]), bucket, 0)
        return np.hstack([active, first[:, None].astype(np.uint64)])

    name = of_closed(found, "lives", edges, own)
    counted, people = weighted(found, name, begin, step, words)
    active, first = counted[:, :-1], counted[:, -1]
    which = is_any(active)
    lived = columns({"m": active}, people, which)
    return lived and lived | {"first": first[which].astype(np.int64)}


def stickiness(found: Found, grid: Grid) -> dict[int, int]:
    """Return how many persons were active in how many buckets."""
    edges, own = edges_of(grid.edges), inside(grid.window)

    def step(block: Rows, state: State) -> None:
        passes.mark(marked(block), 1, edges, own, state.people[0])

    def tell(state: State) -> tuple[Ints]:
        active = np.bitwise_count(state.people[0]).sum(axis=1)
        return (np.bincount(active, minlength=len(grid) + 1),)

    done = passed(
        found,
        Pass(
            of_closed(found, "stickiness", edges, own),
            lambda persons: State((no_words(persons, grid),)),
            step,
            tell,
        ),
    )
    counts = done.told[0] - tell(done.old)[0] + tell(done.new)[0]
    return {buckets: int(people) for buckets, people in enumerate(counts) if buckets and people}


def uniques(found: Found, grid: Grid) -> tuple[list[int], int]:
    """Count persons per bucket, and over all of them."""
    edges = edges_of(grid.edges)

    def begin(persons: int) -> State:
        counts = np.zeros(len(grid) + 1, np.int64)
        return State((np.full(persons, -1, np.int32),), (counts,))

    def step(block: Rows, state: State) -> None:
        (last,), (counts,) = state
        passes.seen(block.columns["who"], block.columns["t"], edges, last, counts)

    done = passed(found, Pass(of_closed(found, "uniques", edges), begin, step, nothing))
    *points, total = done.new.sums[0].tolist()
    return points, total


def rolling(found: Found, windows: Windows, buckets: int) -> list[int]:
    """Count persons in each bucket's rolling window."""
    starts, first, stop = windows.cells()
    cells = edges_of([*starts, windows.closes[-1]])
    runs = np.array([first, stop], np.int64)

    def begin(persons: int) -> State:
        return State((np.zeros(persons, np.int32),), (np.zeros(buckets + 1, np.int64),))

    def step(block: Rows, state: State) -> None:
        (until,), (changes,) = state
        passes.rolling(block.columns["who"], block.columns["t"], cells, runs, until, changes)

    name = of_closed(found, "rolling", cells), runs.tobytes()
    done = passed(found, Pass(name, begin, step, nothing))
    counted: list[int] = np.cumsum(done.new.sums[0])[:buckets].tolist()
    return counted


def nothing(_: State) -> tuple[()]:
    return ()


def weighted(
    found: Found,
    name: Hashable,
    begin: Callable[[int], State],
    step: Callable[[Rows, State], None],
    words: Callable[[State], Words],
) -> tuple[Words, Ints]:
    """Return rows of words, and for how many persons each stands: less than none for some.

    Those of the closed rows, less what the rest's persons were, and what they are now.
    """

    def tell(state: State) -> tuple[Words, Ints]:
        of_each = words(state)
        kinds, people = passes.alike(of_each)
        return of_each[kinds], people

    done = passed(found, Pass(name, begin, step, tell))
    (kinds, people), (old, before), (new, now) = done.told, tell(done.old), tell(done.new)
    return np.concatenate([kinds, old, new]), np.concatenate([people, -before, now])


def bits_of(which: NDArray[np.bool_], at: Ints, grid: Grid) -> Words:
    """Return one bit for each chosen person: the bucket of a moment."""
    words = no_words(at.size, grid)
    people = np.flatnonzero(which)
    bucket = np.searchsorted(edges_of(grid.edges), at[people], side="right") - 1
    words[people, bucket // WORD] = np.uint64(1) << (bucket % WORD).astype(np.uint64)
    return words


def is_any(words: Words) -> NDArray[np.bool_]:
    return np.asarray(words.any(axis=1))


def columns(words: dict[str, Words], people: Ints, which: NDArray[np.bool_]) -> Columns:
    """Lay the chosen rows of words out as the engine answers them."""
    found: Columns = {"people": people[which]}
    for name, cells in words.items():
        for place, column in enumerate(names(name, range(cells.shape[1]))):
            found[column] = cells[which, place]
    return found if which.any() else {}
