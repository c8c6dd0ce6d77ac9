"""Each person's best attempt at a funnel, in kept rows: closed days once, then who came back since.

Where the closed days led everybody is remembered. A person who has rows in what is not over is looked
at again from their first row on; everybody else's attempt is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import InCohort
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.journeys import (
    ROWS_A_SLICE,
    WORKERS,
    Ints,
    Journeys,
    Walked,
    array,
    keys_of,
    nobody,
    spec_of,
    together,
    told_of,
    walked,
    walked_plainly,
)
from analytics.insights.kept import memory
from analytics.insights.kept.days import Found, Rows, chosen, sealed
from analytics.insights.passes import attempt
from analytics.insights.passes.figures import NOT_SET
from analytics.insights.passes.grouping import ROWS_A_PART
from analytics.insights.passes.instants import settled
from analytics.insights.passes.kept import gathered
from analytics.insights.passes.plain import stepped
from analytics.insights.sql import funnel as sql
from analytics.insights.sql.kept import KeptSelection
from portal.store.native import Coded, Columns
from portal.store.query import TimeRange


def kept_selection(funnel: Funnel) -> KeptSelection | None:
    """Return the rows of a funnel that depend on their day alone; None where there are no such."""
    if funnel.order == "strict" or funnel.sampling < 1:
        return None
    dimension = funnel.attribution.breakdown.property if funnel.attribution else None
    if isinstance(dimension, InCohort):
        return None
    wanted: list[sql.Wanted] = [*funnel.steps, *funnel.exclusions]
    marks = [(one.event, one.where) for one in wanted]
    return KeptSelection(tuple(marks), funnel.where, dimension)


def kept_journeys(
    funnel: Funnel, window: TimeRange, as_of: datetime, found: Found, grid: Grid | None
) -> Journeys:
    """Find each person's best attempt that begins in the window, in kept rows."""
    spec = spec_of(funnel, window, as_of, grid)

    def of(blocks: Sequence[Rows]) -> Journeys:
        texts: dict[str, int] = {}
        parts = [
            part
            for one in kept_slices(blocks, found.ids.size)
            for part in passed_kept(one, spec, texts, funnel)
        ]
        return together(parts or [nobody(spec, funnel.attribution)], texts)

    if funnel.leave_out_open:  # each moment another attempt is no longer open, and counts
        best = of(found.blocks)
    else:
        edges = grid.edges if grid else ()
        name = (found.name, repr(funnel), min(window.end, found.until), edges)
        best = memory.remembered(name, lambda: of(found.closed))
        if len(found.rest):
            is_back = np.zeros(found.ids.size, np.bool_)
            is_back[found.rest.columns["who"]] = True
            theirs = [rows_of(block, is_back) for block in found.closed]
            best = changed(best, of(theirs), of([*theirs, found.rest]), is_back)
    is_open = best.times[:, 0] + spec.window > spec.as_of
    return best._replace(person=found.ids[best.person.astype(np.int64)], is_open=is_open)


def rows_of(block: Rows, is_back: NDArray[np.bool_]) -> Rows:
    """Return the rows of some persons."""
    return sealed(chosen(block, np.flatnonzero(is_back[block.columns["who"]])))


def changed(known: Journeys, then: Journeys, now: Journeys, is_back: NDArray[np.bool_]) -> Journeys:
    """Let the attempts of who came back, `then`, be those that they are `now`."""
    stay = np.flatnonzero(~is_back[known.person.astype(np.int64)])
    texts = {text: number for number, text in enumerate(known.texts)}
    numbers = [texts.setdefault(text, len(texts)) for text in now.texts]
    times = np.empty((known.times.shape[1], stay.size + len(now.times)), np.int64)
    for step, of_step in enumerate(times):
        np.take(known.times[:, step], stay, out=of_step[: stay.size], mode="clip")
        of_step[stay.size :] = now.times[:, step]
    keys = np.array([*numbers, NOT_SET], np.int32)[now.keys]  # NOT_SET is the last place
    return Journeys(
        spliced(known.person, now.person, stay),
        times.T,
        spliced(known.keys, keys, stay),
        tuple(texts),
        spliced(known.is_open, now.is_open, stay),
        known.trend - then.trend + now.trend,
    )


def spliced(known: NDArray[Any], now: NDArray[Any], stay: Ints) -> NDArray[Any]:
    """Return the lines that stay and those of now, in one array that is filled once."""
    found = np.empty((stay.size + len(now), *known.shape[1:]), known.dtype)
    np.take(known, stay, axis=0, out=found[: stay.size], mode="clip")
    found[stay.size :] = now
    return found


@dataclass(frozen=True)
class KeptSlice:
    """Kept rows of some persons, one block after the other.

    Those of the persons edges[i] to edges[i + 1] - 1 are in block k the rows begins[i, k] to
    ends[i, k].
    """

    rows: Columns
    edges: Ints
    begins: Ints
    ends: Ints


def kept_slices(blocks: Sequence[Rows], persons: int) -> Iterator[KeptSlice]:
    """Cut the persons into parts that fit the processor's cache, and take so many at once."""
    rows = sum(map(len, blocks))
    count = 1 + rows // ROWS_A_PART
    edges = np.linspace(0, persons, count + 1).astype(np.int64)
    at_once = ROWS_A_SLICE // ROWS_A_PART
    for low in range(0, count if rows else 0, at_once):
        yield kept_slice(blocks, edges[low : low + at_once + 1])


def kept_slice(blocks: Sequence[Rows], edges: Ints) -> KeptSlice:
    whos = edges.astype(np.uint32)  # the type of the rows: else numpy copies them all
    cuts = [np.searchsorted(block.columns["who"], whos) for block in blocks]
    pieces = [(block, slice(cut[0], cut[-1])) for block, cut in zip(blocks, cuts, strict=True)]
    sizes = [piece.stop - piece.start for _, piece in pieces]
    offsets = np.cumsum([0, *sizes[:-1]])
    placed = np.array([cut - cut[0] for cut in cuts]) + offsets[:, None]
    rows: Columns = {
        name: np.concatenate([block.columns[name][piece] for block, piece in pieces])
        for name in blocks[0].columns
        if name != "key"
    }
    if "key" in blocks[0].columns:
        rows["key"] = joined_keys(pieces)
    begins, ends = (np.ascontiguousarray(edge.T) for edge in (placed[:, :-1], placed[:, 1:]))
    return KeptSlice(rows, edges, begins, ends)


def joined_keys(pieces: Sequence[tuple[Rows, slice]]) -> Coded:
    """Give the texts of all blocks the same numbers."""
    texts: dict[str, int] = {}
    codes = []
    for block, piece in pieces:
        known = np.array([texts.setdefault(text, len(texts)) for text in block.texts], np.int32)
        codes.append(known[block.columns["key"][piece]])
    return Coded(np.concatenate(codes), list(texts))


def passed_kept(
    one: KeptSlice, spec: attempt.Spec, texts: dict[str, int], funnel: Funnel
) -> list[Walked]:
    """Walk kept rows, on all processors; a person is a number."""
    who, t, masks = (array(one.rows[name]) for name in ("who", "t", "mask"))
    values = one.rows.get("key")
    keys, told = keys_of(values, texts, funnel.attribution), told_of(values, masks, spec)

    def part(number: int) -> Walked:
        low, high = one.edges[number : number + 2]
        rows = gathered(who, t, one.begins[number], one.ends[number], low, high)
        rows = stepped(rows, masks) if funnel.is_plain else rows
        rows = settled(rows, told) if told else rows
        return (
            walked_plainly(rows, keys, spec) if funnel.is_plain else walked(rows, masks, keys, spec)
        )

    return list(WORKERS.map(part, range(one.edges.size - 1)))
