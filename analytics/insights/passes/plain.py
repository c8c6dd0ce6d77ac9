"""Each person's best attempt at a plain funnel, in one look at each event. Pure, compiled.

Plain: the steps in order, each event fills one step only, nothing is excluded, no step is optional.
Then of all attempts that got to a step the one that began last can still do all that the others
can, so one attempt a step is all that there is to remember. `passes.funnel` finds the same for
every funnel, in as many looks a beginning as there are steps: thirty times slower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.definitions.funnel import STEP_BITS
from analytics.insights.passes.attempt import NEVER, NONE, Ints, Spec
from analytics.insights.passes.grouping import Part
from portal.lib.compiling import compiled, inlined

# A row's time and step are one number, so that rows sort by both: the microseconds, then the step.
STEP = (1 << STEP_BITS) - 1
LATE = 1 << 62  # later than any time and window


class Found(NamedTuple):
    """One row a person who entered.

    times[i, k] is when step k was taken (NEVER if not), places[i, k] by which row of the input.
    """

    person: NDArray[np.uint64]
    times: Ints
    places: Ints
    is_open: NDArray[np.bool_]


@compiled
def stepped(part: Part, masks: NDArray[np.uint32]) -> Part:
    """Turn times into such numbers; a row's mask has the bit of its only step."""
    moments = np.empty(part.ts.size, np.int64)
    for place in range(moments.size):
        mask, step = masks[part.place[place]], 0
        while mask > 1:
            mask >>= 1
            step += 1
        moments[place] = (part.ts[place] << STEP_BITS) | step
    return Part(part.person, part.starts, moments, part.place)


@compiled
def attempts(part: Part, spec: Spec) -> Found:
    """Find the best attempt of each person of a part; `part.ts` are such numbers."""
    starts, moments, inputs, count = part.starts, part.ts, part.place, part.person.size
    steps, window = spec.steps, spec.window
    end = min(spec.end, spec.as_of - window + 1) if spec.leave_out_open else spec.end
    person, is_open = np.empty(count, np.uint64), np.empty(count, np.bool_)
    times, places = np.empty((count, steps), np.int64), np.empty((count, steps), np.int64)
    begun, last = np.empty(steps + 1, np.int64), np.empty(steps + 1, np.int64)
    before = np.empty(moments.size, np.int64)
    entered = 0
    for one in range(count):
        far, place = _walk(moments, starts[one], starts[one + 1], window, end, begun, last, before)
        if far == 0:
            continue
        for step in range(far, steps):
            times[entered, step] = NEVER
            places[entered, step] = NONE
        for step in range(far - 1, -1, -1):
            times[entered, step] = moments[place] >> STEP_BITS
            places[entered, step] = inputs[place]
            place = before[place]
        person[entered] = part.person[one]
        is_open[entered] = times[entered, 0] + window > spec.as_of
        entered += 1
    return Found(person[:entered], times[:entered], places[:entered], is_open[:entered])


@inlined
def _walk(  # noqa: PLR0913  # looks through a tuple count references, which cost more than the rest
    moments: Ints, first: int, stop: int, window: int, end: int, begun: Ints, last: Ints, before: Ints
) -> tuple[int, int]:  # fmt: skip
    """Return how far a person's best attempt got, and by which row it got there.

    begun[k], last[k]: of the attempts with k steps the one that began last, when, and its last row.
    before[row]: the row of the step before, of the same attempt.
    """
    steps = begun.size - 1
    for step in range(steps + 1):
        begun[step] = NEVER
    far, arrived = 0, NONE
    for place in range(first, stop):
        now, step = moments[place] >> STEP_BITS, moments[place] & STEP
        begun[0] = now if now < end else NEVER
        start = begun[step]
        # An attempt that began as late has taken an earlier event for this step.
        if start < now - window or start <= begun[step + 1]:
            continue
        begun[step + 1], last[step + 1], before[place] = start, place, last[step]
        if step == far:
            far, arrived = step + 1, place
            if far == steps:
                break
    return far, arrived


@compiled
def count(part: Part, spec: Spec, trend: Ints) -> None:
    """Let trend[0] and trend[1] grow by who entered and who converted, per bucket of the beginning.

    Backwards: then what comes next is known, and each beginning asks only when it would be over.
    """
    moments, edges, steps, window = part.ts, spec.edges, spec.steps, spec.window
    end = min(spec.end, spec.as_of - window + 1) if spec.leave_out_open else spec.end
    over = np.empty(steps, np.int64)  # when the earliest event of each step from here on gets there
    for one in range(part.person.size):
        over[:] = LATE
        bucket, last, has_converted = edges.size - 1, NONE, False
        for place in range(part.starts[one + 1] - 1, part.starts[one] - 1, -1):
            now, step = moments[place] >> STEP_BITS, moments[place] & STEP
            if step > 0:
                over[step] = now if step == steps - 1 else over[step + 1]
                continue
            if now >= end:
                continue
            while edges[bucket] > now:
                bucket -= 1
            if bucket != last:
                last, has_converted = bucket, False
                trend[0, bucket] += 1
            if not has_converted and over[1] - now <= window:
                has_converted = True
                trend[1, bucket] += 1
