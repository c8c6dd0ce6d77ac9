"""The engine as a store of PromQL's evaluator: samples, and functions that it computes itself.

Measured (1,000 series over a day at a minute's step): the newest sample of each window costs the
engine half of what it costs to hand the samples over and look here, rate() a fifth more. So it is
asked where the samples of a series are several for each point, for what adds up only where they are
many, and much less would have to travel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from analytics.promql.errors import TooManySamples
from analytics.promql.guard import TOO_MANY
from analytics.promql.outcome import Range
from analytics.promql.storage import GridFunction, OnGrid
from analytics.series import grids, samples
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage
from analytics.series.samples import Samples, is_stale
from analytics.series.sql.grids import Grid

# Samples are this far apart as far as is known before they are read.
USUAL_MS = 15_000
# Of so many samples for each point on it pays.
FEW, MANY = 2, 16
CHEAP: frozenset[GridFunction] = frozenset(
    {"instant", "last_over_time", "present_over_time", "count_over_time", "min_over_time",
     "max_over_time", "irate", "idelta"}
)  # fmt: skip


@dataclass(frozen=True)
class PushingStorage:
    """Reads for one question; `engine.cost` tells what that took."""

    engine: EngineStorage = field(default_factory=EngineStorage)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        try:
            return self.engine.select(matchers, start_ms, end_ms)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error

    def parts(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Samples]:
        """Hand samples out some series at a time. Raises as `select` does."""
        try:
            yield from self.engine.parts(matchers, start_ms, end_ms)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error

    def on_grid(
        self, function: GridFunction, matchers: Sequence[Matcher], grid: Range, *, window_ms: int
    ) -> OnGrid | None:
        """Let the engine compute it, where that pays. Raises as `select` does."""
        asked = Grid(grid.start_ms, grid.end_ms, grid.step_ms, window_ms)
        if not pays(function, asked):
            return None
        try:
            found = grids.on_grid(self.engine, function, matchers, asked)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error
        if found is None:
            return None
        present = found.present & ~is_stale(found.values)
        return OnGrid(found.series, found.values, present, found.samples)


def pays(function: GridFunction, grid: Grid) -> bool:
    """Tell whether a range has enough samples for each of its points."""
    spanned = grid.last_ms - grid.start_ms + grid.window_ms
    least = FEW if function in CHEAP else MANY
    return grid.count > 1 and spanned // USUAL_MS >= least * grid.count
