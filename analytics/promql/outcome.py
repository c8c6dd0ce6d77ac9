"""What is asked at which times, within which limits, and what is answered. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# A series' labels, sorted by name; the metric's name is the label `__name__`.
Labels = tuple[tuple[str, str], ...]
Kind = Literal["vector", "matrix", "scalar", "string"]


@dataclass(frozen=True)
class Instant:
    """One moment, in milliseconds since 1970 in UTC."""

    at_ms: int


@dataclass(frozen=True)
class Range:
    """From `start_ms` every `step_ms` to `end_ms`, both ends included."""

    start_ms: int
    end_ms: int
    step_ms: int


def _nothing() -> None:
    """Let the evaluation go on."""


@dataclass(frozen=True)
class Limits:
    """How far one question may go.

    `check` is called between nodes and chunks; it may raise Cancelled when nobody waits any more.
    """

    points: int = 11_000
    samples: int = 50_000_000
    timeout_s: float = 120.0
    check: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Options:
    """What a Prometheus server is configured with; the defaults are those of Prometheus 3."""

    lookback_ms: int = 300_000
    subquery_step_ms: int = 60_000
    delayed_name_removal: bool = False
    experimental_functions: bool = False

    @classmethod
    def of(cls, features: Collection[str]) -> Options:
        """Switch on what Prometheus has behind flags of these names."""
        return cls(
            delayed_name_removal="promql-delayed-name-removal" in features,
            experimental_functions="promql-experimental-functions" in features,
        )


@dataclass(frozen=True)
class NodeStats:
    """One node of the question: `depth` below the root, in the order of the text.

    `own_s` is the time spent in it without the nodes below it.
    """

    text: str
    depth: int
    series: int
    samples: int
    pushed_down: bool
    own_s: float


@dataclass(frozen=True)
class Stats:
    """What an answer took."""

    series: int = 0
    samples: int = 0
    pushed_down: int = 0
    elapsed_s: float = 0.0
    nodes: tuple[NodeStats, ...] = ()
    resolutions: tuple[str, ...] = ()  # of what is kept, those that answered, the finest first
    is_rough: bool = False  # samples are gone: what is left of them answers not quite as they did


@dataclass(frozen=True)
class Side:
    """One side of an operator: where it stands in the query, and series that it had."""

    start: int
    end: int
    series: tuple[Labels, ...]


@dataclass(frozen=True)
class Unmatched:
    """An operator between two vectors that both had series, of which none matched."""

    op: str
    left: Side
    right: Side


@dataclass(frozen=True)
class Outcome:
    """An answer: one row a series, one column a time; `present` says where there is a point.

    A vector has one time. A scalar has one row without labels. A string stands in `text`.
    A matrix at one instant (`up[5m]`) has raw samples: each row has times of its own, which stand in
    `raw`, and the grid has no columns. `points` serves all alike. Rows are in the order of the answer.
    """

    kind: Kind
    times: Ints
    series: Sequence[Labels]
    values: Floats
    present: Flags
    text: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    stats: Stats = field(default_factory=Stats)
    unmatched: tuple[Unmatched, ...] = ()
    raw: Sequence[tuple[Ints, Floats]] = ()

    def points(self, row: int) -> tuple[Ints, Floats]:
        """Give times and values of one series, without gaps."""
        if self.raw:
            return self.raw[row]
        kept = self.present[row]
        return self.times[kept], self.values[row][kept]
