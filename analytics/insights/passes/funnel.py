"""Each person's best attempt at a funnel, in time linear in the person's events. Pure, compiled.

An attempt begins at every instant at which the first step happens; of the events of one instant
the best order counts. Its later steps are taken greedily, each by one look into a table of what
comes next, so an attempt costs as many looks as the funnel has steps.
"""

from __future__ import annotations

import numpy as np

from analytics.insights.passes.any_order import in_any_order
from analytics.insights.passes.attempt import (
    NEVER,
    NONE,
    Best,
    Events,
    Ints,
    Spec,
    Walk,
    begin,
    is_settled,
    offer,
    take,
)  # fmt: skip
from analytics.insights.passes.matching import chain, holds
from portal.lib.compiling import compiled, inlined

ORDERED, STRICT, ANY = 0, 1, 2
# How far back events of one instant are compared; beyond, alike ones are only walked again.
ALIKE = 64


@compiled
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
            in_any_order(events, spec, walk, best, one, trend)
        for step in range(width):
            if best.places[one, step] != NONE:
                best.places[one, step] += first
    return best


@inlined
def _has(masks: Ints, first: int, stop: int, bits: int) -> bool:
    for place in range(first, stop):  # noqa: SIM110  # numba compiles no generators
        if masks[place] & bits:
            return True
    return False


@inlined
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


@inlined
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
        if may_stop and is_settled(spec, best, one, start):
            return
        begin(times, places)
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
        take(ts, steps, level, walk)
        if has_optional:
            _take_optional(events, spec, walk, start + window)
        offer(events, spec, walk, best, one, trend)
        place = _next_beginning(events, spec, place)


@inlined
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


@compiled
def _strict(events: Events, spec: Spec, walk: Walk, best: Best, one: int, trend: Ints) -> None:
    """Walk attempts whose next step is the very next event.

    At the first instant an attempt may begin with any event, so it may take any number of the
    steps there; an instant in the middle must be used up before the next one follows.
    """
    steps, count = spec.required, events.ts.size
    place = events.next[steps[0], 0]
    while place < count and events.ts[place] < spec.end:
        start = events.ts[place]
        if spec.edges.size == 0 and is_settled(spec, best, one, start):
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
        begin(walk.times, walk.places)
        take(events.ts, steps, furthest, walk)
        offer(events, spec, walk, best, one, trend)
        place = _next_beginning(events, spec, place)


@compiled
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


@compiled
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


@compiled
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
