"""Where the evaluator gets its samples from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from analytics.promql.outcome import Flags, Floats, Range
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.samples import Samples


class Storage(Protocol):
    """Raw samples of the series that match, with `start_ms` < ts <= `end_ms`.

    Series without a sample in there are left out. Raises TooManySamples past the limit.
    """

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples: ...


@runtime_checkable
class PartStorage(Storage, Protocol):
    """A store that can hand samples out some series at a time, so that the memory stays bounded.

    All parts together are what `select` gives; each series is in one of them. Raises
    TooManySamples past the limit.
    """

    def parts(
        self, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> Iterator[Samples]: ...


# `instant` is a plain selector: the newest sample of the window, none where that is a stale marker.
# All others are PromQL's functions of that name, over the window's samples without stale markers.
GridFunction = Literal[
    "instant",
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "changes",
    "resets",
    "deriv",
]


@dataclass(frozen=True)
class OnGrid:
    """What a function answered: a row a series, a column a time of the grid.

    `present` says where there is an answer; series without any are left out. `samples` were read.
    """

    series: Sequence[Series]
    values: Floats
    present: Flags
    samples: int


@runtime_checkable
class GridStorage(Storage, Protocol):
    """A store that can also compute functions over selectors itself.

    At each time t of `grid` the function sees the samples with t - `window_ms` < ts <= t. None means
    that the store cannot do this one; the evaluator then computes from `select`, and agrees to
    1e-9. Raises TooManySamples past the limit.
    """

    def on_grid(
        self, function: GridFunction, matchers: Sequence[Matcher], grid: Range, *, window_ms: int
    ) -> OnGrid | None: ...
