"""Dense numbers for persons, the same in every process: a file of ids, a number is a place in it.

The file only grows, under a lock, and is on disk before any kept day refers to its numbers. It begins
with a random mark: who deletes it begins a new numbering, and nobody mixes that up with the old one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes import numbering

Ids = NDArray[np.uint64]
Numbers = NDArray[np.uint32]
BYTES = 8  # of an id, and of the mark before them


class Renumbered(OSError):
    """The file was deleted while its numbers were in use."""


class Persons:
    """The numbers of one folder; safe in threads."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._forget(0)

    def _forget(self, mark: int) -> None:
        self._mark = mark  # 0: there is no file yet
        self._ids = np.empty(1 << 10, np.uint64)
        self._size = 0
        self._slots = np.full(1 << 11, numbering.FREE, np.int32)

    def begun(self) -> int:
        """Return the mark of the numbering, which begins here if there is none."""
        with self._lock:
            self._refresh()
            if not self._mark:
                self._begin()
            return self._mark

    def numbers(self, who: Ids, mark: int) -> tuple[Numbers, Ids]:
        """Return the number of each person, and the id of each number.

        Persons without one get numbers for the moment, after all that are given. Raises Renumbered
        when the numbering is another than the one that is meant.
        """
        with self._lock:
            self._refresh()
            self._check(mark)
            found, fresh = self._look_up(who)
            known = self._ids[: self._size]
            ids = np.concatenate([known, fresh]) if fresh.size else known
        return found, ids

    def given(self, who: Ids, mark: int) -> Numbers:
        """Return the number of each person, and give one to those who have none yet.

        Raises Renumbered.
        """
        with self._lock:
            self._refresh()
            self._check(mark)
            found, fresh = self._look_up(who)
            if fresh.size:
                self._append(who, mark)
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

    def _check(self, mark: int) -> None:
        if mark != self._mark:
            raise Renumbered(f"{self.file} was replaced")

    def _look_up(self, who: Ids) -> tuple[Numbers, Ids]:
        places = numbering.places_of(self._slots, self._ids, who)
        is_unknown = places == numbering.FREE
        if not is_unknown.any():
            return places.astype(np.uint32), np.empty(0, np.uint64)
        fresh, inverse = np.unique(who[is_unknown], return_inverse=True)
        places[is_unknown] = self._size + inverse
        return places.astype(np.uint32), fresh

    def _begin(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if file.tell() < BYTES:
                file.truncate(0)
                file.write((1 + secrets.randbits(62)).to_bytes(BYTES, "little"))
                file.flush()
                os.fsync(file.fileno())
        self._refresh()

    def _append(self, who: Ids, mark: int) -> None:
        with self.file.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._refresh()  # another process may have been first
            self._check(mark)
            _, fresh = self._look_up(who)
            file.seek(BYTES * (1 + self._size))
            file.truncate()  # half an id, of a writer that died
            file.write(fresh.tobytes())
            file.flush()
            os.fsync(file.fileno())
        self._enter(fresh)

    def _sync(self) -> None:
        if self.file.exists():
            with self.file.open("rb") as file:
                os.fsync(file.fileno())

    def _refresh(self) -> None:
        """Take in what other processes have added, or begun anew."""
        try:
            with self.file.open("rb") as file:
                mark = int.from_bytes(file.read(BYTES), "little")
                if mark != self._mark:
                    self._forget(mark)
                file.seek(BYTES * (1 + self._size))
                added = file.read()
        except FileNotFoundError:
            if self._mark:
                self._forget(0)
            return
        if len(added) >= BYTES:
            self._enter(np.frombuffer(added[: len(added) // BYTES * BYTES], "<u8"))

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
