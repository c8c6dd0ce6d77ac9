"""Remember which series the engine has heard of, so that they are not told every time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from analytics.series.identity import Series

AGAIN_AFTER_MS = 3_600_000
MOST_REMEMBERED = 500_000
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lives:
    """The times of the first and the last sample of each series of a batch."""

    first: Ints
    last: Ints

    @classmethod
    def of(cls, series: int, rows: Ints, ts: Ints) -> Lives:
        """Read them off a batch of so many series. One without samples has its first after its last."""
        limits = np.iinfo(np.int64)
        first, last = np.full(series, limits.max), np.full(series, limits.min)
        np.minimum.at(first, rows, ts)
        np.maximum.at(last, rows, ts)
        return cls(first, last)


class Announcer:
    """For each series, the range of time that the engine knows it to have lived in."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def due(self, series: Sequence[Series], lives: Lives) -> list[int]:
        """Return the places of the series that are new, lived before what was told, or an hour after.

        A look-up allows for `last_at` to lag by an hour, for `first_at` by nothing.
        """
        first, last = lives.first.tolist(), lives.last.tolist()
        with self._lock:
            return [
                place
                for place, one in enumerate(series)
                if self._is_due(one.id, first[place], last[place])
            ]

    def note(self, series: Sequence[Series], lives: Lives, told: Iterable[int]) -> None:
        """Note that the engine was told of the series at these places."""
        with self._lock:
            for place in told:
                key, first, last = series[place].id, int(lives.first[place]), int(lives.last[place])
                before = self._told.pop(key, (first, last))  # the last told come last
                self._told[key] = (min(first, before[0]), max(last, before[1]))
            self._forget(len(self._told) - MOST_REMEMBERED)

    def forget(self) -> None:
        """Tell everything again, as after rows of the series' table were deleted."""
        with self._lock:
            self._told.clear()

    def _forget(self, too_many: int) -> None:
        for key in list(islice(self._told, max(0, too_many))):
            del self._told[key]

    def _is_due(self, key: int, first: int, last: int) -> bool:
        if first > last:
            return False
        told = self._told.get(key)
        return told is None or first < told[0] or last >= told[1] + AGAIN_AFTER_MS


announcer = Announcer()
