"""Count persons by what each bucket was in their life, from masks of buckets. Pure, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes.retention import has
from portal.lib.compiling import compiled

Words = NDArray[np.uint64]
Ints = NDArray[np.int64]
NEW, RETURNING, RESURRECTING, DORMANT = range(4)


@compiled
def lived(first: Ints, active: Words, people: Ints, out: Ints) -> None:
    """Add up into out[status, bucket]; bucket 0 is the one before the range and stays empty.

    Row i: people[i] persons who came first in bucket first[i] (0: before the range) and were active
    in the buckets of active[i].
    """
    _, buckets = out.shape
    for row in range(people.size):
        for bucket in range(1, buckets):
            is_active = has(active[row], bucket)
            was_active = has(active[row], bucket - 1)
            if is_active and first[row] == bucket:
                out[NEW, bucket] += people[row]
            elif is_active and was_active:
                out[RETURNING, bucket] += people[row]
            elif is_active:
                out[RESURRECTING, bucket] += people[row]
            elif was_active:
                out[DORMANT, bucket] += people[row]
