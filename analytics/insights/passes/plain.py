"""Each person's best attempt at a plain funnel, in one look at each event. Pure, compiled.

Plain: the steps in order, each event fills one step only, nothing is excluded, no step is optional.
Then of all attempts that got to a step the one that began last can still do all that the others
can, so one attempt a step is all that there is to remember. `passes.funnel` finds the same for
every funnel, in as many looks a beginning as there are steps.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analytics.insights.passes.funnel import NEVER, NONE, Best, Ints, Spec


@njit(nogil=True, cache=True)
def attempts(starts: Ints, ts: Ints, masks: NDArray[np.uint32], spec: Spec) -> Best:
    """Find the best attempt of each person: rows starts[i] to starts[i + 1].

    Rows are in order of time, those of one instant in the order of the steps that they fill.
    """
    count, steps, window = starts.size - 1, spec.steps, spec.window
    end = min(spec.end, spec.as_of - window + 1) if spec.leave_out_open else spec.end
    far_of = np.zeros(count, np.int64)
    times = np.full((count, steps), NEVER, np.int64)
    places = np.full((count, steps), NONE, np.int64)
    is_open = np.zeros(count, np.bool_)
    # Of the attempts that got so far the one that began last: when, and its last event.
    begun, last = np.empty(steps + 1, np.int64), np.empty(steps + 1, np.int64)
    before = np.empty(ts.size, np.int64)  # the event of the step before, of the same attempt
    for one in range(count):
        for step in range(steps + 1):
            begun[step] = NEVER
        far, arrived = 0, NONE
        for place in range(starts[one], starts[one + 1]):
            now = ts[place]
            begun[0] = now if now < end else NEVER
            step = _step_of(masks[place])
            start = begun[step]
            # An attempt that began as late has taken an earlier event for this step.
            if start < now - window or start <= begun[step + 1]:
                continue
            begun[step + 1], last[step + 1] = start, place
            before[place] = last[step]
            if step == far:
                far, arrived = step + 1, place
                if far == steps:
                    break
        far_of[one] = far
        for step in range(far - 1, -1, -1):
            places[one, step] = arrived
            times[one, step] = ts[arrived]
            arrived = before[arrived]
        is_open[one] = far > 0 and times[one, 0] + window > spec.as_of
    return Best(far_of, times, places, is_open)


@njit(inline="always")
def _step_of(mask: np.uint32) -> int:
    """Return the only step that the event fills."""
    step = 0
    while mask > 1:
        mask >>= 1
        step += 1
    return step
