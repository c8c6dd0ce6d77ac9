"""Each person's best attempt at a funnel, in time linear in the person's events. Pure, compiled.

An attempt begins at every instant at which the first step happens; of the events of one instant
the best order counts. Its later steps are taken greedily, each by one look into a table of what
comes next, so an attempt costs as many looks as the funnel has steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analytics.insights.passes.matching import chain, holds

Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).min
ORDERED, STRICT, ANY = 0, 1, 2
NONE = -1
# How far back events of one instant are compared; beyond, alike ones are only walked again.
ALIKE = 64


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


@njit(nogil=True, cache=True)
def attempts(starts: Ints, ts: Ints, masks: Ints, spec: Spec, trend: Ints) -> Best:
    """Find the best attempt of each person: rows starts[i] to starts[i + 1], in order of time.

    trend[0] and trend[1] grow by who entered and who converted, per bucket.
    """
    count, width = starts.size - 1, spec.steps
    best = Best(
        np.zeros(count, np.int64),
        np.full((count, width), NEVER, np.int64),
        np.full((count, width), NONE, np.int64),
        np.zeros(count, np.bool_),
    )
    longest = 0
    for one in range(count):
        longest = max(longest, starts[one + 1] - starts[one])
    begins, ends = np.empty(longest, np.int32), np.empty(longest, np.int32)
    following = np.empty((width + spec.after.size, longest + 2), np.int32)
    walk = Walk(
        np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width, np.int64),
        np.empty(2, np.int64), np.empty(width, np.int64), np.empty(width, np.int64),
        np.empty((width, width), np.int64),
    )  # fmt: skip
    for one in range(count):
        first, stop = starts[one], starts[one + 1]
        if spec.order != ANY and not _has(masks, first, stop, 1 << spec.required[0]):
            continue
        events = Events(ts[first:stop], masks[first:stop], begins, ends, following)
        _index(events)
        walk.bucket[0] = NONE
        if spec.order == ORDERED:
            _ordered(events, spec, walk, best, one, trend)
        elif spec.order == STRICT:
            _strict(events, spec, walk, best, one, trend)
        else:
            _in_any_order(events, spec, walk, best, one, trend)
        for step in range(width):
            if best.places[one, step] != NONE:
                best.places[one, step] += first
    return best


@njit(inline="always")
def _has(masks: Ints, first: int, stop: int, bits: int) -> bool:
    for place in range(first, stop):  # noqa: SIM110  # numba compiles no generators
        if masks[place] & bits:
            return True
    return False


@njit(inline="always")
def _index(events: Events) -> None:
    """Fill in the bounds of the instants, and what comes next."""
    ts, masks, begins, ends, following = events
    count = ts.size
    begin = 0
    for place in range(count):
        if ts[place] != ts[begin]:
            begin = place
        begins[place] = begin
    for bit in range(following.shape[0]):
        following[bit, count] = count
        following[bit, count + 1] = count
    end = count
    for place in range(count - 1, -1, -1):
        ends[place] = end
        if begins[place] == place:
            end = place
        for bit in range(following.shape[0]):
            has_it = (masks[place] >> bit) & 1
            following[bit, place] = place if has_it else following[bit, place + 1]


@njit(inline="always")
def _ordered(events: Events, spec: Spec, walk: Walk, best: Best, one: int, trend: Ints) -> None:
    # Local names: each look through a tuple counts references, and those cost more than the rest.
    ts, masks, begins, ends, following = events
    times, places, taken, seen, led, led_by = (
        walk.times,
        walk.places,
        walk.taken,
        walk.seen,
        walk.led,
        walk.led_by,
    )
    steps, window, end = spec.required, spec.window, spec.end
    first_step, depth, count = steps[0], steps.size, ts.size
    may_stop, has_optional = spec.edges.size == 0, spec.optional.size > 0
    for level in range(depth):
        seen[level] = NONE
    place = following[first_step, 0]
    while place < count and ts[place] < end:
        start = ts[place]
        if may_stop and _is_settled(spec, best, one, start):
            return
        _begin(times, places)
        after = ends[place]
        level = 1
        taken[0] = place
        if after - begins[place] > 1:
            level = _begun(events, spec, steps, place, taken)
        while level < depth:
            found = following[steps[level], after]
            if found == count or ts[found] - start > window:
                break
            first, after = begins[found], ends[found]
            if after - first == 1:
                taken[level] = found
                level += 1
                continue
            if seen[level] != first:
                seen[level] = first
                led[level] = chain(masks, first, after, steps, level, led_by[level])
            filled = level + led[level]
            taken[level:filled] = led_by[level, level:filled]
            level = filled
        _take(ts, steps, level, walk)
        if has_optional:
            _take_optional(events, spec, walk, start + window)
        _offer(events, spec, walk, best, one, trend)
        place = _next_beginning(events, spec, place)


@njit(inline="always")
def _begin(times: Ints, places: Ints) -> None:
    for step in range(times.size):  # a slice's assignment takes ten times as long
        times[step] = NEVER
        places[step] = NONE


@njit(inline="always")
def _take(ts: Ints, steps: Ints, count: int, walk: Walk) -> None:
    """Note the events taken for the first steps."""
    times, places, taken = walk.times, walk.places, walk.taken
    for level in range(count):
        places[steps[level]] = taken[level]
        times[steps[level]] = ts[taken[level]]


@njit(inline="always")
def _is_settled(spec: Spec, best: Best, one: int, start: int) -> bool:
    """Tell whether the person got to the end before this attempt begins."""
    return bool(best.far[one] == spec.steps and best.times[one, spec.steps - 1] < start)


@njit(inline="always")
def _take_optional(events: Events, spec: Spec, walk: Walk, last: int) -> None:
    """Take optional steps where an event lies between their neighbors that fills no other step."""
    for step in spec.optional:
        required = spec.required[np.searchsorted(spec.required, step) - 1]
        if walk.places[required] == NONE:
            return
        before = step - 1
        while walk.places[before] == NONE:
            before -= 1
        until = last
        for later in range(step + 1, spec.steps):
            if walk.places[later] != NONE:
                until = walk.times[later]
                break
        place = events.next[step, events.begins[walk.places[before]]]
        while place < events.ts.size and holds(walk.places, place):
            place = events.next[step, place + 1]
        if place < events.ts.size and events.ts[place] <= until:
            walk.places[step] = place
            walk.times[step] = events.ts[place]


@njit(nogil=True, cache=True)
def _strict(events: Events, spec: Spec, walk: Walk, best: Best, one: int, trend: Ints) -> None:
    """Walk attempts whose next step is the very next event.

    At the first instant an attempt may begin with any event, so it may take any number of the
    steps there; an instant in the middle must be used up before the next one follows.
    """
    steps, count = spec.required, events.ts.size
    place = events.next[steps[0], 0]
    while place < count and events.ts[place] < spec.end:
        start = events.ts[place]
        if spec.edges.size == 0 and _is_settled(spec, best, one, start):
            return
        furthest, first_at = 0, 0
        stop = events.ends[place]
        for begun in range(_begun(events, spec, steps, place, walk.taken), 0, -1):
            _begun(events, spec, steps[:begun], place, walk.taken)
            level = _follow_strictly(events, spec, walk.taken, begun, stop, start)
            at = events.ts[walk.taken[level - 1]]
            if level > furthest or (level == furthest and at < first_at):
                furthest, first_at = level, at
                for step in range(level):
                    walk.led[step] = walk.taken[step]
        for step in range(furthest):
            walk.taken[step] = walk.led[step]
        _begin(walk.times, walk.places)
        _take(events.ts, steps, furthest, walk)
        _offer(events, spec, walk, best, one, trend)
        place = _next_beginning(events, spec, place)


@njit(nogil=True, cache=True)
def _begun(events: Events, spec: Spec, steps: Ints, place: int, taken: Ints) -> int:
    """Take steps at the instant at which an attempt begins; return how many.

    Which event is the first step matters only where an exclusion may void the better attempt.
    """
    masks, first, stop = events.masks, events.begins[place], events.ends[place]
    if spec.after.size == 0:
        return chain(masks, first, stop, steps, 0, taken)
    taken[0], mask = place, masks[place]
    masks[place] = 0
    filled = 1
    if steps.size > 1:
        filled += chain(masks, first, stop, steps, 1, taken)
    masks[place] = mask
    return filled


@njit(nogil=True, cache=True)
def _next_beginning(events: Events, spec: Spec, place: int) -> int:
    """Return the next event that begins an attempt unlike those before it at the same instant."""
    first_step = spec.required[0]
    if spec.after.size == 0:
        return int(events.next[first_step, events.ends[place]])
    stop = events.ends[place]
    masks, following = events.masks, events.next[first_step, place + 1]
    while following < stop:
        is_new = True
        for earlier in range(max(events.begins[place], following - ALIKE), following):
            is_new = is_new and masks[earlier] != masks[following]
        if is_new:
            return int(following)
        following = events.next[first_step, following + 1]
    return int(following)


@njit(nogil=True, cache=True)
def _follow_strictly(
    events: Events, spec: Spec, taken: Ints, level: int, after: int, start: int
) -> int:
    """Take what follows at once, from the event `after` on; return the level reached."""
    while level < spec.steps and after < events.ts.size:
        if events.ts[after] - start > spec.window:
            return level
        size = events.ends[after] - after
        filled = chain(events.masks, after, events.ends[after], spec.required, level, taken)
        level += filled
        after = events.ends[after]
        if filled < size:
            return level
    return level


@njit(nogil=True, cache=True)
def _in_any_order(  # calls cost more than the loops here
    events: Events, spec: Spec, walk: Walk, best: Best, one: int, trend: Ints
) -> None:
    """Walk attempts that begin at any step's event and count distinct steps.

    The next events of each step, as many as there are steps, are enough to look at: what they
    cannot fill, later ones cannot fill earlier.
    """
    count, steps = events.ts.size, spec.steps
    place = _first_of_any(events, steps, 0)
    chosen = np.empty(steps, np.int64)
    heads = np.empty(steps, np.int64)
    seen = np.empty(steps, np.int64)
    while place < count and events.ts[place] < spec.end:
        start = events.ts[place]
        if spec.edges.size == 0 and _is_settled(spec, best, one, start):
            return
        _begin(walk.times, walk.places)
        chosen[:] = NONE
        seen[:] = 0
        for step in range(steps):
            heads[step] = events.next[step, place]
        filled = 0
        while filled < steps:
            found = _nearest(heads, seen, count)
            if found == count or events.ts[found] - start > spec.window:
                break
            for step in range(steps):
                if heads[step] == found:
                    heads[step] = events.next[step, found + 1]
                    seen[step] += 1
            if _fill(events.masks, found, chosen):
                walk.places[filled] = found
                walk.times[filled] = events.ts[found]
                filled += 1
        _offer(events, spec, walk, best, one, trend)
        place = _first_of_any(events, steps, events.ends[place])


@njit(nogil=True, cache=True)
def _first_of_any(events: Events, steps: int, place: int) -> int:
    """Return the first event from `place` on that can fill any step."""
    found = events.ts.size
    for step in range(steps):
        found = min(found, events.next[step, place])
    return found


@njit(nogil=True, cache=True)
def _nearest(heads: Ints, seen: Ints, count: int) -> int:
    """Return the next event that a step may still look at; `count` when there is none."""
    found = count
    for step in range(heads.size):
        if seen[step] < heads.size:
            found = min(found, heads[step])
    return found


@njit(nogil=True, cache=True)
def _fill(masks: Ints, place: int, chosen: Ints) -> bool:
    """Give an event a step that is free, moving other events to other steps if that helps."""
    steps = chosen.size
    came_from = np.full(steps, NONE, np.int64)  # the event that would move to the step
    queue = np.empty(steps + 1, np.int64)
    queue[0] = place
    size, at = 1, 0
    while at < size:
        event = queue[at]
        at += 1
        for step in range(steps):
            if came_from[step] != NONE or not (masks[event] >> step) & 1:
                continue
            came_from[step] = event
            if chosen[step] != NONE:
                queue[size] = chosen[step]
                size += 1
                continue
            while True:
                event = came_from[step]
                before = NONE
                for other in range(steps):
                    if chosen[other] == event:
                        before = other
                chosen[step] = event
                if event == place:
                    return True
                step = before
    return False


@njit(inline="always")
def _offer(events: Events, spec: Spec, walk: Walk, best: Best, one: int, trend: Ints) -> None:
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


@njit(inline="always")
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


@njit(inline="always")
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


@njit(inline="always")
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
