"""The leaves of a question: selectors and subqueries, from the storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np

from analytics.promql.errors import EvaluationFailed, TooManySamples
from analytics.promql.grids import Grid, Times, joined
from analytics.promql.guard import TOO_MANY, Guard
from analytics.promql.labels import of_series
from analytics.promql.outcome import Flags, Options, Range
from analytics.promql.range_functions import RangeFunction, last_of, last_time
from analytics.promql.selectors import all_matchers
from analytics.promql.storage import GridFunction, GridStorage, PartStorage, Storage
from analytics.promql.tree import RangeSelector, Selector, Subquery, Tree
from analytics.promql.windows import Windows, windows_over
from analytics.series import samples
from analytics.series.matching import Matcher
from analytics.series.samples import Samples, is_stale

# What a store may compute itself.
ON_GRID = frozenset(GridFunction.__args__)  # type: ignore[attr-defined]  # typing has no word for it
# A subquery's times at most, however few its series are.
MOST_TIMES = 10_000_000
FARTHEST_MS = 1 << 61


class Reading:
    """Reads for one evaluation; `inner` computes what stands in a subquery."""

    def __init__(
        self,
        storage: Storage,
        asked: Range,
        *,
        guard: Guard,
        options: Options,
        inner: Callable[[Tree, Times], Grid],
    ) -> None:
        self.storage, self.asked = storage, asked
        self.guard, self.options, self.inner = guard, options, inner
        self.pushed_down = 0

    def ends_at(self, node: Selector | Subquery, times: Times) -> Times:
        """Tell at which times a selector is asked, after its offset and `@`."""
        offset = node.offset_ms or 0
        if node.when is None:
            return within_reach(times.moved(-offset))
        edges = {"start": self.asked.start_ms, "end": self.asked.end_ms, None: node.when.at_ms}
        return within_reach(Times((edges[node.when.edge] or 0) - offset, 1, 1))

    def instant(self, node: Selector, times: Times) -> Grid:
        """Give the newest sample of the look-back, unless that is a stale marker."""
        return self.together(list(self.instants(node, times)), times.count)

    def instants(self, node: Selector, times: Times) -> Iterator[Grid]:
        """Give the same some series at a time."""
        ends_at = self.ends_at(node, times)
        pushed = self._pushed("instant", node, ends_at, self.options.lookback_ms)
        grids = self._newest(node, ends_at, last_of) if pushed is None else iter([pushed])
        for grid in grids:
            yield spread(grid, times.count)

    def timestamps(self, node: Selector, times: Times) -> Grid:
        """Give the time of the newest sample of the look-back, in seconds."""
        ends_at = self.ends_at(node, times)
        grids = list(self._newest(node, ends_at, last_time))
        return spread(self.together(grids, ends_at.count), times.count)

    def _newest(self, node: Selector, ends_at: Times, function: RangeFunction) -> Iterator[Grid]:
        lookback = self.options.lookback_ms
        for windows in self._parts(node, ends_at, ends_at, lookback, keep_stale=True):
            self.guard.cells(len(windows), ends_at.count)
            values = np.zeros((len(windows), ends_at.count))
            present = np.zeros(values.shape, np.bool_)
            for block in windows.blocks():
                self.guard.check()
                some, _first, last = block.held()
                values[block.rows, block.columns], _ = function(block, ())
                present[block.rows, block.columns] = some & ~is_stale(windows.values[last])
            yield Grid.of(windows.labels, values, present).filled()

    def each_windows(self, node: RangeSelector | Subquery, times: Times) -> Iterator[Windows]:
        """Read what a range function sees, some series at a time."""
        if isinstance(node, Subquery):
            yield self._subquery(node, times)[0]
            return
        ends_at = self.ends_at(node.selector, times)
        yield from self._parts(node.selector, ends_at, times, node.range_ms)

    def together(self, grids: Sequence[Grid], columns: int) -> Grid:
        """Put parts below each other, rows sorted by labels."""
        if len(grids) < 2:
            return grids[0] if grids else Grid.empty(columns)
        self.guard.cells(sum(map(len, grids)), columns)
        return in_order(joined(grids))

    def on_grid(self, name: str, node: Tree, times: Times) -> Grid | None:
        """Let the store compute a function over a range selector; None where it cannot."""
        if name not in ON_GRID or not isinstance(node, RangeSelector):
            return None
        ends_at = self.ends_at(node.selector, times)
        pushed = self._pushed(cast("GridFunction", name), node.selector, ends_at, node.range_ms)
        return None if pushed is None else spread(pushed, times.count)

    def _pushed(
        self, name: GridFunction, node: Selector, ends_at: Times, window_ms: int
    ) -> Grid | None:
        if not isinstance(self.storage, GridStorage):
            return None
        self.guard.check()
        grid = Range(ends_at.start_ms, ends_at.end_ms, ends_at.step_ms)
        try:
            answer = self.storage.on_grid(name, all_matchers(node), grid, window_ms=window_ms)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error
        if answer is None:
            return None
        self.guard.saw(answer.samples)
        self.guard.cells(*answer.values.shape)
        self.pushed_down += 1
        labels = [of_series(one) for one in answer.series]
        return in_order(Grid.of(labels, answer.values, answer.present)).filled()

    def windows(self, node: RangeSelector | Subquery, times: Times) -> tuple[Windows, Flags]:
        """Read all windows together; tell of each row whether its name is to go."""
        if isinstance(node, RangeSelector):
            ends_at = self.ends_at(node.selector, times)
            since = ends_at.start_ms - node.range_ms
            parts, count = [], 0
            for part in self._read(all_matchers(node.selector), since, ends_at.end_ms):
                count += len(part.ts)
                self.guard.cells(1, count)
                parts.append(part)
            self.guard.hold(count)
            whole = samples.joined(parts)
            windows = windows_over(whole, ends_at, times, range_ms=node.range_ms)
            return windows, np.zeros(len(windows), np.bool_)
        return self._subquery(node, times)

    def _parts(
        self,
        node: Selector,
        ends_at: Times,
        times: Times,
        range_ms: int,
        *,
        keep_stale: bool = False,
    ) -> Iterator[Windows]:
        matchers = all_matchers(node)
        since, until = ends_at.start_ms - range_ms, ends_at.end_ms
        for part in self._read(matchers, since, until):
            self.guard.check()
            self.guard.hold(len(part.ts))
            yield windows_over(part, ends_at, times, range_ms=range_ms, keep_stale=keep_stale)

    def _read(self, matchers: Sequence[Matcher], since: int, until: int) -> Iterator[Samples]:
        try:
            if isinstance(self.storage, PartStorage):
                yield from self.storage.parts(matchers, since, until)
            else:
                yield self.storage.select(matchers, since, until)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error

    def _subquery(self, node: Subquery, times: Times) -> tuple[Windows, Flags]:
        ends_at = self.ends_at(node, times)
        inner_times = self._inner_times(node, ends_at)
        if inner_times.count > MOST_TIMES:
            raise TooManySamples(TOO_MANY)
        grid = self.inner(node.inner, inner_times) if inner_times.count else Grid.empty(0)
        counts = grid.present.sum(axis=1)
        self.guard.hold(int(counts.sum()))
        ends = np.cumsum(counts, dtype=np.int64)
        where = np.nonzero(grid.present)
        ts = inner_times.ms[where[1]]
        values = np.ascontiguousarray(grid.values[where])
        windows = Windows(
            grid.labels, ends - counts, ends, ts, values, ends_at, times, node.range_ms
        )
        return windows, grid.drops

    def _inner_times(self, node: Subquery, ends_at: Times) -> Times:
        """Tell when a subquery is computed: multiples of its step, inside all windows."""
        step = node.step_ms or self.options.subquery_step_ms
        before = ends_at.start_ms - node.range_ms
        start = (before // step + 1) * step
        return Times(start, step, max(0, (ends_at.end_ms - start) // step + 1))


def within_reach(times: Times) -> Times:
    """Refuse times that milliseconds in 64 bits cannot tell apart from each other any more."""
    if max(abs(times.start_ms), abs(times.end_ms)) > FARTHEST_MS:
        raise EvaluationFailed("the time asked for is out of range")
    return times


def spread(grid: Grid, count: int) -> Grid:
    """Let an answer at one time stand at all times."""
    if grid.values.shape[1] == count:
        return grid
    shape = (len(grid), count)
    return Grid(
        grid.labels,
        np.broadcast_to(grid.values, shape),
        np.broadcast_to(grid.present, shape),
        grid.drops,
    )


def in_order(grid: Grid) -> Grid:
    """Sort rows by their labels."""
    order = sorted(range(len(grid)), key=grid.labels.__getitem__)
    return grid if order == list(range(len(grid))) else grid.rows(np.array(order, np.int64))
