"""Walk every session of kept rows and count: on all processors, closed days once.

The persons are cut into slices; each processor walks its share of them and counts into cells of its
own. Of the values that a median is taken of only those near the middle are told one by one: where
that lies, a sample of the slices says first. Should the median lie elsewhere all are told.

What the closed days counted is remembered; who has rows in what is not over is walked again, from
their first row on, and takes the place of what they were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.journeys import WORKERS
from analytics.insights.kept import memory
from analytics.insights.kept.days import Found, Rows, chosen
from analytics.insights.passes import visits as walk
from analytics.insights.passes.kept import gathered
from analytics.insights.passes.visits import CODE, COUNT, LEAST, LOW, MOST, WIDTH

Ints = NDArray[np.int64]
Numbers = dict[str, int]  # of texts
Block = tuple[Rows, NDArray[np.int32]]  # and what number each of its texts has
Walk = Callable[[walk.Rows, int], walk.Moves]
Choice = Callable[[walk.Moves], NDArray[np.bool_]]
PROCESSORS = len(os.sched_getaffinity(0))
ROWS_A_SLICE = 1 << 18  # rows and what is counted of them fit the processor's cache
CUTS = 2_048  # places at which slices may begin
SAMPLE = 16  # of so many slices one tells where medians lie ...
ENOUGH = 100  # ... of cells that have so many values in it


@dataclass(frozen=True)
class Walking:
    """One walk through the rows that were found: named by what is looked for."""

    found: Found
    name: Hashable
    step: Callable[[Numbers], Walk]

    def tally(self) -> tuple[Tally, list[str]]:
        """Return what was counted, and the texts that its codes mean."""
        numbers, maps = numbered(self.found)
        step, nobody = self.step(numbers), nobody_of(self.found)
        closed = list(zip(self.found.closed, maps, strict=False))

        def of(blocks: Sequence[Block], known: Tally | None = None) -> Tally:
            return Pass(blocks, self.found.ids.size, step, nobody).tally(known)

        tally = memory.remembered((self.found.name, self.name), lambda: of(closed))
        rest = self.found.rest
        if len(rest):
            is_back = np.zeros(self.found.ids.size, np.bool_)
            is_back[rest.columns["who"]] = True
            theirs = list(WORKERS.map(lambda block: (rows_of(block[0], is_back), block[1]), closed))
            now = of([*theirs, (rest, maps[-1])], tally)
            tally = changed(tally, of(theirs, tally), now)
            if not is_told(tally):
                tally = Pass([*closed, (rest, maps[-1])], is_back.size, step, nobody).whole()
        return tally, list(numbers)

    def people(self, choose: Callable[[Numbers], Choice]) -> tuple[NDArray[np.uint64], Ints]:
        """Return who did something that is chosen, and when it began first."""
        numbers, maps = numbered(self.found)
        blocks = list(zip(self.found.blocks, maps, strict=True))
        whole = Pass(blocks, self.found.ids.size, self.step(numbers), nobody_of(self.found))
        who, at = whole.chosen(choose(numbers))
        return self.found.ids[who], at


def numbered(found: Found) -> tuple[Numbers, list[NDArray[np.int32]]]:
    """Give the texts of all blocks the same numbers; those of the closed come first."""
    numbers: Numbers = {}
    maps = [
        np.array([numbers.setdefault(one, len(numbers)) for one in block.texts], np.int32)
        for block in found.blocks
    ]
    return numbers, maps


def nobody_of(found: Found) -> int:
    """Return the number of who is no person."""
    there = np.flatnonzero(found.ids == 0)
    return int(there[0]) if there.size else walk.NOBODY


class Tally(NamedTuple):
    """What was counted: cells by their code, and the values that each told, in order.

    Those of cell i are values[starts[i] : starts[i + 1]].
    """

    cells: Ints
    starts: Ints
    values: Ints


@dataclass(frozen=True)
class Pass:
    """A pass over blocks that follow each other in time."""

    blocks: Sequence[Block]
    persons: int
    step: Walk
    nobody: int

    def tally(self, known: Tally | None) -> Tally:
        """Count, and tell the values within the bounds that `known` has, or a sample says."""
        edges, places = self.cuts()
        slices = range(edges.size - 1)
        if known is not None:
            return self.counted(edges, places, slices, bounds_of(known))
        bounds = NO_BOUNDS
        if len(slices) > SAMPLE:
            sample = self.counted(edges, places, slices[SAMPLE // 2 :: SAMPLE], NO_BOUNDS)
            bounds = middle_of(sample)
        found = self.counted(edges, places, slices, bounds)
        return found if is_told(found) else self.whole()

    def whole(self) -> Tally:
        """Count, and tell all values."""
        edges, places = self.cuts()
        return self.counted(edges, places, range(edges.size - 1), NO_BOUNDS)

    def cuts(self) -> tuple[NDArray[np.uint32], Ints]:
        """Cut the persons into slices of about so many rows, and find them in each block."""
        grid = np.linspace(0, self.persons, CUTS + 1).astype(np.uint32)
        at = [np.searchsorted(rows.columns["who"], grid) for rows, _ in self.blocks]
        places = np.array(at, np.int64).reshape(-1, grid.size)
        rows = places.sum(axis=0)
        begins = np.searchsorted(rows, np.arange(0, rows[-1], ROWS_A_SLICE), side="right") - 1
        which = np.unique([*begins, CUTS])
        return grid[which], places[:, which]

    def counted(
        self, edges: NDArray[np.uint32], places: Ints, slices: Sequence[int], bounds: Bounds
    ) -> Tally:
        """Walk some slices, each processor every other one."""

        def share(first: int) -> tuple[Ints, list[walk.Told]]:
            table, told = walk.table_of(*bounds), []
            for number in slices[first::PROCESSORS]:
                one = walk.add(self.moves(edges, places, number), table)
                table = one.table
                told.append(one)
            return table.cells[: table.used[0]], told

        return joined(list(WORKERS.map(share, range(PROCESSORS))))

    def chosen(self, is_chosen: Choice) -> tuple[Ints, Ints]:
        """Return the persons of some moves, and when the first of each began."""
        edges, places = self.cuts()

        def share(first: int) -> list[tuple[Ints, Ints]]:
            found = []
            for number in range(edges.size - 1)[first::PROCESSORS]:
                moves = self.moves(edges, places, number)
                which = is_chosen(moves) & (moves.who != walk.NOBODY)
                who, at = moves.who[which], moves.at[which]
                order = np.lexsort((at, who))
                one, places_of_first = np.unique(who[order], return_index=True)
                found.append((one, at[order][places_of_first]))
            return found

        parts = [part for parts in WORKERS.map(share, range(PROCESSORS)) for part in parts]
        none = np.empty(0, np.int64)
        who, at = (np.concatenate([none, *(part[side] for part in parts)]) for side in (0, 1))
        return who, at

    def moves(self, edges: NDArray[np.uint32], places: Ints, number: int) -> walk.Moves:
        """Walk one slice."""
        low, high = int(edges[number]), int(edges[number + 1])
        return self.step(
            self.rows(places[:, number], places[:, number + 1], low, high), self.nobody
        )

    def rows(self, begins: Ints, ends: Ints, low: int, high: int) -> walk.Rows:
        """Bring the rows of the persons low to high - 1 together, by person and time."""
        pieces = [
            (block.columns, slice(begin, end), map_)
            for (block, map_), begin, end in zip(self.blocks, begins, ends, strict=True)
            if begin < end
        ]
        who, t, session = (
            np.concatenate([columns[name][piece] for columns, piece, _ in pieces])
            for name in ("who", "t", "session")
        )
        key = np.concatenate([map_[columns["key"][piece]] for columns, piece, map_ in pieces])
        mask = np.empty(0, np.uint32)
        if "mask" in pieces[0][0]:
            mask = np.concatenate([columns["mask"][piece] for columns, piece, _ in pieces])
        until = np.cumsum([piece.stop - piece.start for _, piece, _ in pieces])
        part = gathered(who, t, np.append(0, until[:-1]), until, low, high)
        return walk.Rows(part, session, key, mask)


class Bounds(NamedTuple):
    """Between which values those of some cells are told."""

    codes: Ints
    least: Ints
    most: Ints


NO_BOUNDS = Bounds(*(np.empty(0, np.int64) for _ in range(3)))


def bounds_of(tally: Tally) -> Bounds:
    return Bounds(*(np.ascontiguousarray(tally.cells[:, at]) for at in (CODE, LEAST, MOST)))


def middle_of(sample: Tally) -> Bounds:
    """Return around which values medians are expected; of cells that were seen little, all count."""
    bounds = bounds_of(sample)
    count = np.diff(sample.starts)
    for cell in np.flatnonzero(count >= ENOUGH):
        values = sample.values[sample.starts[cell] : sample.starts[cell + 1]]
        around = 0.02 + 2 / np.sqrt(values.size)
        low, high = (int(values.size * (0.5 + side * around)) for side in (-1, 1))
        bounds.least[cell], bounds.most[cell] = values[low], values[min(high, values.size - 1)]
    return bounds


def joined(shares: Sequence[tuple[Ints, list[walk.Told]]]) -> Tally:
    """Add up what was counted side by side."""
    cells = np.concatenate([cells for cells, _ in shares])
    codes, place = np.unique(cells[:, CODE], return_inverse=True)
    found = np.zeros((codes.size, WIDTH), np.int64)
    np.add.at(found, place, cells)
    for column in (CODE, LEAST, MOST):  # of all the same
        found[place, column] = cells[:, column]
    own = np.split(place.astype(np.int32), np.cumsum([len(cells) for cells, _ in shares])[:-1])
    owner = [cell[one.owner] for cell, (_, told) in zip(own, shares, strict=True) for one in told]
    value = [one.value for _, told in shares for one in told]
    starts, values = walk.by_cell(
        np.concatenate([*owner, np.empty(0, np.int32)]),
        np.concatenate([*value, np.empty(0, np.int64)]),
        codes.size,
    )
    return Tally(found, starts, values)


def changed(known: Tally, then: Tally, now: Tally) -> Tally:
    """Let what some persons were, `then`, be what they are `now`."""
    codes = np.union1d(known.cells[:, CODE], now.cells[:, CODE])
    first, less, more = (spread(one, codes) for one in (known, then, now))
    cells = first.cells - less.cells + more.cells
    cells[:, CODE] = codes
    cells[:, LEAST : MOST + 1] = more.cells[:, LEAST : MOST + 1]
    starts, values = walk.exchanged(
        first.starts, first.values, less.starts, less.values, more.starts, more.values
    )
    return Tally(cells, starts, values)


def spread(tally: Tally, codes: Ints) -> Tally:
    """Give a tally a cell for each of the codes."""
    place = np.searchsorted(codes, tally.cells[:, CODE])
    cells = np.zeros((codes.size, WIDTH), np.int64)
    cells[place] = tally.cells
    sizes = np.zeros(codes.size, np.int64)
    sizes[place] = np.diff(tally.starts)
    return Tally(cells, np.append(0, np.cumsum(sizes)), tally.values)


def rows_of(block: Rows, is_chosen: NDArray[np.bool_]) -> Rows:
    """Return the rows of some persons."""
    return chosen(block, np.flatnonzero(is_chosen[block.columns["who"]]))


def ranks_of(cells: Ints) -> Ints:
    """Return between which of its values each cell's median lies."""
    last = np.maximum(cells[:, COUNT] - 1, 0)
    return np.stack([last // 2, (last + 1) // 2], axis=1)


def is_told(tally: Tally) -> bool:
    """Tell whether all medians are among the values that were told one by one."""
    has_values = tally.cells[:, COUNT] > 0
    ranks = ranks_of(tally.cells)
    low, told = tally.cells[:, LOW], np.diff(tally.starts)
    is_inside = (ranks[:, 0] >= low) & (ranks[:, 1] < low + told)
    return bool((is_inside | ~has_values).all())


def medians(tally: Tally, unit: float) -> list[float]:
    """Return each cell's median as the engine computes it of values in a unit."""
    at = tally.starts[:-1, None] + ranks_of(tally.cells) - tally.cells[:, LOW, None]
    most = max(tally.values.size - 1, 0)
    values = np.append(tally.values, 0)[np.clip(at, 0, most)] / unit
    share = (tally.cells[:, COUNT] + 1) % 2 / 2
    found: list[float] = (values[:, 0] + share * (values[:, 1] - values[:, 0])).tolist()
    return found
