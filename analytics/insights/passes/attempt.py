"""An attempt at a funnel, and which of a person's attempts is the best. Pure, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import inlined

Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).min
NONE = -1


class Spec(NamedTuple):
    """What to look for; times in microseconds. Bit k of a mask: step k may take the event.

    Bit `steps + e`: the event voids an attempt after step `after[e]` and before step `before[e]`,
    all from 0. `edges` are the borders of the trend's buckets, or empty.
    """

    order: int
    steps: int
    required: Ints
    optional: Ints
    after: Ints
    before: Ints
    window: int
    end: int  # attempts begin before
    as_of: int
    leave_out_open: bool
    edges: Ints


class Events(NamedTuple):
    """One person's events in order of time.

    `begins` and `ends` bound the events of an instant; next[bit, place] is the first event from
    `place` on that has the bit, or their number.
    """

    ts: Ints
    masks: Ints
    begins: NDArray[np.int32]
    ends: NDArray[np.int32]
    next: NDArray[np.int32]


class Best(NamedTuple):
    """One row a person; `far` is the furthest step taken, from 1, and 0 for who never entered.

    times[i, k] is when step k was taken (NEVER if not), places[i, k] by which row of the input.
    """

    far: Ints
    times: Ints
    places: Ints
    is_open: NDArray[np.bool_]


class Walk(NamedTuple):
    """The attempt at hand: when each step was taken and by which event."""

    times: Ints
    places: Ints
    taken: Ints  # places in the order in which steps are taken
    bucket: Ints  # the trend's bucket of the attempt before, and whether it converted there
    # What the instant led to at which each level's search ended last: many attempts end alike.
    seen: Ints
    led: Ints
    led_by: Ints


@inlined
def begin(times: Ints, places: Ints) -> None:
    for step in range(times.size):  # a slice's assignment takes ten times as long
        times[step] = NEVER
        places[step] = NONE


@inlined
def take(ts: Ints, steps: Ints, count: int, walk: Walk) -> None:
    """Note the events taken for the first steps."""
    times, places, taken = walk.times, walk.places, walk.taken
    for level in range(count):
        places[steps[level]] = taken[level]
        times[steps[level]] = ts[taken[level]]


@inlined
def is_settled(spec: Spec, best: Best, one: int, start: int) -> bool:
    """Tell whether the person got to the end before this attempt begins."""
    return bool(best.far[one] == spec.steps and best.times[one, spec.steps - 1] < start)


@inlined
def offer(events: Events, spec: Spec, walk: Walk, best: Best, one: int, trend: Ints) -> None:
    """Keep an attempt if it is the person's best so far, and count it in the trend."""
    times, places = walk.times, walk.places
    start = times[0]
    is_open = start + spec.window > spec.as_of
    if (is_open and spec.leave_out_open) or (spec.after.size > 0 and _is_void(events, spec, walk)):
        return
    far = places.size
    while places[far - 1] == NONE:
        far -= 1
    if spec.edges.size:
        _count(spec, walk, start, far == places.size, trend)
    furthest, best_times, best_places = best.far, best.times, best.places
    if far > furthest[one] or (
        far == furthest[one] and _is_better(times, best_times[one], far - 1)
    ):
        furthest[one] = far
        for step in range(places.size):
            best_times[one, step] = times[step]
            best_places[one, step] = places[step]
        best.is_open[one] = is_open


@inlined
def _is_better(times: Ints, others: Ints, last: int) -> bool:
    """Compare an attempt with one before it that got as far: who got there first, who began last.

    Of two that begin at one instant, which only exclusions and strict funnels leave to choose from,
    it is the one that takes its steps earlier, or the order of the rows would choose.
    """
    if times[last] != others[last]:
        return bool(times[last] < others[last])
    if times[0] != others[0]:
        return True  # attempts come in the order of their beginning
    for step in range(times.size):
        if times[step] != others[step]:
            return bool(others[step] == NEVER or NEVER < times[step] < others[step])
    return False


@inlined
def _is_void(events: Events, spec: Spec, walk: Walk) -> bool:
    for exclusion in range(spec.after.size):
        after = walk.places[spec.after[exclusion]]
        if after == NONE:
            continue
        until = walk.times[0] + spec.window
        for step in range(spec.before[exclusion], spec.steps):
            if walk.places[step] != NONE:
                until = walk.times[step]
                break
        found = events.next[spec.steps + exclusion, events.ends[after]]
        if found < events.ts.size and events.ts[found] < until:
            return True
    return False


@inlined
def _count(spec: Spec, walk: Walk, start: int, converts: bool, trend: Ints) -> None:
    """Count a person once per bucket as entered, and once as converted."""
    bucket = np.searchsorted(spec.edges, start, side="right") - 1
    if bucket != walk.bucket[0]:
        walk.bucket[0] = bucket
        walk.bucket[1] = 0
        trend[0, bucket] += 1
    if converts and not walk.bucket[1]:
        walk.bucket[1] = 1
        trend[1, bucket] += 1
