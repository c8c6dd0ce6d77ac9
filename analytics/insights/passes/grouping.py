"""Bring rows into the order of person and time, in parts that fit the processor's cache. Compiled.

The engine takes 1.6 s to sort four million rows by (person, ts). Here rows are dealt into parts by
a hash of the person first; each part is then small enough to be sorted where it lies, and parts are
independent, so threads share them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import compiled, inlined

ROWS_A_PART = 16_384
STRETCHES = 4  # into which all rows are cut for those who deal
SMALL = 32  # rows up to which insertion sort wins
MIX = np.uint64(0x9E3779B97F4A7C15)
Share = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


class Dealt(NamedTuple):
    """Rows dealt into parts: part i is rows[bounds[i] : bounds[i + 1]], each (person, ts, place)."""

    bounds: NDArray[np.int64]
    rows: NDArray[np.int64]


class Part(NamedTuple):
    """Rows of some persons in order: person i has rows starts[i] to starts[i + 1]."""

    person: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ts: NDArray[np.int64]
    place: NDArray[np.int64]  # of the row in the input


def deal(person: NDArray[np.uint64], ts: NDArray[np.int64], share: Share = map) -> Dealt:
    """Deal rows into parts of about ROWS_A_PART rows; a person's rows are in one part, in order.

    `share` runs a function over several stretches of the rows, side by side if it can.
    """
    bits = max(0, int(person.size // ROWS_A_PART).bit_length())
    edges = np.linspace(0, person.size, STRETCHES + 1).astype(np.int64)
    stretches = [slice(*pair) for pair in pairwise(edges)]
    sizes = np.array(list(share(lambda one: _sizes(person[one], bits), stretches)))
    # Part by part, and in a part stretch by stretch.
    ends = np.cumsum(sizes.T).reshape(sizes.T.shape).T
    begins = ends - sizes
    rows = np.empty((person.size, 3), np.int64)

    def dealt(number: int) -> None:
        one = stretches[number]
        _deal(person[one], ts[one], one.start, begins[number].copy(), rows)

    list(share(dealt, range(STRETCHES)))
    return Dealt(np.append(begins[0], person.size), rows)


@inlined
def _part_of(person: np.uint64, bits: int) -> np.uint64:
    # The first bits of the product; a shift by 64 is no shift at all, hence the two steps.
    return ((person * MIX) >> np.uint64(1)) >> np.uint64(63 - bits)


@compiled
def _sizes(person: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """Count the rows of each part."""
    sizes = np.zeros(1 << bits, np.int64)
    for place in range(person.size):
        sizes[_part_of(person[place], bits)] += 1
    return sizes


@compiled
def _deal(
    person: NDArray[np.uint64],
    ts: NDArray[np.int64],
    first: int,
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Write rows to where each part ends so far; `first` is the place of the first of them."""
    bits = 0
    while 1 << bits < ends.size:
        bits += 1
    for place in range(person.size):
        part = _part_of(person[place], bits)
        at = ends[part]
        ends[part] = at + 1
        rows[at, 0] = np.int64(person[place])
        rows[at, 1] = ts[place]
        rows[at, 2] = first + place


@compiled
def grouped(rows: NDArray[np.int64]) -> Part:
    """Group the rows of one part by person, each person's rows in order of time."""
    count = rows.shape[0]
    owner, person = _numbered(rows)
    starts = np.zeros(person.size + 1, np.int64)
    for place in range(count):
        starts[owner[place] + 1] += 1
    starts = np.cumsum(starts)
    ends = starts[:-1].copy()
    ts, input_place = np.empty(count, np.int64), np.empty(count, np.int64)
    for place in range(count):
        at = ends[owner[place]]
        ends[owner[place]] = at + 1
        ts[at] = rows[place, 1]
        input_place[at] = rows[place, 2]
    for one in range(person.size):
        _sort(ts, input_place, starts[one], starts[one + 1])
    return Part(person, starts, ts, input_place)


@compiled
def _numbered(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the number of each row's person, and the persons."""
    count = rows.shape[0]
    size = 16
    while size < 2 * count:
        size *= 2
    slots = np.full(size, -1, np.int64)
    owner = np.empty(count, np.int64)
    person = np.empty(count, np.uint64)
    known = 0
    for place in range(count):
        value = np.uint64(rows[place, 0])
        slot = np.int64((value * MIX) >> np.uint64(20)) & (size - 1)
        while slots[slot] >= 0 and person[slots[slot]] != value:
            slot = (slot + 1) & (size - 1)
        if slots[slot] < 0:
            slots[slot] = known
            person[known] = value
            known += 1
        owner[place] = slots[slot]
    return owner, person[:known].copy()


@inlined
def _sort(ts: NDArray[np.int64], place: NDArray[np.int64], first: int, stop: int) -> None:
    """Sort a person's rows by time, stably."""
    if stop - first > SMALL:
        order = np.argsort(ts[first:stop], kind="mergesort")
        ts[first:stop] = ts[first:stop][order]
        place[first:stop] = place[first:stop][order]
        return
    for at in range(first + 1, stop):
        moved, input_place, to = ts[at], place[at], at
        while to > first and ts[to - 1] > moved:
            ts[to] = ts[to - 1]
            place[to] = place[to - 1]
            to -= 1
        ts[to] = moved
        place[to] = input_place


@compiled
def looked_up(
    places: NDArray[np.int64], codes: NDArray[np.int32], numbers: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return numbers[codes[place]] for each place, and -1 for the place -1."""
    found = np.full(places.shape, -1, np.int32)
    for row in range(places.shape[0]):
        for column in range(places.shape[1]):
            place = places[row, column]
            if place >= 0:
                found[row, column] = numbers[codes[place]]
    return found
