"""Dense numbers for persons, the same in every process: a file of ids, a number is a place in it.

The file only grows, under a lock, and is on disk before any kept day refers to its numbers.
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes import numbering

Ids = NDArray[np.uint64]
Numbers = NDArray[np.uint32]


class Persons:
    """The numbers of one folder; safe in threads."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._ids = np.empty(1 << 10, np.uint64)
        self._size = 0
        self._slots = np.full(1 << 11, numbering.FREE, np.int32)

    @property
    def ids(self) -> Ids:
        """Return the id of each number."""
        return self._ids[: self._size]

    def numbers(self, who: Ids) -> tuple[Numbers, Ids]:
        """Return the number of each person, and the id of each number.

        Persons without one get numbers for the moment, after all that are given.
        """
        with self._lock:
            self._refresh()
            found, fresh = self._look_up(who)
            ids = np.concatenate([self.ids, fresh]) if fresh.size else self.ids
        return found, ids

    def given(self, who: Ids) -> Numbers:
        """Return the number of each person, and give one to those who have none yet."""
        with self._lock:
            self._refresh()
            found, fresh = self._look_up(who)
            if fresh.size:
                self._append(who)
                found, _ = self._look_up(who)
            else:
                self._sync()  # of another process that is not there yet
        return found

    def known(self, who: Ids) -> Numbers:
        """Return the numbers of those who have one, in order."""
        with self._lock:
            self._refresh()
            places = numbering.places_of(self._slots, self._ids, who)
        return np.unique(places[places != numbering.FREE]).astype(np.uint32)

    def _look_up(self, who: Ids) -> tuple[Numbers, Ids]:
        places = numbering.places_of(self._slots, self._ids, who)
        is_unknown = places == numbering.FREE
        if not is_unknown.any():
            return places.astype(np.uint32), np.empty(0, np.uint64)
        fresh, inverse = np.unique(who[is_unknown], return_inverse=True)
        places[is_unknown] = self._size + inverse
        return places.astype(np.uint32), fresh

    def _append(self, who: Ids) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._refresh()  # another process may have been first
            _, fresh = self._look_up(who)
            file.truncate(8 * self._size)  # half an id, of a writer that died
            file.write(fresh.tobytes())
            file.flush()
            os.fsync(file.fileno())
        self._enter(fresh)

    def _sync(self) -> None:
        if self.file.exists():
            with self.file.open("rb") as file:
                os.fsync(file.fileno())

    def _refresh(self) -> None:
        """Take in what other processes have added."""
        try:
            size = self.file.stat().st_size // 8
        except FileNotFoundError:
            return
        if size > self._size:
            self._enter(np.fromfile(self.file, "<u8", size - self._size, offset=8 * self._size))

    def _enter(self, fresh: Ids) -> None:
        first, self._size = self._size, self._size + fresh.size
        if self._size > self._ids.size:
            grown = np.empty(2 * self._size, np.uint64)
            grown[:first] = self._ids[:first]
            self._ids = grown
        self._ids[first : self._size] = fresh
        if 2 * self._size > self._slots.size:
            width = 1 << (4 * self._size - 1).bit_length()
            self._slots = np.full(width, numbering.FREE, np.int32)
            first = 0
        numbering.insert(self._slots, self._ids[: self._size], first)
