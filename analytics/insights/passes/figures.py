"""Figures over attempts: the value each counts for, and how long steps took. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes.attempt import NEVER
from portal.lib.compiling import compiled

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
NOT_SET = -1
BUCKETS = 1024  # into which each group's spans are counted before they are ranked
LOW = (1 << 32) - 1
FARTHEST = np.iinfo(np.int64).max


class Spans(NamedTuple):
    """What is told of each group's spans: their number, their sum, and those at some ranks.

    The sum is high * 2**32 + low, as microseconds of many years are past 64 bits. at[group, i] are
    the spans at the two ranks that a quantile lies between: its lower one, and the next.
    """

    sizes: Ints
    high: Ints
    low: Ints
    at: NDArray[np.int64]


@compiled
def touched(keys: Codes, unset: int, is_last: bool) -> Codes:
    """Return the first of each row's keys that is set, or the last; NOT_SET where none is.

    `unset` is the code of the text that means not set, NOT_SET when there is none.
    """
    rows, steps = keys.shape
    found = np.full(rows, NOT_SET, np.int32)
    for row in range(rows):
        for step in range(steps):
            key = keys[row, steps - 1 - step if is_last else step]
            if key not in (NOT_SET, unset):
                found[row] = key
                break
    return found


@compiled
def spans(at: Ints, before: Ints, group: Codes, groups: int, shares: NDArray[np.float64]) -> Spans:
    """Measure at - before for the rows with at[row] != NEVER, by group, in linear time.

    Spans are counted by buckets first; only the buckets that hold a wanted rank are sorted.
    """
    span, owner = _taken(at, before, group)
    sizes, high, low = np.zeros((3, groups), np.int64)
    least, most = np.full(groups, FARTHEST), np.full(groups, -FARTHEST)
    for row in range(span.size):
        one, value = owner[row], span[row]
        sizes[one] += 1
        high[one] += value >> 32
        low[one] += value & LOW
        least[one], most[one] = min(least[one], value), max(most[one], value)
    shift = np.zeros(groups, np.int64)
    for one in range(groups):
        while sizes[one] and (most[one] - least[one]) >> shift[one] >= BUCKETS:
            shift[one] += 1
    ranks = _ranks(sizes, shares)
    counts = np.zeros((groups, BUCKETS), np.int64)
    for row in range(span.size):
        one = owner[row]
        counts[one, (span[row] - least[one]) >> shift[one]] += 1
    begins, firsts, wanted = _wanted(counts, ranks)
    held, ends = np.empty(wanted, np.int64), begins.copy()
    for row in range(span.size):
        one = owner[row]
        bucket = (span[row] - least[one]) >> shift[one]
        if begins[one, bucket] >= 0:
            held[ends[one, bucket]] = span[row]
            ends[one, bucket] += 1
    return Spans(sizes, high, low, _ranked(held, begins, ends, firsts, ranks))


@compiled
def _taken(at: Ints, before: Ints, group: Codes) -> tuple[Ints, Codes]:
    """Return the spans that there are, and the group of each."""
    span, owner, count = np.empty(at.size, np.int64), np.empty(at.size, np.int32), 0
    for row in range(at.size):
        span[count], owner[count] = at[row] - before[row], group[row]
        count += at[row] != NEVER
    return span[:count], owner[:count]


@compiled
def _ranks(sizes: Ints, shares: NDArray[np.float64]) -> Ints:
    """Return the two ranks of each quantile, for each group; -1 where a group is empty."""
    ranks = np.full((sizes.size, shares.size, 2), -1, np.int64)
    for one in range(sizes.size):
        for place in range(shares.size if sizes[one] else 0):
            rank = np.int64(np.floor(shares[place] * (sizes[one] - 1)))
            ranks[one, place, 0] = rank
            ranks[one, place, 1] = min(rank + 1, sizes[one] - 1)
    return ranks


@compiled
def _wanted(counts: Ints, ranks: Ints) -> tuple[Ints, Ints, int]:
    """Return where each bucket that holds a rank begins among those (-1: it holds none), which rank
    is its first, and how many spans they hold.
    """
    groups, buckets = counts.shape
    begins, firsts = np.full((groups, buckets), -1, np.int64), np.zeros((groups, buckets), np.int64)
    held = 0
    for one in range(groups):
        first = 0
        for bucket in range(buckets):
            firsts[one, bucket] = first
            for rank in ranks[one].flat:
                if first <= rank < first + counts[one, bucket] and begins[one, bucket] < 0:
                    begins[one, bucket] = held
                    held += counts[one, bucket]
            first += counts[one, bucket]
    return begins, firsts, held


@compiled
def _ranked(held: Ints, begins: Ints, ends: Ints, firsts: Ints, ranks: Ints) -> NDArray[np.int64]:
    """Return the span at each rank."""
    groups, buckets = begins.shape
    found = np.zeros(ranks.shape, np.int64)
    for one in range(groups):
        for bucket in range(buckets):
            begin, end = begins[one, bucket], ends[one, bucket]
            if begin < 0:
                continue
            held[begin:end].sort()
            first = firsts[one, bucket]
            for place in range(ranks.shape[1]):
                for side in range(2):
                    rank = ranks[one, place, side]
                    if first <= rank < first + end - begin:
                        found[one, place, side] = held[begin + rank - first]
    return found
