"""Which series the spool has been told of, so that not every sample carries its labels.

A protocol names a series by a key: bytes that mean the same labels wherever they come again. A
known key has a slot; a slot's place in the arrays says the series' id and for which times the
spool has heard of it. What is in the spool reaches the engine in order, so whoever is known here
is known there before its sample comes.
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

# Above this all are forgotten and told once more. Measured: 300 bytes a series of eight labels.
MOST_KNOWN = 300_000
MOST_BYTES = 128 << 20  # of their keys
# The engine's `last_at` of a series lags behind by this at most.
TOLD_AGAIN_AFTER_MS = 3_600_000
NEVER = np.iinfo(np.int64)

Times = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int64]


class Generation:
    """The series that are known until too many are.

    A request works with one generation from beginning to end, so that its slots stay what they
    are. Used from several threads.
    """

    def __init__(self) -> None:
        self.slots: dict[bytes, int] = {}
        self.keys: list[bytes] = []  # by slot
        self.bytes = 0
        self.metadata: dict[str, tuple[str, str, str]] = {}
        self._ids = np.zeros(1024, np.uint64)
        self._first = np.full(1024, NEVER.max, np.int64)
        self._last = np.full(1024, NEVER.min, np.int64)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.slots)

    def add(self, key: bytes, series_id: int) -> int:
        """Give a key its slot."""
        with self._lock:
            slot = self.slots.get(key)
            if slot is None:
                slot = len(self.slots)
                if slot == len(self._ids):
                    self._grow()
                self._ids[slot] = series_id
                self.keys.append(key)
                self.bytes += len(key)
                self.slots[key] = slot
        return slot

    def _grow(self) -> None:
        """Double the arrays; whoever holds the old ones still reads what it had found."""
        more = len(self._ids)
        self._ids = np.concatenate([self._ids, np.zeros(more, np.uint64)])
        self._first = np.concatenate([self._first, np.full(more, NEVER.max, np.int64)])
        self._last = np.concatenate([self._last, np.full(more, NEVER.min, np.int64)])

    def ids(self, slots: Slots) -> npt.NDArray[np.uint64]:
        return self._ids[slots]

    def is_due(self, slots: Slots, ts: Times) -> npt.NDArray[np.bool_]:
        """Tell for each sample whether the spool must hear of its series (again)."""
        first, last = self._first[slots], self._last[slots]
        is_due: npt.NDArray[np.bool_] = (ts < first) | (last == NEVER.min)
        return is_due | (ts - last > TOLD_AGAIN_AFTER_MS)

    def note(self, told: dict[int, tuple[int, int]]) -> None:
        """Remember for which times, both included, the spool has heard of series; by slot."""
        with self._lock:
            for slot, (first, last) in told.items():
                self._first[slot] = min(self._first[slot], first)
                self._last[slot] = max(self._last[slot], last)


class KnownSeries:
    """Hands out the generation of now."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._now = Generation()

    def generation(self) -> Generation:
        if len(self._now) > self._most or self._now.bytes > MOST_BYTES:
            self._now = Generation()
        return self._now
