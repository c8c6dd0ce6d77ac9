"""Rows of samples, as the engine gives them, series by series. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
AnyInts = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Rows:
    """A block of rows: the series of each, its time after the answer's `since_ms`, its value."""

    ids: AnyInts
    ts: AnyInts
    values: Floats


@dataclass(frozen=True)
class Gathered:
    """Samples of the series `ids`, ascending; `ends` as in samples.Samples."""

    ids: Ids
    ends: Ints
    ts: Ints
    values: Floats


NOTHING = Gathered(
    np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)
)


class Twice(ValueError):
    """A series has two samples of one time."""


def gathered(blocks: Sequence[Rows], *, since_ms: int = 0, of: Ids | None = None) -> Gathered:
    """Put rows together by series and time. Raises Twice.

    `of` are the whole ids where blocks have their lower halves (`has_halves`). The engine reads
    part by part, each in the order of series and time. So there are few runs of rows that belong
    together, and putting runs in order is ten times quicker than rows.
    """
    if not blocks:
        return NOTHING
    starts = [run_starts(block) for block in blocks]
    lengths = np.concatenate(
        [np.diff(at, append=len(block.ids)) for block, at in zip(blocks, starts, strict=True)]
    )
    ids = np.concatenate([block.ids[at] for block, at in zip(blocks, starts, strict=True)])
    ids = ids if of is None else whole(ids, of)
    first = np.concatenate([block.ts[at] for block, at in zip(blocks, starts, strict=True)])
    order = np.lexsort((first, ids))
    ends = np.cumsum(lengths[order])
    target = np.empty(len(order), np.int64)
    target[order] = ends - lengths[order]
    ts, values = np.empty(int(ends[-1]), np.int64), np.empty(int(ends[-1]))
    for rows, here, there in moves(blocks, starts, target):
        np.add(rows.ts[here], np.int64(since_ms), out=ts[there])
        values[there] = rows.values[here]
    of_runs = ids[order]
    last = np.append(of_runs[1:] != of_runs[:-1], True)
    return in_order(Gathered(of_runs[last], ends[last], ts, values))


def run_starts(block: Rows) -> Ints:
    """Tell where in a block another series begins, or time goes back: another part's rows."""
    ids, ts = block.ids, block.ts
    return np.append(0, np.flatnonzero((ids[1:] != ids[:-1]) | (ts[1:] <= ts[:-1])) + 1)


def moves(
    blocks: Sequence[Rows], starts: Sequence[Ints], target: Ints
) -> Iterator[tuple[Rows, slice, slice]]:
    """Tell which rows go where; runs that stay beside each other go together."""
    at = 0
    for block, begins in zip(blocks, starts, strict=True):
        to = target[at : at + len(begins)]
        at += len(begins)
        parts = np.append(True, np.diff(to) != np.diff(begins))
        here, there = begins[parts], to[parts].tolist()
        for low, high, new in zip(
            here.tolist(), [*here[1:].tolist(), len(block.ids)], there, strict=True
        ):
            yield block, slice(low, high), slice(new, new + high - low)


def has_halves(ids: Ids) -> bool:
    """Tell whether these series differ in the lower halves of their ids."""
    return len(np.unique(ids.astype(np.uint32))) == len(ids)


def whole(halves: AnyInts, ids: Ids) -> Ids:
    """Return the ids, of those given, that have these lower halves."""
    lower = ids.astype(np.uint32)
    order = np.argsort(lower)
    return np.asarray(ids[order[np.searchsorted(lower[order], halves)]])


def in_order(found: Gathered) -> Gathered:
    """Return series whose runs may overlap in time with each series' samples in order."""
    later = found.ts[1:] > found.ts[:-1]
    later[found.ends[:-1] - 1] = True
    if later.all():
        return found
    ts, values = found.ts.copy(), found.values.copy()
    # Few: those of which two threads of the engine read a piece each.
    for place in np.unique(np.searchsorted(found.ends, np.flatnonzero(~later), "right")).tolist():
        start, end = int(found.ends[place - 1]) if place else 0, int(found.ends[place])
        rows = start + np.argsort(found.ts[start:end], kind="stable")
        ts[start:end], values[start:end] = found.ts[rows], found.values[rows]
        if (ts[start + 1 : end] == ts[start : end - 1]).any():
            raise Twice
    return Gathered(found.ids, found.ends, ts, values)
