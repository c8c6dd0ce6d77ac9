"""How many of a funnel's next steps the events of one instant can fill. Pure, compiled.

Events of the same instant may be taken in any order and one event fills one step, so this is a
matching between steps and events. Events that can fill the same steps are alike and make a class,
so that a million events of one instant cost one pass over them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@njit(nogil=True, cache=True)
def chain(masks: Ints, first: int, stop: int, wanted: Ints, level: int, taken: Ints) -> int:
    """Fill the steps wanted[level], wanted[level + 1], … as far as the events go; return how many.

    `masks[first:stop]` are the events of one instant, bit k set when step k may take the event;
    taken[level + i] becomes the position of the event that fills the i-th of these steps.
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
    for step in range(level, level + filled):
        taken[step] = _position(masks, first, stop, kinds[chosen[step]], taken[level:step])
    return filled


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _move(kind: int, step: int, reached_by: Ints, chosen: Ints) -> None:
    """Give each step on the path the kind that was found for it."""
    while True:
        owner = reached_by[kind]
        before = chosen[owner]
        chosen[owner] = kind
        if owner == step:
            return
        kind = before


@njit(nogil=True, cache=True)
def _position(masks: Ints, first: int, stop: int, mask: int, used: Ints) -> int:
    """Return the first event with this mask that is not used yet."""
    for place in range(first, stop):
        if masks[place] == mask and not holds(used, place):
            return place
    return -1


@njit(nogil=True, cache=True)
def holds(values: Ints, value: int) -> bool:
    for one in values:  # noqa: SIM110  # numba compiles no generators
        if one == value:
            return True
    return False
