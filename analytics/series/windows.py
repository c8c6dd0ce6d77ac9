"""PromQL's functions over buckets instead of samples. Pure.

A window (t - w, t] is answered by whole buckets: it ends at the last end of a bucket that is not
after t, and holds as many buckets as w needs. Where t and w are multiples of the buckets' width,
nothing is lost: what a window's samples come to is what its buckets come to. Otherwise the window
lies up to a width earlier and is up to a width longer, and what grows with it is scaled to w.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NEVER = -1  # ended_ms of a bucket in which the series went on


@dataclass(frozen=True)
class Buckets:
    """Rows of series, one series after the other, each by ascending time.

    `place` numbers a row's series from 0; `end` is its bucket's end in ms since 1970; `figures` are
    columns of analytics.series.buckets.FIGURES.
    """

    place: Ints
    end: Ints
    figures: Mapping[str, npt.NDArray[np.generic]]
    series: int
    width_ms: int

    def floats(self, name: str) -> Floats:
        return np.asarray(self.figures[name], np.float64)

    def ints(self, name: str) -> Ints:
        return np.asarray(self.figures[name], np.int64)

    def with_samples(self) -> Buckets:
        """Leave out those that only say that a series ended."""
        kept = self.ints("count") > 0
        figures = {name: column[kept] for name, column in self.figures.items()}
        return Buckets(self.place[kept], self.end[kept], figures, self.series, self.width_ms)


@dataclass(frozen=True)
class Windows:
    """For each series and time, which rows are in the window: `low` up to before `high`."""

    buckets: Buckets
    low: Ints
    high: Ints
    start_ms: Ints  # of the windows as they are answered, by time
    end_ms: Ints
    window_ms: int  # as it was asked for

    @property
    def any(self) -> Flags:
        return self.high > self.low

    @property
    def scale(self) -> float:
        """Return the asked window's share of the answered one."""
        return self.window_ms / float(self.end_ms[0] - self.start_ms[0])


Computed = tuple[Floats, Flags]
Function = Callable[[Windows], Computed]


def windows(buckets: Buckets, times: Ints, window_ms: int) -> Windows:
    width = buckets.width_ms
    end = times // width * width
    start = end - max(1, -(-window_ms // width)) * width
    # One ascending key for series and time, so that all windows are found at once.
    base = int(min(start.min(initial=0), buckets.end.min(initial=0)))
    reach = int(max(end.max(initial=0), buckets.end.max(initial=0))) - base + 1
    keys = buckets.place * reach + (buckets.end - base)
    places = np.arange(buckets.series, dtype=np.int64)[:, None] * reach
    low = np.searchsorted(keys, places + (start - base), "right")
    high = np.searchsorted(keys, places + (end - base), "right")
    return Windows(buckets, low, high, start, end, window_ms)


def summed(asked: Windows, values: Floats) -> Floats:
    """Add up a column over each window. Without running sums: they keep traces of large values."""
    return np.where(asked.any, reduced(asked, np.add, values), 0.0)


def reduced(asked: Windows, reduce: np.ufunc, values: Floats) -> Floats:
    """Reduce a column over each window; windows without rows have any value."""
    if not len(values):
        return np.zeros(asked.low.shape)
    low = np.minimum(asked.low, len(values) - 1).ravel()
    pairs = np.stack([low, np.maximum(asked.high.ravel(), low + 1)], axis=1).ravel()
    padded = np.append(values, values[-1])  # an index may be the end
    with np.errstate(invalid="ignore"):
        found = reduce.reduceat(padded, pairs)[::2]
    return np.asarray(found, np.float64).reshape(asked.low.shape)


def first_of(asked: Windows, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return _taken(values, asked.low)


def last_of(asked: Windows, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return _taken(values, asked.high - 1)


def _taken(values: npt.NDArray[np.generic], at: Ints) -> npt.NDArray[np.generic]:
    if not len(values):
        return np.zeros(at.shape, values.dtype)
    return np.asarray(values[np.clip(at, 0, len(values) - 1)])


def across(buckets: Buckets, step: Callable[[Floats, Floats], Floats]) -> Floats:
    """Compute for each row what happened since the series' row before it; 0 for the first one."""
    found = np.zeros(len(buckets.end))
    if len(found) > 1:
        before, now = buckets.floats("last")[:-1], buckets.floats("first")[1:]
        goes_on = buckets.place[1:] == buckets.place[:-1]
        found[1:] = np.where(goes_on, step(before, now), 0.0)
    return found


def gained(before: Floats, now: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(now < before, now, now - before)
    return found


def is_reset(before: Floats, now: Floats) -> Floats:
    return (now < before).astype(np.float64)


def is_change(before: Floats, now: Floats) -> Floats:
    return np.asarray((now != before) & ~(np.isnan(now) & np.isnan(before)), np.float64)


def moved(asked: Windows, name: str, step: Callable[[Floats, Floats], Floats]) -> Floats:
    """Add up what happened within rows, and between those of one window."""
    inside = summed(asked, asked.buckets.floats(name))
    later = replace(asked, low=np.minimum(asked.low + 1, asked.high))
    return inside + summed(later, across(asked.buckets, step))


def scaled(name: str, step: Callable[[Floats, Floats], Floats]) -> Function:
    return lambda asked: (moved(asked, name, step) * asked.scale, asked.any)


def counted(asked: Windows) -> Computed:
    return summed(asked, asked.buckets.floats("count")) * asked.scale, asked.any


def sums(asked: Windows) -> Computed:
    return summed(asked, asked.buckets.floats("sum")) * asked.scale, asked.any


def averages(asked: Windows) -> Computed:
    with np.errstate(invalid="ignore", divide="ignore"):
        found = summed(asked, asked.buckets.floats("sum"))
        average: Floats = found / summed(asked, asked.buckets.floats("count"))
    return average, asked.any


def lowest(asked: Windows) -> Computed:
    return reduced(asked, np.fmin, asked.buckets.floats("min")), asked.any


def highest(asked: Windows) -> Computed:
    return reduced(asked, np.fmax, asked.buckets.floats("max")), asked.any


def newest(asked: Windows) -> Computed:
    return np.asarray(last_of(asked, asked.buckets.floats("last")), np.float64), asked.any


def present(asked: Windows) -> Computed:
    return np.ones(asked.low.shape), asked.any


def current(asked: Windows) -> Computed:
    """Answer a plain selector: nothing where the series has ended since its newest sample."""
    rows = asked.buckets
    ended = np.asarray(last_of(asked, rows.ints("ended_ms") != NEVER), np.bool_)
    count = np.asarray(last_of(asked, rows.ints("count")), np.int64)
    values = np.asarray(last_of(asked, rows.floats("last")), np.float64)
    return values, asked.any & ~ended & (count > 0)


def extrapolated(asked: Windows, *, is_counter: bool, is_rate: bool) -> Computed:
    """Compute rate, increase and delta as Prometheus does of samples: up to the window's edges
    where samples come near to them.
    """
    rows = asked.buckets
    count = summed(asked, rows.floats("count"))
    first = np.asarray(first_of(asked, rows.floats("first")), np.float64)
    last = np.asarray(last_of(asked, rows.floats("last")), np.float64)
    began = np.asarray(first_of(asked, rows.end - rows.ints("first_ms")), np.int64)
    ended = np.asarray(last_of(asked, rows.end - rows.ints("last_ms")), np.int64)
    found = asked.any & (count >= 2) & (ended > began)
    gain = moved(asked, "increase", gained) if is_counter else last - first
    with np.errstate(invalid="ignore", divide="ignore"):
        span = (ended - began).astype(np.float64)
        apart = span / (count - 1)
        to_start = (began - asked.start_ms).astype(np.float64)
        to_start = np.where(to_start >= 1.1 * apart, apart / 2, to_start)
        if is_counter:  # no counter was below zero
            to_zero = np.where((gain > 0) & (first >= 0), span * (first / gain), np.inf)
            to_start = np.minimum(to_start, to_zero)
        to_end = (asked.end_ms - ended).astype(np.float64)
        to_end = np.where(to_end >= 1.1 * apart, apart / 2, to_end)
        whole = gain * ((span + to_start + to_end) / span)
    answered_s = float(asked.end_ms[0] - asked.start_ms[0]) / 1000
    return (whole / answered_s if is_rate else whole * asked.scale), found


# What each function needs of the rows, and how it is computed. `count` tells rows with samples.
FUNCTIONS: Mapping[str, tuple[tuple[str, ...], Function]] = {
    "instant": (("last", "ended_ms"), current),
    "last_over_time": (("last",), newest),
    "present_over_time": ((), present),
    "count_over_time": ((), counted),
    "sum_over_time": (("sum",), sums),
    "avg_over_time": (("sum",), averages),
    "min_over_time": (("min",), lowest),
    "max_over_time": (("max",), highest),
    "changes": (("changes", "first", "last"), scaled("changes", is_change)),
    "resets": (("resets", "first", "last"), scaled("resets", is_reset)),
    "rate": (
        ("increase", "first", "last", "first_ms", "last_ms"),
        lambda asked: extrapolated(asked, is_counter=True, is_rate=True),
    ),
    "increase": (
        ("increase", "first", "last", "first_ms", "last_ms"),
        lambda asked: extrapolated(asked, is_counter=True, is_rate=False),
    ),
    "delta": (
        ("first", "last", "first_ms", "last_ms"),
        lambda asked: extrapolated(asked, is_counter=False, is_rate=False),
    ),
}


def answered(function: str, buckets: Buckets, times: Ints, window_ms: int) -> Computed:
    """Return a row a series and a column a time: values, and where there are any."""
    rows = buckets if function == "instant" else buckets.with_samples()
    _, compute = FUNCTIONS[function]
    return compute(windows(rows, times, window_ms))
