"""Quantiles and fractions of classic histograms: series of buckets with the label `le`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from analytics.promql import bucket_passes as passes
from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import Grid, Times, joined
from analytics.promql.guard import Notes
from analytics.promql.labels import NAME, changed, get, quoted, without
from analytics.promql.literals import shown_number
from analytics.promql.outcome import Flags, Floats, Ints, Labels

BOUND = "le"
FORCED = (
    "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/"
    "docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


@dataclass(frozen=True)
class Histogram:
    """The buckets of one series of histograms, by rising bound."""

    labels: Labels
    bounds: Floats
    counts: Floats
    present: Flags
    drops: bool


def histograms(grid: Grid, notes: Notes, position: int) -> list[Histogram]:
    """Put buckets together; series that are no buckets are left out with a warning."""
    found: dict[Labels, list[tuple[float, int]]] = {}
    for row, labels in enumerate(grid.labels):
        bound = _bound(get(labels, BOUND))
        if bound is None:
            _warn_of_bound(labels, notes, position)
            continue
        found.setdefault(without(labels, (BOUND,)), []).append((bound, row))
    return [_histogram(grid, labels, sorted(buckets)) for labels, buckets in found.items()]


def _bound(text: str) -> float | None:
    try:
        return float(text) if text and text == text.strip() else None
    except ValueError:
        return None


def _warn_of_bound(labels: Labels, notes: Notes, position: int) -> None:
    bound, name = quoted(get(labels, BOUND)), get(labels, NAME)
    of_metric = f" for metric name {quoted(name)}" if name else ""
    notes.warn(
        f'bucket label "le" is missing or has a malformed value of {bound}{of_metric}', position
    )


def _histogram(grid: Grid, labels: Labels, buckets: list[tuple[float, int]]) -> Histogram:
    rows: Ints = np.array([row for _, row in buckets], np.int64)
    return Histogram(
        labels,
        np.array([bound for bound, _ in buckets]),
        np.ascontiguousarray(grid.values[rows]),
        np.ascontiguousarray(grid.present[rows]),
        bool(grid.drops[rows[0]]),
    )


def _answer(
    found: Sequence[Histogram], columns: int, run: Callable[[Histogram, Floats], None]
) -> Grid:
    out = np.zeros((len(found), columns))
    present = np.zeros(out.shape, np.bool_)
    for row, histogram in enumerate(found):
        present[row] = histogram.present.any(axis=0)
        run(histogram, out[row])
    drops = np.array([histogram.drops for histogram in found], np.bool_)
    return Grid([histogram.labels for histogram in found], out, present, drops)


def fraction(grid: Grid, lower: Floats, higher: Floats, *, notes: Notes, position: int) -> Grid:
    def run(histogram: Histogram, out: Floats) -> None:
        passes.fractions(histogram.bounds, histogram.counts, histogram.present, lower, higher, out)

    return _answer(histograms(grid, notes, position), grid.values.shape[1], run)


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of histograms at `times`, with notes at the place of the vector in the query."""

    times: Times
    notes: Notes
    position: int
    names_metric: bool

    def one(self, grid: Grid, quantile: Floats) -> Grid:
        return self._of(histograms(grid, self.notes, self.position), quantile)

    def several(self, grid: Grid, label: str, quantiles: Sequence[Floats]) -> Grid:
        """Compute several at once, told apart by a label. Raises EvaluationFailed."""
        found = histograms(grid, self.notes, self.position)
        parts: list[Grid] = []
        for quantile in quantiles:
            for shown in dict.fromkeys(map(_shown_quantile, quantile.tolist())):
                same = np.array([_shown_quantile(one) == shown for one in quantile.tolist()])
                answer = self._of(found, quantile)
                parts.append(
                    Grid(
                        [_labelled(labels, label, shown) for labels in answer.labels],
                        answer.values,
                        answer.present & same,
                        answer.drops,
                    )
                )
        return joined(parts)

    def _of(self, found: Sequence[Histogram], quantile: Floats) -> Grid:
        def run(histogram: Histogram, out: Floats) -> None:
            forced = np.full((self.times.count, 3), math.nan)
            passes.quantiles(
                histogram.bounds, histogram.counts, histogram.present, quantile, out, forced
            )
            self._tell_of_forced(histogram.labels, forced)

        return _answer(found, self.times.count, run)

    def _tell_of_forced(self, labels: Labels, forced: Floats) -> None:
        at = np.flatnonzero(~np.isnan(forced[:, 0]))
        if not len(at):
            return
        name = get(labels, NAME) if self.names_metric else ""
        of_metric = f" for metric name {quoted(name)}" if name else ""
        first, last = (_shown_time(self.times.ms[place]) for place in (at[0], at[-1]))
        self.notes.inform(
            f"{FORCED}{of_metric}, from buckets {shown_number(forced[at, 0].min())} to"
            f" {shown_number(forced[at, 1].max())}, with a max diff of {forced[at, 2].max():.2g},"
            f" over {len(at)} samples from {first} to {last}",
            self.position,
        )


def _labelled(labels: Labels, label: str, value: str) -> Labels:
    if get(labels, label):
        raise EvaluationFailed(
            f"quantile label {quoted(label)} already exists in the input of histogram_quantiles"
        )
    return changed(labels, {label: value})


def _shown_quantile(quantile: float) -> str:
    """Write a number as OpenMetrics does: always with a point."""
    text = shown_number(quantile)
    return text if not text.lstrip("-").isdigit() else f"{text}.0"


def _shown_time(ms: int) -> str:
    return datetime.fromtimestamp(int(ms) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
