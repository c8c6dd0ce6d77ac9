"""Count who came back in which period, from masks of buckets. Pure, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import compiled, inlined

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]
ONE = np.uint64(1)


@compiled
def returned(starts: Words, returns: Words, people: Ints, group: Ints, out: Ints) -> None:
    """Add up into out[group, start bucket, period]; period 0 is the size.

    Row i: `people[i]` persons of `group[i]` who started in the buckets of starts[i] and returned in
    those of returns[i] (64 buckets a word).
    """
    _, buckets, periods = out.shape
    for row in range(people.size):
        for start in range(buckets):
            if not has(starts[row], start):
                continue
            out[group[row], start, 0] += people[row]
            for period in range(1, min(periods, 64 * returns.shape[1] - start)):
                if has(returns[row], start + period):
                    out[group[row], start, period] += people[row]


@compiled
def returned_or_later(
    starts: Words, returns: Words, people: Ints, group: Ints, shown: Ints, out: Ints
) -> None:
    """As `returned`, but a return counts for every period up to its own.

    shown[start] is the last period of the start bucket that is shown: later returns do not count.
    """
    _, buckets, _ = out.shape
    for row in range(people.size):
        for start in range(buckets):
            if not has(starts[row], start):
                continue
            last = shown[start]
            while last > 0 and not has(returns[row], start + last):
                last -= 1
            for period in range(last + 1):
                out[group[row], start, period] += people[row]


@inlined
def has(words: Words, place: int) -> bool:
    return bool((words[place >> 6] >> np.uint64(place & 63)) & ONE)
