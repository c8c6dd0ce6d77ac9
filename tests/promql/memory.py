"""A storage in memory, as the smallest thing that the evaluator can ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from analytics.promql.grids import Times
from analytics.promql.outcome import Range
from analytics.promql.range_functions import RANGE_FUNCTIONS, last_of
from analytics.promql.selectors import NAME, matches
from analytics.promql.storage import GridFunction, OnGrid
from analytics.promql.windows import windows_over
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.samples import STALE, Samples, is_stale

Points = Sequence[tuple[int, float]]


class MemoryStorage:
    def __init__(self) -> None:
        self.points: dict[Series, dict[int, float]] = {}
        self.selected = 0

    def add(self, labels: Mapping[str, str], points: Iterable[tuple[int, float]]) -> None:
        """Add samples; the later of one time wins."""
        rest = {name: value for name, value in labels.items() if name != NAME}
        series = Series.of(labels.get(NAME, ""), rest)
        self.points.setdefault(series, {}).update(points)

    def load(self, labels: Mapping[str, str], step_ms: int, values: Sequence[object]) -> None:
        """Add values at multiples of a step, as the cases' files write them; None is no sample."""
        self.add(labels, [(i * step_ms, number(v)) for i, v in enumerate(values) if v is not None])

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        self.selected += 1
        found: list[tuple[Series, list[tuple[int, float]]]] = []
        for series, points in self.points.items():
            if is_meant(series, matchers):
                inside = sorted((t, v) for t, v in points.items() if start_ms < t <= end_ms)
                if inside:
                    found.append((series, inside))
        flat = [point for _, points in found for point in points]
        return Samples(
            [series for series, _ in found],
            np.cumsum([len(points) for _, points in found], dtype=np.int64),
            np.array([ts for ts, _ in flat], np.int64),
            np.array([value for _, value in flat], np.float64),
        )


def is_meant(series: Series, matchers: Sequence[Matcher]) -> bool:
    labels = {NAME: series.name, **dict(series.labels)}
    return all(matches(matcher, labels.get(matcher.name, "")) for matcher in matchers)


def number(value: object) -> float:
    return float(STALE) if value == "stale" else float(str(value))


class PartsStorage(MemoryStorage):
    """The same, but it hands out one series at a time."""

    def parts(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Samples]:
        whole = self.select(matchers, start_ms, end_ms)
        for series, end in reversed(list(zip(whole.series, whole.ends.tolist(), strict=True))):
            start = max((one for one in (0, *whole.ends.tolist()) if one < end), default=0)
            ends = np.array([end - start], np.int64)
            yield Samples([series], ends, whole.ts[start:end], whole.values[start:end])


class OnGridStorage:
    """The same, but it computes what it is asked for on a grid itself."""

    def __init__(self, inner: MemoryStorage) -> None:
        self.inner = inner

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        return self.inner.select(matchers, start_ms, end_ms)

    def on_grid(
        self, function: GridFunction, matchers: Sequence[Matcher], grid: Range, *, window_ms: int
    ) -> OnGrid | None:
        samples = self.select(matchers, grid.start_ms - window_ms, grid.end_ms)
        times = Times(
            grid.start_ms, grid.step_ms, (grid.end_ms - grid.start_ms) // grid.step_ms + 1
        )
        is_instant = function == "instant"
        windows = windows_over(samples, times, times, range_ms=window_ms, keep_stale=is_instant)
        run = last_of if is_instant else RANGE_FUNCTIONS[function]
        values = np.zeros((len(windows), times.count))
        present = np.zeros(values.shape, np.bool_)
        for block in windows.blocks():
            values[block.rows, block.columns], present[block.rows, block.columns] = run(block, ())
        series = [
            Series.of(dict(labels).get(NAME, ""), {k: v for k, v in labels if k != NAME})
            for labels in windows.labels
        ]
        return OnGrid(series, values, present & ~is_stale(values), len(samples.ts))
