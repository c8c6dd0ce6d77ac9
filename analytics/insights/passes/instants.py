"""Put a person's events of one instant into an order that follows from the events alone.

They may be taken in any order, and which of them are taken decides which value of a breakdown a
person counts for. Rows come in whatever order the engine, its shards or kept days have them, so of
one instant those come first whose value is smallest (as text, not set before all), then those that
fit the earlier steps. Rows that are equal in both are one as good as the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes.grouping import Part


class Told(NamedTuple):
    """What is told of the rows of the input; `texts[codes[row]]` is a value, if there are any."""

    masks: NDArray[np.uint32] | None = None
    codes: NDArray[Any] | None = None
    texts: Sequence[str] = ()


def settled(part: Part, told: Told) -> Part:
    """Order the rows of each instant; `part.ts` tell instants, or instants and steps, apart."""
    tied = part.ts[1:] == part.ts[:-1]
    tied[part.starts[1:-1] - 1] = False  # of two persons
    if not tied.any():
        return part
    is_tied = np.zeros(part.ts.size, np.bool_)
    is_tied[1:] = tied
    is_tied[:-1] |= tied
    rows = np.flatnonzero(is_tied)
    instants = np.cumsum(~np.concatenate(([False], tied)))[rows]
    places = part.place[rows]
    keys: list[NDArray[Any]] = []
    if told.masks is not None:
        keys.append(told.masks[places])
    if told.codes is not None:
        keys.append(ranks(told.codes[places], told.texts))
    place = part.place.copy()
    place[rows] = places[np.lexsort((*keys, instants))]
    return part._replace(place=place)


def ranks(codes: NDArray[Any], texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each code's text among those of all codes at hand."""
    used, number = np.unique(codes, return_inverse=True)
    named = [texts[code] for code in used]
    found = np.empty(used.size, np.int64)
    found[sorted(range(used.size), key=named.__getitem__)] = np.arange(used.size)
    return np.asarray(found[number])
