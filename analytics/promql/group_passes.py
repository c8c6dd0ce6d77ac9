"""Compiled passes that put rows together by group, time by time. Pure.

The order of rows and of additions is Prometheus's; `groups[r]` is the group of row r.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analytics.promql.window_passes import plus
from portal.lib.compiling import compiled_on_floats

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@compiled_on_floats
def sums(values: Floats, present: Flags, groups: Ints, out: Floats, counts: Ints) -> None:
    rests = np.zeros(out.shape)
    for row in range(values.shape[0]):
        group = groups[row]
        for column in range(values.shape[1]):
            if not present[row, column]:
                continue
            if counts[group, column] == 0:
                out[group, column] = values[row, column]
            else:
                total, rest = plus(values[row, column], out[group, column], rests[group, column])
                out[group, column] = total
                rests[group, column] = rest
            counts[group, column] += 1
    out += rests


@compiled_on_floats
def means(values: Floats, present: Flags, groups: Ints, out: Floats, counts: Ints) -> None:
    """Average; once the sum would overflow, by an incremental mean."""
    rests = np.zeros(out.shape)
    incremental = np.zeros(out.shape, np.bool_)
    for row in range(values.shape[0]):
        group = groups[row]
        for column in range(values.shape[1]):
            if not present[row, column]:
                continue
            value, total, rest = values[row, column], out[group, column], rests[group, column]
            counts[group, column] += 1
            count = float(counts[group, column])
            if count == 1:
                out[group, column] = value
                continue
            if not incremental[group, column]:
                new_total, new_rest = plus(value, total, rest)
                if not math.isinf(new_total):
                    out[group, column] = new_total
                    rests[group, column] = new_rest
                    continue
                incremental[group, column] = True
                total /= count - 1
                rest /= count - 1
            share = (count - 1) / count
            mean, rest = plus(value / count, share * total, share * rest)
            out[group, column] = mean
            rests[group, column] = rest
    divided(out, rests, incremental, counts)


@compiled_on_floats
def divided(out: Floats, rests: Floats, incremental: Flags, counts: Ints) -> None:
    for group in range(out.shape[0]):
        for column in range(out.shape[1]):
            if incremental[group, column]:
                out[group, column] += rests[group, column]
            elif counts[group, column] > 0:
                count = float(counts[group, column])
                out[group, column] = out[group, column] / count + rests[group, column] / count


@compiled_on_floats
def extremes(  # a pass takes plain arrays
    values: Floats, present: Flags, groups: Ints, sign: float, out: Floats, counts: Ints
) -> None:
    for row in range(values.shape[0]):
        group = groups[row]
        for column in range(values.shape[1]):
            if not present[row, column]:
                continue
            value, best = values[row, column], out[group, column]
            is_first = counts[group, column] == 0
            if is_first or value * sign > best * sign or math.isnan(best):
                out[group, column] = value
            counts[group, column] += 1


@compiled_on_floats
def counted(values: Floats, present: Flags, groups: Ints, out: Floats, counts: Ints) -> None:
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            if present[row, column]:
                out[groups[row], column] += 1
                counts[groups[row], column] += 1


@compiled_on_floats
def variances(values: Floats, present: Flags, groups: Ints, out: Floats, counts: Ints) -> None:
    means_so_far = np.zeros(out.shape)
    for row in range(values.shape[0]):
        group = groups[row]
        for column in range(values.shape[1]):
            if not present[row, column]:
                continue
            value = values[row, column]
            counts[group, column] += 1
            if counts[group, column] == 1:
                means_so_far[group, column] = value
                is_number = not (math.isnan(value) or math.isinf(value))
                out[group, column] = 0.0 if is_number else math.nan
                continue
            delta = value - means_so_far[group, column]
            means_so_far[group, column] += delta / counts[group, column]
            out[group, column] += delta * (value - means_so_far[group, column])
    for group in range(out.shape[0]):
        for column in range(out.shape[1]):
            if counts[group, column] > 0:
                out[group, column] /= counts[group, column]
