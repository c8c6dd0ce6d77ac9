"""Compiled passes over windows of samples. Pure.

`low[r, c]` and `high[r, c]` say which samples lie in the window of row r at time c. The order of
additions, and where a sum is compensated (Neumaier's form of Kahan's), are Prometheus's, so that
figures agree to the last bit where its own do.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from portal.lib.compiling import compiled_on_floats, inlined

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@compiled_on_floats
def bounds(  # noqa: PLR0913  # a pass takes plain arrays
    ts: Ints, starts: Ints, ends: Ints, first_ms: int, step_ms: int, range_ms: int, low: Ints,
    high: Ints,
) -> None:  # fmt: skip
    """Find the samples with t - range < ts <= t for each row and time."""
    for row in range(low.shape[0]):
        stop = ends[row]
        upper = starts[row] + np.searchsorted(ts[starts[row] : stop], first_ms, "right")
        lower = starts[row] + np.searchsorted(ts[starts[row] : stop], first_ms - range_ms, "right")
        for column in range(low.shape[1]):
            until = first_ms + column * step_ms
            while upper < stop and ts[upper] <= until:
                upper += 1
            while lower < upper and ts[lower] <= until - range_ms:
                lower += 1
            low[row, column] = lower
            high[row, column] = upper


@inlined
def plus(value: float, total: float, rest: float) -> tuple[float, float]:
    """Add to a compensated sum."""
    result = total + value
    if math.isinf(result):
        rest = 0.0
    elif abs(total) >= abs(value):
        rest += (total - result) + value
    else:
        rest += (value - result) + total
    return result, rest


@inlined
def stretch(
    sampled: float, between: float, to_start: float, to_end: float, to_zero: float
) -> float:
    """Say by how much a window is longer than what was sampled, as far as a series goes in it."""
    if to_start >= between * 1.1:
        to_start = between / 2
    if to_zero < to_start:
        to_start = to_zero
    if to_end >= between * 1.1:
        to_end = between / 2
    return (sampled + to_start + to_end) / sampled


@compiled_on_floats
def extrapolations(  # noqa: PLR0913  # a pass takes plain arrays
    ts: Ints, values: Floats, low: Ints, high: Ints, ends_ms: Ints, range_ms: int, resets: Ints,
    is_counter: bool, per_second: bool, out: Floats,
) -> None:  # fmt: skip
    """Compute how much series grew in each window, extrapolated as far as they seem to go in it.

    `resets` are the places, ascending, of samples that are less than the one before them.
    """
    for row in range(low.shape[0]):
        reset = np.searchsorted(resets, low[row, 0] + 1)
        for column in range(low.shape[1]):
            first, last = low[row, column], high[row, column] - 1
            if last <= first:
                continue
            increase = values[last] - values[first]
            while reset < len(resets) and resets[reset] <= first:
                reset += 1
            inside = reset
            while inside < len(resets) and resets[inside] <= last:
                increase += values[resets[inside] - 1]
                inside += 1
            sampled = (ts[last] - ts[first]) / 1000
            to_start = (ts[first] - (ends_ms[column] - range_ms)) / 1000
            to_end = (ends_ms[column] - ts[last]) / 1000
            to_zero = math.inf
            if is_counter and increase > 0 and values[first] >= 0:
                to_zero = sampled * (values[first] / increase)
            factor = stretch(sampled, sampled / (last - first), to_start, to_end, to_zero)
            if per_second:
                factor = factor / (range_ms / 1000)
            out[row, column] = increase * factor


@compiled_on_floats
def sums(values: Floats, low: Ints, high: Ints, out: Floats) -> None:
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            total, rest = 0.0, 0.0
            for place in range(low[row, column], high[row, column]):
                total, rest = plus(values[place], total, rest)
            out[row, column] = total if math.isinf(total) else total + rest


@compiled_on_floats
def means(values: Floats, low: Ints, high: Ints, out: Floats) -> None:
    """Average; once the sum would overflow, by an incremental mean."""
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            first, stop = low[row, column], high[row, column]
            if first == stop:
                continue
            total, rest, mean, is_incremental = values[first], 0.0, 0.0, False
            for place in range(first + 1, stop):
                count = float(place - first + 1)
                if not is_incremental:
                    new_total, new_rest = plus(values[place], total, rest)
                    if not math.isinf(new_total):
                        total, rest = new_total, new_rest
                        continue
                    is_incremental = True
                    mean = total / (count - 1)
                    rest /= count - 1
                share = (count - 1) / count
                mean, rest = plus(values[place] / count, share * mean, share * rest)
            count = float(stop - first)
            out[row, column] = mean + rest if is_incremental else total / count + rest / count


@compiled_on_floats
def extremes(values: Floats, low: Ints, high: Ints, sign: float, out: Ints) -> None:
    """Find the place of the largest (sign 1) or smallest (-1) sample, the first of equals."""
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            best = low[row, column]
            for place in range(low[row, column] + 1, high[row, column]):
                if values[place] * sign > values[best] * sign or math.isnan(values[best]):
                    best = place
            out[row, column] = best


@compiled_on_floats
def last_extremes(values: Floats, low: Ints, high: Ints, sign: float, out: Ints) -> None:
    """Find the place of the largest (sign 1) or smallest (-1) sample, the last of equals."""
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            best = low[row, column]
            for place in range(low[row, column] + 1, high[row, column]):
                if values[place] * sign >= values[best] * sign or math.isnan(values[best]):
                    best = place
            out[row, column] = best


@compiled_on_floats
def variances(values: Floats, low: Ints, high: Ints, out: Floats) -> None:
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            count, mean, mean_rest, squares, squares_rest = 0.0, 0.0, 0.0, 0.0, 0.0
            for place in range(low[row, column], high[row, column]):
                count += 1
                delta = values[place] - (mean + mean_rest)
                mean, mean_rest = plus(delta / count, mean, mean_rest)
                moved = values[place] - (mean + mean_rest)
                squares, squares_rest = plus(delta * moved, squares, squares_rest)
            if count > 0:
                out[row, column] = (squares + squares_rest) / count


@compiled_on_floats
def lines(  # noqa: PLR0913  # a pass takes plain arrays
    ts: Ints, values: Floats, low: Ints, high: Ints, zero: Ints, slope: Floats, intercept: Floats
) -> None:
    """Fit a line; `zero` is the time at which `intercept` is taken, by row and time."""
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            first, stop = low[row, column], high[row, column]
            if stop - first < 2:
                continue
            is_constant = True
            x_sum, x_rest, y_sum, y_rest = 0.0, 0.0, 0.0, 0.0
            xy_sum, xy_rest, xx_sum, xx_rest = 0.0, 0.0, 0.0, 0.0
            for place in range(first, stop):
                is_constant = is_constant and not (values[place] != values[first] and place > first)
                x = (ts[place] - zero[row, column]) / 1e3
                x_sum, x_rest = plus(x, x_sum, x_rest)
                y_sum, y_rest = plus(values[place], y_sum, y_rest)
                xy_sum, xy_rest = plus(x * values[place], xy_sum, xy_rest)
                xx_sum, xx_rest = plus(x * x, xx_sum, xx_rest)
            if is_constant:
                is_infinite = math.isinf(values[first])
                slope[row, column] = math.nan if is_infinite else 0.0
                intercept[row, column] = math.nan if is_infinite else values[first]
                continue
            count = float(stop - first)
            x_sum += x_rest
            y_sum += y_rest
            covariance = (xy_sum + xy_rest) - x_sum * y_sum / count
            variance = (xx_sum + xx_rest) - x_sum * x_sum / count
            slope[row, column] = covariance / variance
            intercept[row, column] = y_sum / count - slope[row, column] * x_sum / count


@compiled_on_floats
def smoothed(  # a pass takes plain arrays
    values: Floats, low: Ints, high: Ints, factor: Floats, trend_factor: Floats, out: Floats
) -> None:
    """Smooth with a trend (double exponential smoothing)."""
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            first, stop = low[row, column], high[row, column]
            if stop - first < 2:
                continue
            before, now = 0.0, values[first]
            trend = values[first + 1] - values[first]
            for place in range(first + 1, stop):
                if place > first + 1:
                    share = trend_factor[column]
                    trend = share * (now - before) + (1 - share) * trend
                raised = (1 - factor[column]) * (now + trend)
                before, now = now, factor[column] * values[place] + raised
            out[row, column] = now
