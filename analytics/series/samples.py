"""Samples of many series, as arrays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.series.identity import Series

# The bits that say "this series ended here" (Prometheus's value.StaleNaN). Other NaN are values.
STALE_BITS = 0x7FF0000000000002
STALE = np.uint64(STALE_BITS).view(np.float64)


@dataclass(frozen=True)
class Samples:
    """Series with their samples, one series after the other, each by ascending time.

    `ends[i]` is where the samples of `series[i]` end; they begin where those before it ended.
    `ts` are milliseconds since 1970 in UTC, `values` floats with stale markers kept bit by bit.
    """

    series: Sequence[Series]
    ends: npt.NDArray[np.int64]
    ts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def is_stale(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.equal(values.view(np.uint64), STALE_BITS)


class TooManySamples(Exception):
    """A question would read more samples at once than it may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This reads more than {most:,} samples at once: ask for fewer series or less time."
        )
        self.most = most


def joined(parts: Sequence[Samples]) -> Samples:
    """Return parts of whole series as one."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Samples([], np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    offsets = np.cumsum([0, *(len(part.ts) for part in parts[:-1])])
    return Samples(
        [one for part in parts for one in part.series],
        np.concatenate([part.ends + at for part, at in zip(parts, offsets, strict=True)]),
        np.concatenate([part.ts for part in parts]),
        np.concatenate([part.values for part in parts]),
    )
