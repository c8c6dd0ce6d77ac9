"""Functions over the samples of each series, answered by the engine on a grid of times."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from django.conf import settings

from analytics.series.gathering import Ids
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.reading import ROWS, EngineStorage, Found, Pieces, most_at_first, rows_of
from analytics.series.samples import TooManySamples
from analytics.series.sql import grids
from analytics.series.sql.grids import Grid
from portal.store import client

log = logging.getLogger(__name__)
MOST_REMEMBERED = 10_000
AGAIN_S = 60.0


@dataclass(frozen=True)
class Gridded:
    """A row a series, a column a time of the grid; `present` says where there is an answer.

    Series without any answer are left out. `samples` is how many were read.
    """

    series: Sequence[Series]
    values: npt.NDArray[np.float64]
    present: npt.NDArray[np.bool_]
    samples: int


def on_grid(
    storage: EngineStorage, function: str, matchers: Sequence[Matcher], grid: Grid
) -> Gridded | None:
    """Answer a function of PromQL over the series that match, at each time of the grid.

    "instant" is a plain selector: the newest sample of the window, with stale markers as values.
    None: this engine cannot for these samples, or a series has two ids; compute it from samples.
    Raises TooManySamples, client.QueryFailed, client.EngineUnavailable.
    """
    if not needed(function) <= usable(settings.CLICKHOUSE_URL):
        return None
    since, until = grid.start_ms - grid.window_ms, grid.last_ms
    found = storage.find([matchers], since, until)
    if found.renamed:
        return None
    if len(found.ids) * grid.count > storage.most_samples:
        raise TooManySamples(storage.most_samples)
    ways = grids.ODD.get(function, grids.NEVER)
    key = tuple(matchers)
    for odd in ways[-1:] if key in _with_fractions else ways:
        answer = _answer(storage, Asked(function, odd, grid), found)
        if answer is not None:
            return answer
        remember(key)
    return None


@dataclass(frozen=True)
class Asked:
    """What is asked of the engine; `odd` is what must not be found."""

    function: str
    odd: str
    grid: Grid


# Selectors whose samples are not all whole numbers; only a hint.
_with_fractions: set[tuple[Matcher, ...]] = set()


def remember(key: tuple[Matcher, ...]) -> None:
    if len(_with_fractions) >= MOST_REMEMBERED:
        _with_fractions.clear()
    _with_fractions.add(key)


def _answer(storage: EngineStorage, asked: Asked, found: Found) -> Gridded | None:
    """Ask for all series, some at a time; None when one of them has odd samples."""
    since, until = asked.grid.start_ms - asked.grid.window_ms, asked.grid.last_ms
    pieces = Pieces(found.ids, most_at_first(since, until))
    parts = []
    for ids in pieces:
        part = _read(storage, asked, found, ids)
        if part is None:
            return None
        pieces.had(part.samples)
        parts.append(part)
    return _joined(parts, asked.grid)


def _read(storage: EngineStorage, asked: Asked, found: Found, ids: Ids) -> Gridded | None:
    grid, function = asked.grid, asked.function
    rows = rows_of(ids, grid.start_ms - grid.window_ms, grid.last_ms)
    columns = storage.read(grids.on_grid(function, asked.odd, grid, (ROWS, rows)))
    if not columns:
        return _joined([], grid)
    if np.asarray(columns["odd"]).any():
        return None
    shape = (-1, grid.count)
    present = ~np.asarray(columns["cells.is_null"]).reshape(shape)
    values = np.asarray(columns["cells"]).reshape(shape)
    if function == "present_over_time":
        values = np.ones_like(values)
    keys = np.asarray(columns["series"])
    kept = np.flatnonzero(present.any(axis=1))
    kept = kept[np.argsort(keys[kept])]
    return Gridded(
        [found.series[key] for key in keys[kept].tolist()], values[kept], present[kept],
        int(np.asarray(columns["samples"]).sum()),
    )  # fmt: skip


def _joined(parts: Sequence[Gridded], grid: Grid) -> Gridded:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        shape = (0, grid.count)
        return Gridded([], np.empty(shape), np.empty(shape, np.bool_), 0)
    return Gridded(
        [one for part in parts for one in part.series],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
        sum(part.samples for part in parts),
    )


def needed(function: str) -> set[str]:
    """Return the aggregates that answer a function; it need not be one that can be asked."""
    checked = {grids.RESETS} if grids.ODD.get(function) is grids.SUMMED else set()
    return {grids.AGGREGATES.get(function, ""), *checked}


_tried_again_at: dict[str, float] = {}  # by address, of engines that failed when they were tried


def usable(url: str) -> frozenset[str]:
    """Return the engine's aggregates that may be asked; none for a while after it failed at them.

    Raises client.EngineUnavailable.
    """
    if time.monotonic() < _tried_again_at.get(url, 0.0):
        return frozenset()
    try:
        return tried(url)
    except client.QueryFailed as error:  # out of memory, say: no reason to do without for good
        log.warning("The engine failed at functions of time series.", extra={"reason": str(error)})
        _tried_again_at[url] = time.monotonic() + AGAIN_S
        return frozenset()


@lru_cache(maxsize=4)
def tried(url: str) -> frozenset[str]:
    """Return the engine's aggregates that answer ten samples as they must.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    there = client.run(grids.there()).columns[0]
    answer = client.run(grids.probe(there)) if there else None
    if answer is None:
        return frozenset()
    right = {
        name
        for name, (cells,) in zip(answer.names, answer.columns, strict=True)
        if _agree(cells, grids.EXPECTED[name])
    }
    if wrong := set(grids.EXPECTED) - right:
        log.warning(
            "The engine computes some functions otherwise.", extra={"functions": sorted(wrong)}
        )
    return frozenset(right)


def _agree(cells: Sequence[float | None], expected: Sequence[float | None]) -> bool:
    pairs = list(zip(cells, expected, strict=False))
    return len(cells) == len(expected) and all(
        math.isclose(found, wanted, rel_tol=1e-12) if found is not None and wanted is not None
        else found is wanted
        for found, wanted in pairs
    )  # fmt: skip
