"""What is kept of samples as a store of PromQL's evaluator: each selector in the resolution it needs.

Where samples still are the answer is theirs, as Prometheus's would be: from buckets of five minutes or
an hour only where that is the same, sooner. What is older than the samples is answered from buckets
(docs/metrics.md, "What is kept", says how exactly).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from analytics.promql.errors import TooManySamples
from analytics.promql.guard import TOO_MANY
from analytics.promql.outcome import Range
from analytics.promql.pushdown import PushingStorage
from analytics.promql.storage import GridFunction, GridStorage, OnGrid, PartStorage, Storage
from analytics.series import samples
from analytics.series.coarse import Coarse
from analytics.series.keeping import ONLY_SAMPLES, Reach
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage
from analytics.series.resolutions import ALL, RAW, Need, Resolution, resolution_for
from analytics.series.samples import Samples


@dataclass(frozen=True)
class KeptStorage:
    """Reads for one question. `used` are the resolutions that answered, `engine.cost` what it took.

    `raw` answers what needs samples; None: `engine` does, and computes itself where that pays.
    """

    engine: EngineStorage = field(default_factory=EngineStorage)
    reach: Reach = ONLY_SAMPLES
    raw: Storage | None = None
    used: set[Resolution] = field(default_factory=set)
    roughly: set[Resolution] = field(default_factory=set)  # of those, what is not as samples were

    @property
    def resolutions(self) -> tuple[str, ...]:
        """Return the names of the resolutions that answered, the finest first."""
        return tuple(one.name for one in ALL if one in self.used)

    @property
    def _samples(self) -> Storage:
        return self.raw or PushingStorage(self.engine)

    @property
    def infos(self) -> tuple[str, ...]:
        """Say in words where the answer is not quite what it was while the samples were there."""
        return tuple(
            f"PromQL info: samples of this time are gone; computed from those by {one.title}"
            for one in ALL
            if one in self.roughly
        )

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        resolution = self._chosen(Need(start_ms, end_ms))
        self.used.add(resolution)
        if resolution.is_raw:
            return self._samples.select(matchers, start_ms, end_ms)
        self.roughly.add(resolution)
        try:
            return self._coarse(resolution).select(matchers, start_ms, end_ms)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error

    def parts(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Samples]:
        """Hand samples out some series at a time, where they are samples and their store can."""
        storage, resolution = self._samples, self._chosen(Need(start_ms, end_ms))
        if resolution.is_raw and isinstance(storage, PartStorage):
            self.used.add(resolution)
            yield from storage.parts(matchers, start_ms, end_ms)
        else:
            yield self.select(matchers, start_ms, end_ms)

    def on_grid(
        self, function: GridFunction, matchers: Sequence[Matcher], grid: Range, *, window_ms: int
    ) -> OnGrid | None:
        times = np.arange(grid.start_ms, grid.end_ms + 1, max(1, grid.step_ms))
        need = Need(
            grid.start_ms - window_ms,
            int(times[-1]),
            grid.step_ms if len(times) > 1 else 0,
            window_ms,
            is_plain=function == "instant",
        )
        resolution = self._chosen(need)
        if resolution.is_raw:
            return self._of_samples(function, matchers, grid, window_ms)
        try:
            found = self._coarse(resolution).on_grid(function, matchers, times, window_ms)
        except samples.TooManySamples as error:
            raise TooManySamples(TOO_MANY) from error
        if found is None:
            return None
        self.used.add(resolution)
        if not need.is_union_of(resolution.width_ms):
            self.roughly.add(resolution)
        return OnGrid(found.series, found.values, found.present, found.samples)

    def _of_samples(
        self, function: GridFunction, matchers: Sequence[Matcher], grid: Range, window_ms: int
    ) -> OnGrid | None:
        if not isinstance(self._samples, GridStorage):
            return None
        found = self._samples.on_grid(function, matchers, grid, window_ms=window_ms)
        if found is not None:
            self.used.add(RAW)
        return found

    def _chosen(self, need: Need) -> Resolution:
        return resolution_for(need, self.reach.since_ms)

    def _coarse(self, resolution: Resolution) -> Coarse:
        return Coarse(self.engine, resolution, self.reach.until_ms[resolution.name])
