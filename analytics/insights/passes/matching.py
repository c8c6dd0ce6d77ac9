"""How many of a funnel's next steps the events of one instant can fill. Pure, compiled.

Events of the same instant may be taken in any order and one event fills one step, so this is a
matching between steps and events. Events that can fill the same steps are alike and make a class,
so that a million events of one instant cost one pass over them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import compiled

Ints = NDArray[np.int64]


@compiled
def chain(masks: Ints, first: int, stop: int, wanted: Ints, level: int, taken: Ints) -> int:
    """Fill the steps wanted[level], wanted[level + 1], … as far as the events go; return how many.

    `masks[first:stop]` are the events of one instant, bit k set when step k may take the event;
    taken[level + i] becomes the position of the event that fills the i-th of these steps: the first
    one that leaves enough for the steps after it.
    """
    if stop - first == 1:
        if (masks[first] >> wanted[level]) & 1:
            taken[level] = first
            return 1
        return 0
    kinds = np.empty(stop - first, np.int64)
    sizes = np.zeros(stop - first, np.int64)
    count = 0
    for place in range(first, stop):
        kind = 0
        while kind < count and kinds[kind] != masks[place]:
            kind += 1
        if kind == count:
            kinds[count] = masks[place]
            count += 1
        sizes[kind] += 1
    left = sizes[:count].copy()
    chosen = np.full(wanted.size, -1, np.int64)
    filled = 0
    while level + filled < wanted.size and augment(
        kinds[:count], left, wanted, level + filled, chosen
    ):
        filled += 1
    end = level + filled
    if count == 1 or filled == 0:
        for step in range(level, end):
            taken[step] = first + step - level
    else:
        instant = masks[first:stop]
        _give_out(instant, first, kinds[:count], sizes[:count], wanted[:end], level, chosen, taken)
    return filled


@compiled
def _give_out(  # noqa: PLR0913  # looks through a tuple count references
    masks: Ints, first: int, kinds: Ints, left: Ints, wanted: Ints, level: int, chosen: Ints, taken: Ints
) -> None:  # fmt: skip
    """Give each step in turn the first event that leaves enough for the steps after it.

    So it follows from the order of the events alone which of them are taken.
    """
    refused = np.empty(kinds.size, np.bool_)
    for step in range(level, wanted.size):
        refused[:] = False
        for place in range(masks.size):
            if not (masks[place] >> wanted[step]) & 1 or holds(taken[level:step], first + place):
                continue
            kind = 0
            while kinds[kind] != masks[place]:
                kind += 1
            if refused[kind]:
                continue
            left[kind] -= 1
            if kind == chosen[step] or _can_follow(kinds, left, wanted, step + 1, chosen):
                chosen[step] = kind
                taken[step] = first + place
                break
            left[kind] += 1
            refused[kind] = True


@compiled
def _can_follow(kinds: Ints, left: Ints, wanted: Ints, level: int, chosen: Ints) -> bool:
    """Tell whether what is left fills all steps from `level` on, and choose for them if it does."""
    rest, others = left.copy(), np.full(chosen.size, -1, np.int64)
    for step in range(level, wanted.size):
        if not augment(kinds, rest, wanted, step, others):
            return False
    chosen[level:] = others[level:]
    return True


@compiled
def augment(kinds: Ints, left: Ints, wanted: Ints, step: int, chosen: Ints) -> bool:
    """Find an event for one more step, moving earlier ones to other events if that helps.

    A breadth-first search for an augmenting path; `left` counts the free events of each kind.
    """
    reached_by = np.full(kinds.size, -1, np.int64)
    queue = np.empty(wanted.size, np.int64)
    queue[0] = step
    size, at = 1, 0
    while at < size:
        current = queue[at]
        at += 1
        for kind in range(kinds.size):
            if reached_by[kind] >= 0 or not (kinds[kind] >> wanted[current]) & 1:
                continue
            reached_by[kind] = current
            if left[kind] > 0:
                left[kind] -= 1
                _move(kind, step, reached_by, chosen)
                return True
            for other in range(chosen.size):
                if chosen[other] == kind:
                    queue[size] = other
                    size += 1
    return False


@compiled
def _move(kind: int, step: int, reached_by: Ints, chosen: Ints) -> None:
    """Give each step on the path the kind that was found for it."""
    while True:
        owner = reached_by[kind]
        before = chosen[owner]
        chosen[owner] = kind
        if owner == step:
            return
        kind = before


@compiled
def holds(values: Ints, value: int) -> bool:
    for one in values:  # noqa: SIM110  # numba compiles no generators
        if one == value:
            return True
    return False
