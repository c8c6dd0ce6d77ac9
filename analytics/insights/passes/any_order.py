"""Funnels whose steps may happen in any order. Pure, compiled."""

from __future__ import annotations

import numpy as np

from analytics.insights.passes.attempt import (
    NONE,
    Best,
    Events,
    Ints,
    Spec,
    Walk,
    begin,
    is_settled,
    offer,
)
from portal.lib.compiling import compiled


@compiled
def in_any_order(  # calls cost more than the loops here
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
        if spec.edges.size == 0 and is_settled(spec, best, one, start):
            return
        begin(walk.times, walk.places)
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
        offer(events, spec, walk, best, one, trend)
        place = _first_of_any(events, steps, events.ends[place])


@compiled
def _first_of_any(events: Events, steps: int, place: int) -> int:
    """Return the first event from `place` on that can fill any step."""
    found = events.ts.size
    for step in range(steps):
        found = min(found, events.next[step, place])
    return found


@compiled
def _nearest(heads: Ints, seen: Ints, count: int) -> int:
    """Return the next event that a step may still look at; `count` when there is none."""
    found = count
    for step in range(heads.size):
        if seen[step] < heads.size:
            found = min(found, heads[step])
    return found


@compiled
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
