"""Passes over kept rows: blocks that follow each other in time, each by person and time. Compiled.

Called once a block, in order. A person is a small number, so what is known of them stands in an
array under it; and because a block's rows lie together by person, that array is read in order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes.grouping import MIX, SMALL, Part
from portal.lib.compiling import compiled, inlined

Whos = NDArray[np.uint32]
Masks = NDArray[np.uint32]  # of no size: there is none, every row counts
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
NEVER = np.iinfo(np.int64).max
ONE = np.uint64(1)


class Marked(NamedTuple):
    """A block's rows."""

    who: Whos
    t: Ints
    mask: Masks


@inlined
def _moved(place: int, at: int, edges: Ints) -> int:
    """Return the place i with edges[i] <= at < edges[i + 1], looking from another place on.

    -1 before the first edge, edges.size - 1 after the last.
    """
    while place >= 0 and at < edges[place]:
        place -= 1
    while place + 1 < edges.size and at >= edges[place + 1]:
        place += 1
    return place


@compiled
def settle(order: Ints, who: Whos, t: Ints, mask: Masks) -> None:
    """Bring rows that are in the order of the person into that of time, then mask, then place.

    order[i] is the place of row i in the columns.
    """
    begin = 0
    for end in range(1, order.size + 1):
        if end < order.size and who[order[end]] == who[order[begin]]:
            continue
        if end - begin > SMALL:
            _settle_many(order[begin:end], t, mask)
        else:
            for at in range(begin + 1, end):
                moved, to = order[at], at
                while to > begin and _is_before(moved, order[to - 1], t, mask):
                    order[to] = order[to - 1]
                    to -= 1
                order[to] = moved
        begin = end


@compiled
def _settle_many(order: Ints, t: Ints, mask: Masks) -> None:
    order.sort()
    if mask.size:
        order[:] = order[np.argsort(mask[order], kind="mergesort")]
    order[:] = order[np.argsort(t[order], kind="mergesort")]


@inlined
def _is_before(one: int, other: int, t: Ints, mask: Masks) -> bool:
    if t[one] != t[other]:
        return bool(t[one] < t[other])
    if mask.size and mask[one] != mask[other]:
        return bool(mask[one] < mask[other])
    return one < other


@compiled
def mark(block: Marked, bit: int, edges: Ints, inside: Ints, words: Words) -> None:
    """Set bit i of words[person] for each row with the bit in [edges[i], edges[i + 1]).

    Only rows in [inside[0], inside[1]) count.
    """
    (who, t, mask), place, last = block, 0, edges.size - 1
    for row in range(who.size):
        if (mask.size and not mask[row] & bit) or not inside[0] <= t[row] < inside[1]:
            continue
        place = _moved(place, t[row], edges)
        if 0 <= place < last:
            words[who[row], place >> 6] |= ONE << np.uint64(place & 63)


@compiled
def first(block: Marked, bit: int, inside: Ints, at: Ints, told: Masks) -> None:
    """Note each person's first row inside that has the bit: when, and its whole mask."""
    who, t, mask = block
    for row in range(who.size):
        one = who[row]
        has_bit = mask.size == 0 or mask[row] & bit
        if has_bit and at[one] == NEVER and inside[0] <= t[row] < inside[1]:
            at[one] = t[row]
            told[one] = mask[row] if mask.size else np.uint32(bit)


@compiled
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


@compiled
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


@compiled
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


@compiled
def alike(words: Words) -> tuple[Ints, Ints]:
    """Find rows that are the same: the first of each kind, and how many there are of it."""
    rows = len(words)
    size = 1 << 10
    slots, kinds, counts = (
        np.full(size, -1, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
    )
    known = 0
    for row in range(rows):
        if 2 * known >= size:
            size *= 4
            slots = np.full(size, -1, np.int64)
            for kind in range(known):
                slots[_slot(words, kinds[kind], kinds, slots)] = kind
        slot = _slot(words, row, kinds, slots)
        if slots[slot] < 0:
            slots[slot], kinds[known], counts[known] = known, row, 0
            known += 1
        counts[slots[slot]] += 1
    return kinds[:known].copy(), counts[:known].copy()


@inlined
def _slot(words: Words, row: int, kinds: Ints, slots: Ints) -> int:
    """Return where a row like this one stands, or the free place where it would."""
    mixed = np.uint64(0)
    for word in range(words.shape[1]):
        mixed = (mixed ^ words[row, word]) * MIX
        mixed ^= mixed >> np.uint64(29)
    slot = np.int64(mixed & np.uint64(slots.size - 1))
    while slots[slot] >= 0:
        other, is_same = kinds[slots[slot]], True
        for word in range(words.shape[1]):
            is_same = is_same and words[row, word] == words[other, word]
        if is_same:
            break
        slot = (slot + 1) & (slots.size - 1)
    return int(slot)
