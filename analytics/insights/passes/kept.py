"""Passes over kept rows: blocks that follow each other in time, each by person and time. Compiled.

Called once a block, in order. A person is a small number, so what is known of them stands in an
array under it; and because a block's rows lie together by person, that array is read in order.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analytics.insights.passes.grouping import Part

Whos = NDArray[np.uint32]
Masks = NDArray[np.uint32]  # of no size: there is none, every row counts
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
NEVER = np.iinfo(np.int64).max
ONE = np.uint64(1)


@njit(inline="always")
def _moved(place: int, at: int, edges: Ints) -> int:
    """Return the place i with edges[i] <= at < edges[i + 1], looking from another place on.

    -1 before the first edge, edges.size - 1 after the last.
    """
    while place >= 0 and at < edges[place]:
        place -= 1
    while place + 1 < edges.size and at >= edges[place + 1]:
        place += 1
    return place


@njit(nogil=True, cache=True)
def mark(who: Whos, t: Ints, mask: Masks, bit: int, edges: Ints, words: Words) -> None:
    """Set bit i of words[person] for each row with the bit in [edges[i], edges[i + 1])."""
    place, last = 0, edges.size - 1
    for row in range(who.size):
        if mask.size and not mask[row] & bit:
            continue
        place = _moved(place, t[row], edges)
        if 0 <= place < last:
            words[who[row], place >> 6] |= ONE << np.uint64(place & 63)


@njit(nogil=True, cache=True)
def first(who: Whos, t: Ints, mask: Masks, bit: int, at: Ints, told: Masks) -> None:
    """Note each person's first row that has the bit: when, and its whole mask."""
    for row in range(who.size):
        one = who[row]
        if at[one] == NEVER and (mask.size == 0 or mask[row] & bit):
            at[one] = t[row]
            told[one] = mask[row] if mask.size else np.uint32(bit)


@njit(nogil=True, cache=True)
def seen(who: Whos, t: Ints, edges: Ints, last: NDArray[np.int32], counts: Ints) -> None:
    """Count each person once a bucket [edges[i], edges[i + 1]); last[person] is their last bucket.

    counts[-1] grows by those who had none before (last is -1 then).
    """
    place, end = 0, edges.size - 1
    for row in range(who.size):
        place = _moved(place, t[row], edges)
        one = who[row]
        if 0 <= place < end and last[one] != place:
            counts[end] += last[one] == -1
            counts[place] += 1
            last[one] = place


@njit(nogil=True, cache=True)
def rolling(
    who: Whos, t: Ints, cells: Ints, runs: Ints, until: NDArray[np.int32], changes: Ints
) -> None:
    """Count each person once in every bucket that one of their rows counts for.

    A row of cell i, [cells[i], cells[i + 1]), counts for the buckets runs[0, i] up to, not including,
    runs[1, i]. until[person] is the first bucket that they do not count in yet. The running sum of
    `changes` is the answer.
    """
    place, end = 0, cells.size - 1
    for row in range(who.size):
        place = _moved(place, t[row], cells)
        if not 0 <= place < end:
            continue
        one = who[row]
        begin, stop = max(runs[0, place], np.int64(until[one])), runs[1, place]
        if begin < stop:
            changes[begin] += 1
            changes[stop] -= 1
            until[one] = stop


@njit(nogil=True, cache=True)
def gathered(who: Whos, t: Ints, begins: Ints, ends: Ints, low: int, high: int) -> Part:
    """Bring the rows of the persons low to high - 1 into the order of person and time.

    They are rows begins[i] to ends[i], for each block i. Persons are their numbers here.
    """
    counts = np.zeros(high - low + 1, np.int64)
    for block in range(begins.size):
        for row in range(begins[block], ends[block]):
            counts[who[row] - low] += 1
    there = np.flatnonzero(counts)
    starts = np.zeros(there.size + 1, np.int64)
    at = 0
    for place in range(there.size):
        starts[place] = at
        at += counts[there[place]]
        counts[there[place]] = starts[place]
    starts[there.size] = at
    times, places = np.empty(at, np.int64), np.empty(at, np.int64)
    for block in range(begins.size):
        for row in range(begins[block], ends[block]):
            to = counts[who[row] - low]
            counts[who[row] - low] = to + 1
            times[to] = t[row]
            places[to] = row
    return Part((there + low).astype(np.uint64), starts, times, places)
