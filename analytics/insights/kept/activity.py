"""What persons did in which buckets, from kept rows: masks and counts for the sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import Filter
from analytics.insights.kept.days import Found, Rows, chosen, sealed
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
NO_MASK = np.empty(0, np.uint32)
NO_MASK.setflags(write=False)
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


def mask_of(block: Rows) -> NDArray[Any]:
    return block.columns.get("mask", NO_MASK)


def marked(found: Found, bit: int, grid: Grid, *inside: TimeRange) -> Words:
    """Return each person's buckets as bits, from the rows in any of some ranges."""
    words = np.zeros((found.ids.size, len(words_of(grid))), np.uint64)
    edges = edges_of(grid.edges)
    for window in inside:
        for block in within(found, window).blocks:
            who, t = block.columns["who"], block.columns["t"]
            passes.mark(who, t, mask_of(block), bit, edges, words)
    return words


def firsts(found: Found, bit: int) -> tuple[Ints, NDArray[np.uint32]]:
    """Return when each person first did what a bit says (passes.kept.NEVER), and all it was."""
    at = np.full(found.ids.size, passes.NEVER, np.int64)
    told = np.zeros(found.ids.size, np.uint32)
    for block in found.blocks:
        passes.first(block.columns["who"], block.columns["t"], mask_of(block), bit, at, told)
    return at, told


def retention(found: Found, wanted: Wanted) -> Columns:
    """Return what `sql.retention.counted` answers for a question without a breakdown."""
    window = wanted.begin
    returns = marked(found, RETURNS, wanted.grid, TimeRange(window.start, wanted.grid.edges[-1]))
    kind = wanted.retention.kind
    if kind == "recurring":
        starts = marked(found, STARTS, wanted.grid, window)
    else:
        inside = found if wanted.reads_history else within(found, window)
        at, told = firsts(inside, STARTS)
        begins = (at >= microseconds(window.start)) & (at < microseconds(window.end))
        if kind == "first_ever":
            begins &= (told & MATCHES) != 0
        starts = bits_of(begins, at, wanted.grid)
    return columns({"s": starts, "r": returns}, is_any(starts))


def lives(found: Found, window: TimeRange, grid: Grid) -> Columns:
    """Return what `sql.activity.lives` answers."""
    before = TimeRange(grid.edges[0], grid.edges[1])
    active = marked(found, 1, grid, before, window)
    at, _ = firsts(found, 1)
    is_new = (at >= microseconds(window.start)) & (at < microseconds(window.end))
    bucket = np.searchsorted(edges_of(grid.edges), at, side="right") - 1
    which = is_any(active)
    if not which.any():
        return {}
    return columns({"m": active}, which) | {"first": np.where(is_new, bucket, 0)[which]}


def stickiness(found: Found, grid: Grid) -> dict[int, int]:
    """Return how many persons were active in how many buckets."""
    active = marked(found, 1, grid, grid.window)
    counts = np.bincount(np.bitwise_count(active).sum(axis=1))
    return {buckets: int(people) for buckets, people in enumerate(counts) if buckets and people}


def uniques(found: Found, grid: Grid) -> tuple[list[int], int]:
    """Count persons per bucket, and over all of them."""
    last = np.full(found.ids.size, -1, np.int32)
    counts = np.zeros(len(grid) + 1, np.int64)
    edges = edges_of(grid.edges)
    for block in found.blocks:
        passes.seen(block.columns["who"], block.columns["t"], edges, last, counts)
    *points, total = counts.tolist()
    return points, total


def rolling(found: Found, windows: Windows, buckets: int) -> list[int]:
    """Count persons in each bucket's rolling window."""
    starts, first, stop = windows.cells()
    cells = edges_of([*starts, windows.closes[-1]])
    until, changes = np.zeros(found.ids.size, np.int32), np.zeros(buckets + 1, np.int64)
    runs = np.array([first, stop], np.int64)
    for block in found.blocks:
        passes.rolling(block.columns["who"], block.columns["t"], cells, runs, until, changes)
    counted: list[int] = np.cumsum(changes)[:buckets].tolist()
    return counted


def within(found: Found, window: TimeRange) -> Found:
    """Return the rows of a range only."""
    begin, end = microseconds(window.start), microseconds(window.end)
    blocks = []
    for block in found.blocks:
        inside = (block.columns["t"] >= begin) & (block.columns["t"] < end)
        if inside.all():
            blocks.append(block)
        elif inside.any():
            blocks.append(sealed(chosen(block, inside)))
    return replace(found, blocks=tuple(blocks))


def bits_of(which: NDArray[np.bool_], at: Ints, grid: Grid) -> Words:
    """Return one bit for each chosen person: the bucket of a moment."""
    words = np.zeros((at.size, len(words_of(grid))), np.uint64)
    people = np.flatnonzero(which)
    bucket = np.searchsorted(edges_of(grid.edges), at[people], side="right") - 1
    words[people, bucket // WORD] = np.uint64(1) << (bucket % WORD).astype(np.uint64)
    return words


def is_any(words: Words) -> NDArray[np.bool_]:
    return np.asarray(words.any(axis=1))


def columns(words: dict[str, Words], which: NDArray[np.bool_]) -> Columns:
    """Lay words out as the engine answers them, one row a person."""
    found: Columns = {"people": np.ones(int(which.sum()), np.int64)}
    for name, cells in words.items():
        for place, column in enumerate(names(name, range(cells.shape[1]))):
            found[column] = cells[which, place]
    return found if which.any() else {}
