"""Compiled passes over the buckets of classic histograms. Pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import compiled_on_floats

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Counts that differ by less are the same but for the rounding of what was added up.
TOLERANCE = 1e-12


@compiled_on_floats
def gathered(
    bounds: Floats, counts: Floats, present: Flags, column: int, upper: Floats, held: Floats
) -> int:
    """Take the buckets that are there at one time; those of one bound become one."""
    size = 0
    for row in range(len(bounds)):
        if not present[row, column]:
            continue
        if size > 0 and upper[size - 1] == bounds[row]:
            held[size - 1] += counts[row, column]
        else:
            upper[size] = bounds[row]
            held[size] = counts[row, column]
            size += 1
    return size


@compiled_on_floats
def even(held: Floats, size: int) -> None:
    """Take away differences that are rounding."""
    before = held[0]
    for place in range(1, size):
        delta = abs(held[place] - before)
        if delta == 0:
            continue
        if delta / held[place] <= TOLERANCE:
            held[place] = before
        else:
            before = held[place]


@compiled_on_floats
def rising(upper: Floats, held: Floats, size: int, forced: Floats) -> bool:
    """Make counts rise from bucket to bucket.

    `forced` becomes the bounds of the first and last bucket that had to be raised, and the most
    that one was raised by.
    """
    most, was_forced = held[0], False
    for place in range(1, size):
        if held[place] > most:
            most = held[place]
        elif held[place] < most:
            if not was_forced:
                forced[0] = upper[place]
                forced[2] = 0.0
            was_forced = True
            forced[1] = upper[place]
            forced[2] = max(forced[2], most - held[place])
            held[place] = most
    return was_forced


@compiled_on_floats
def quantile_in(upper: Floats, held: Floats, size: int, quantile: float) -> float:
    """Interpolate in buckets whose counts rise; the last one has no bound."""
    if size < 2 or held[size - 1] == 0:
        return math.nan
    rank = quantile * held[size - 1]
    bucket = 0
    while bucket < size - 1 and not held[bucket] >= rank:
        bucket += 1
    if bucket == size - 1:
        last: float = upper[size - 2]
        return last
    if bucket == 0 and upper[0] <= 0:
        first: float = upper[0]
        return first
    start, count = 0.0, held[bucket]
    if bucket > 0:
        start = upper[bucket - 1]
        count -= held[bucket - 1]
        rank -= held[bucket - 1]
    result: float = start + (upper[bucket] - start) * (rank / count)
    return result


@compiled_on_floats
def quantiles(  # a pass takes plain arrays
    bounds: Floats, counts: Floats, present: Flags, quantile: Floats, out: Floats, forced: Floats
) -> None:
    """Compute a histogram's quantile at each time; `bounds` rise.

    `forced[column]` is what `rising` says of the time, NaN where nothing was forced.
    """
    upper, held = np.empty(len(bounds)), np.empty(len(bounds))
    for column in range(counts.shape[1]):
        size = gathered(bounds, counts, present, column, upper, held)
        if size == 0:
            continue
        wanted = quantile[column]
        if math.isnan(wanted):
            out[column] = math.nan
        elif wanted < 0:
            out[column] = -math.inf
        elif wanted > 1:
            out[column] = math.inf
        elif upper[size - 1] != math.inf:
            out[column] = math.nan
        else:
            even(held, size)
            rising(upper, held, size, forced[column])
            out[column] = quantile_in(upper, held, size, wanted)


@compiled_on_floats
def rank_at(upper: Floats, held: Floats, size: int, value: float) -> float:
    """Count what lies below a value, interpolating inside its bucket."""
    below = 0.0
    for bucket in range(size):
        start = upper[bucket - 1] if bucket > 0 else -math.inf
        if bucket == 0 and upper[0] > 0:
            start = 0.0
        if start >= value:
            return below
        if upper[bucket] > value:
            if math.isinf(start):
                whole: float = held[bucket]
                return whole
            within = (held[bucket] - below) * (value - start) / (upper[bucket] - start)
            rank: float = below + within
            return rank
        below = held[bucket]
    return below


@compiled_on_floats
def fractions(  # a pass takes plain arrays
    bounds: Floats, counts: Floats, present: Flags, lower: Floats, higher: Floats, out: Floats
) -> None:
    """Compute which part of a histogram lies between two values, at each time; `bounds` rise."""
    upper, held = np.empty(len(bounds)), np.empty(len(bounds))
    for column in range(counts.shape[1]):
        size = gathered(bounds, counts, present, column, upper, held)
        if size == 0:
            continue
        low, high = lower[column], higher[column]
        total = held[size - 1]
        is_number = not (math.isnan(low) or math.isnan(high))
        if upper[size - 1] != math.inf or total == 0 or not is_number:
            out[column] = math.nan
        elif low >= high:
            out[column] = 0.0
        else:
            first = min(rank_at(upper, held, size, low), total)
            last = min(rank_at(upper, held, size, high), total)
            out[column] = (last - first) / total
