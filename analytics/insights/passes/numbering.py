"""Small numbers for persons: a table from 64-bit ids to places, open addressing. Pure, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import compiled, inlined

Ids = NDArray[np.uint64]
Places = NDArray[np.int32]
MIX = np.uint64(0x9E3779B97F4A7C15)
FREE = -1


@compiled
def insert(slots: Places, ids: Ids, first: int) -> None:
    """Enter the ids from place `first` on; `slots` has a power of two of places, half of them free."""
    for place in range(first, ids.size):
        slot = _begin(ids[place], slots.size)
        while slots[slot] != FREE:
            slot = (slot + 1) & (slots.size - 1)
        slots[slot] = place


@compiled
def places_of(slots: Places, ids: Ids, wanted: Ids) -> Places:
    """Return the place of each wanted id, FREE where it is unknown."""
    found = np.empty(wanted.size, np.int32)
    for row in range(wanted.size):
        slot = _begin(wanted[row], slots.size)
        while slots[slot] != FREE and ids[slots[slot]] != wanted[row]:
            slot = (slot + 1) & (slots.size - 1)
        found[row] = slots[slot]
    return found


@inlined
def _begin(value: np.uint64, size: int) -> int:
    return int((value * MIX) >> np.uint64(20)) & (size - 1)
