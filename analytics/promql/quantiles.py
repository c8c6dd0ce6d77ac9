"""Quantiles of many lists of values at once. Pure."""

from __future__ import annotations

import numpy as np

from analytics.promql.outcome import Flags, Floats, Ints


def quantiles(values: Floats, held: Flags, quantile: Floats) -> Floats:
    """Interpolate along the last axis, among the values that are held; NaN is the smallest of all.

    `quantile` has the shape of the axes before the last, or is spread over them. Where nothing is
    held the answer means nothing.
    """
    ordered = np.sort(np.where(held, values, np.nan), axis=-1)
    counts = held.sum(axis=-1)
    nans = counts - (held & ~np.isnan(values)).sum(axis=-1)
    rank = np.where(np.isnan(quantile), 0.0, np.clip(quantile, 0.0, 1.0)) * np.maximum(
        counts - 1, 0
    )
    lower = np.floor(rank).astype(np.int64)
    upper = np.minimum(np.maximum(counts - 1, 0), lower + 1)
    weight = rank - lower
    found = _at(ordered, lower - nans) * (1 - weight) + _at(ordered, upper - nans) * weight
    found = np.where(quantile < 0, -np.inf, np.where(quantile > 1, np.inf, found))
    result: Floats = np.where(np.isnan(quantile), np.nan, found)
    return result


def _at(ordered: Floats, place: Ints) -> Floats:
    """Take a place of each list; those below none are NaN."""
    taken = np.take_along_axis(ordered, np.maximum(place, 0)[..., None], axis=-1)[..., 0]
    result: Floats = np.where(place < 0, np.nan, taken)
    return result
