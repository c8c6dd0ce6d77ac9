"""Samples of many series, seen through a window that moves over a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.promql import window_passes as passes
from analytics.promql.grids import Times
from analytics.promql.labels import of_series
from analytics.promql.outcome import Flags, Floats, Ints, Labels
from analytics.series.samples import Samples, is_stale

# A block is what is computed between two looks at the clock.
BLOCK_CELLS = 1_000_000
BLOCK_SAMPLES = 20_000_000


@dataclass(frozen=True)
class Block:
    """Some rows at some times. `ends_ms` are the windows' ends, `times_ms` the evaluation's."""

    rows: slice
    columns: slice
    ts: Ints
    values: Floats
    low: Ints
    high: Ints
    ends_ms: Ints
    times_ms: Ints
    range_ms: int

    @cached_property
    def counts(self) -> Ints:
        return self.high - self.low

    def held(self, at_least: int = 1) -> tuple[Flags, Ints, Ints]:
        """Tell which windows have enough samples, and where their first and last one are."""
        enough = self.counts >= at_least
        return enough, np.where(enough, self.low, 0), np.where(enough, self.high - 1, 0)


@dataclass(frozen=True)
class Windows:
    """`ends_at` are the windows' ends; with `@` there is one, which is that of all `times`."""

    labels: Sequence[Labels]
    starts: Ints
    ends: Ints
    ts: Ints
    values: Floats
    ends_at: Times
    times: Times
    range_ms: int

    def __len__(self) -> int:
        return len(self.labels)

    def blocks(self, *, each_time: bool = False) -> Iterator[Block]:
        """Give blocks that cover all rows and windows.

        With `each_time` every time of the evaluation has its column, though windows be the same.
        """
        fixed = each_time and self.ends_at.count != self.times.count
        columns = self.times.count if fixed else self.ends_at.count
        high, wide = self._block_size(columns)
        for row in range(0, len(self), high):
            for column in range(0, columns, wide):
                rows = slice(row, min(row + high, len(self)))
                yield self._block(rows, slice(column, min(column + wide, columns)), fixed=fixed)

    def held(self) -> Iterator[tuple[Labels, int, int]]:
        """Give, of windows at one time, each row that has samples, and where they are."""
        for block in self.blocks():
            for row, (low, high) in enumerate(
                zip(block.low[:, 0].tolist(), block.high[:, 0].tolist(), strict=True)
            ):
                if low < high:
                    yield self.labels[block.rows.start + row], low, high

    def _block_size(self, columns: int) -> tuple[int, int]:
        spanned = self.ends_at.end_ms - self.ends_at.start_ms + self.range_ms
        share = min(1.0, self.range_ms / max(spanned, 1))
        in_window = max(1.0, len(self.ts) / max(len(self), 1) * share)
        cells = int(max(1, min(BLOCK_CELLS, BLOCK_SAMPLES / in_window)))
        wide = max(1, min(columns, cells))
        return max(1, cells // wide), wide

    def _block(self, rows: slice, columns: slice, *, fixed: bool) -> Block:
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        low, high = np.empty(shape, np.int64), np.empty(shape, np.int64)
        step = 0 if fixed else self.ends_at.step_ms
        first = self.ends_at.start_ms + columns.start * step
        passes.bounds(
            self.ts, self.starts[rows], self.ends[rows], first, step, self.range_ms, low, high
        )
        ends_ms = first + step * np.arange(shape[1], dtype=np.int64)
        return Block(
            rows, columns, self.ts, self.values, low, high, ends_ms, self.times.ms[columns],
            self.range_ms,
        )  # fmt: skip


def windows_over(
    samples: Samples, ends_at: Times, times: Times, *, range_ms: int, keep_stale: bool = False
) -> Windows:
    """Look at samples through windows, rows sorted by labels; stale markers end a series' samples.

    Range functions do not see stale markers; with `keep_stale` they are seen.
    """
    labels = [of_series(one) for one in samples.series]
    ends = np.asarray(samples.ends, np.int64)
    ts, values = samples.ts, samples.values
    stale = is_stale(values)
    if not keep_stale and stale.any():
        kept = ~stale
        counted = np.concatenate([[0], np.cumsum(kept)])
        ends, ts, values = counted[ends], ts[kept], values[kept]
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(labels)]
    order = np.array(sorted(range(len(labels)), key=labels.__getitem__), np.int64)
    return Windows(
        [labels[row] for row in order.tolist()], starts[order], ends[order],
        np.ascontiguousarray(ts), np.ascontiguousarray(values), ends_at, times, range_ms,
    )  # fmt: skip
