"""Functions over windows of samples: rate and its family, everything `_over_time`. Pure.

Each takes a block of windows and the scalar arguments at its times, and gives a value and whether
there is one, for each window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from analytics.promql import window_passes as passes
from analytics.promql.errors import EvaluationFailed
from analytics.promql.outcome import Flags, Floats, Ints
from analytics.promql.quantiles import quantiles
from analytics.promql.windows import Block

Answered = tuple[Floats, Flags]
RangeFunction = Callable[[Block, Sequence[Floats]], Answered]


NO_RESETS: Ints = np.empty(0, np.int64)


def resets(values: Floats) -> Ints:
    """Find the samples that are less than the one before them."""
    return np.flatnonzero(values[1:] < values[:-1]) + 1


def extrapolated(block: Block, _: Sequence[Floats], *, counter: bool, per_second: bool) -> Answered:
    """Compute how much a series grew, extrapolated to the window's ends as far as it seems to go."""
    out = np.zeros(block.low.shape)
    if out.size:
        passes.extrapolations(
            block.ts, block.values, block.low, block.high, block.ends_ms, block.range_ms,
            resets(block.values) if counter else NO_RESETS, counter, per_second, out,
        )  # fmt: skip
    return out, block.counts >= 2


def of_last_two(block: Block, _: Sequence[Floats], *, counter: bool) -> Answered:
    """Compute the difference of the last two samples, per second for a counter."""
    enough, _first, last = block.held(2)
    before = np.where(enough, last - 1, 0)
    now = block.values[last]
    change = now - block.values[before]
    if not counter:
        return change, enough
    change = np.where(now < block.values[before], now, change)
    return change / ((block.ts[last] - block.ts[before]) / 1000), enough


def counted(block: Block, _: Sequence[Floats]) -> Answered:
    return block.counts.astype(np.float64), block.counts > 0


def present(block: Block, _: Sequence[Floats]) -> Answered:
    return np.ones(block.counts.shape), block.counts > 0


def first_of(block: Block, _: Sequence[Floats]) -> Answered:
    some, first, _last = block.held()
    return block.values[first], some


def last_of(block: Block, _: Sequence[Floats]) -> Answered:
    some, _first, last = block.held()
    return block.values[last], some


def first_time(block: Block, _: Sequence[Floats]) -> Answered:
    some, first, _last = block.held()
    return block.ts[first] / 1000, some


def last_time(block: Block, _: Sequence[Floats]) -> Answered:
    some, _first, last = block.held()
    return block.ts[last] / 1000, some


def events(block: Block, _: Sequence[Floats], *, is_event: Callable[[Floats], Flags]) -> Answered:
    """Count the samples inside the window that differ from the one before in some way."""
    some, first, last = block.held()
    before = np.concatenate([[0, 0], np.cumsum(is_event(block.values))])
    return (before[last + 1] - before[first + 1]).astype(np.float64), some


def changed(values: Floats) -> Flags:
    is_nan = np.isnan(values)
    flags: Flags = (values[1:] != values[:-1]) & ~(is_nan[1:] & is_nan[:-1])
    return flags


def fell(values: Floats) -> Flags:
    flags: Flags = values[1:] < values[:-1]
    return flags


def passed(block: Block, _: Sequence[Floats], *, by: Callable[..., None]) -> Answered:
    out = np.zeros(block.counts.shape)
    by(block.values, block.low, block.high, out)
    return out, block.counts > 0


def deviation(block: Block, _: Sequence[Floats]) -> Answered:
    out, some = passed(block, (), by=passes.variances)
    return np.sqrt(out), some


def extreme(block: Block, _: Sequence[Floats], *, sign: float) -> Answered:
    some, _first, _last = block.held()
    place = np.zeros(block.counts.shape, np.int64)
    passes.extremes(block.values, block.low, block.high, sign, place)
    return block.values[np.where(some, place, 0)], some


def extreme_time(block: Block, _: Sequence[Floats], *, sign: float) -> Answered:
    some, _first, _last = block.held()
    place = np.zeros(block.counts.shape, np.int64)
    passes.last_extremes(block.values, block.low, block.high, sign, place)
    return block.ts[np.where(some, place, 0)] / 1000, some


def _lists(block: Block) -> tuple[Floats, Flags]:
    """Give each window's samples side by side, along a third axis."""
    longest = max(1, int(block.counts.max(initial=1)))
    offsets = np.arange(longest, dtype=np.int64)
    held = offsets < block.counts[..., None]
    return block.values[np.where(held, block.low[..., None] + offsets, 0)], held


def quantile(block: Block, scalars: Sequence[Floats]) -> Answered:
    return quantiles(*_lists(block), scalars[0]), block.counts > 0


def absolute_deviation(block: Block, _: Sequence[Floats]) -> Answered:
    """Compute the median of the distances from the median; NaN where one sample is."""
    values, held = _lists(block)
    half = np.full(block.counts.shape, 0.5)
    distances = np.abs(values - quantiles(values, held, half)[..., None])
    has_nan = (held & np.isnan(values)).any(axis=-1)
    return np.where(has_nan, np.nan, quantiles(distances, held, half)), block.counts > 0


def _line(block: Block, zero: Ints) -> tuple[Floats, Floats, Flags]:
    slope, intercept = np.zeros(block.counts.shape), np.zeros(block.counts.shape)
    passes.lines(block.ts, block.values, block.low, block.high, zero, slope, intercept)
    return slope, intercept, block.counts >= 2


def derivative(block: Block, _: Sequence[Floats]) -> Answered:
    _some, first, _last = block.held()
    slope, _intercept, enough = _line(block, block.ts[first])
    return slope, enough


def predicted(block: Block, scalars: Sequence[Floats]) -> Answered:
    """Follow the line through the window from the evaluation's time for so many seconds."""
    zero = np.ascontiguousarray(np.broadcast_to(block.times_ms, block.counts.shape))
    slope, intercept, enough = _line(block, zero)
    return slope * scalars[0] + intercept, enough


def smoothing(block: Block, scalars: Sequence[Floats]) -> Answered:
    for factors, name in zip(scalars, ("smoothing", "trend"), strict=True):
        for bad in factors[(factors <= 0) | (factors >= 1)][:1]:
            raise EvaluationFailed(
                f"invalid {name} factor. Expected: 0 < {name[0]}f < 1, got: {bad:f}"
            )
    out = np.zeros(block.counts.shape)
    passes.smoothed(block.values, block.low, block.high, scalars[0], scalars[1], out)
    return out, block.counts >= 2


RANGE_FUNCTIONS: dict[str, RangeFunction] = {
    "rate": partial(extrapolated, counter=True, per_second=True),
    "increase": partial(extrapolated, counter=True, per_second=False),
    "delta": partial(extrapolated, counter=False, per_second=False),
    "irate": partial(of_last_two, counter=True),
    "idelta": partial(of_last_two, counter=False),
    "count_over_time": counted,
    "present_over_time": present,
    "absent_over_time": present,
    "first_over_time": first_of,
    "last_over_time": last_of,
    "ts_of_first_over_time": first_time,
    "ts_of_last_over_time": last_time,
    "changes": partial(events, is_event=changed),
    "resets": partial(events, is_event=fell),
    "sum_over_time": partial(passed, by=passes.sums),
    "avg_over_time": partial(passed, by=passes.means),
    "stdvar_over_time": partial(passed, by=passes.variances),
    "stddev_over_time": deviation,
    "mad_over_time": absolute_deviation,
    "min_over_time": partial(extreme, sign=-1.0),
    "max_over_time": partial(extreme, sign=1.0),
    "ts_of_min_over_time": partial(extreme_time, sign=-1.0),
    "ts_of_max_over_time": partial(extreme_time, sign=1.0),
    "quantile_over_time": quantile,
    "deriv": derivative,
    "predict_linear": predicted,
    "double_exponential_smoothing": smoothing,
}
# Their windows may be the same at all times (`@`) and their answers yet differ.
OF_EACH_TIME = frozenset({"predict_linear", "quantile_over_time", "double_exponential_smoothing"})
KEEP_NAME = frozenset({"last_over_time", "first_over_time"})
