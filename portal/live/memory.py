"""The newest values of this process, for a short while: a page and its socket ask once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.lib import clock

MOST_BYTES = 32 << 20  # as JSON; as objects they are some times larger
LONGEST_S = 60.0


@dataclass(frozen=True)
class Encoded:
    """A part's value, the same as JSON but open at its end, and what of it would be news."""

    value: Any
    open_json: bytes
    essence: bytes
    at: datetime  # as of when it was asked


@dataclass(frozen=True)
class Remembered:
    """A value, and what must not have changed since it was asked (Topic.stamp)."""

    encoded: Encoded
    stamp: Hashable


class Memory:
    """Values by room and part, the least recently kept going first. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Remembered] = OrderedDict()
        self._size = 0

    def keep(self, room: Hashable, part: str, new: Remembered) -> None:
        with self._lock:
            self._forget((room, part))
            self._values[room, part] = new
            self._size += size_of(new)
            while self._values and self._is_too_much(
                next(iter(self._values.values())), new.encoded.at
            ):
                self._forget(next(iter(self._values)))

    def find(
        self, room: Hashable, part: str, stamp: Hashable, younger_than_s: float
    ) -> Remembered | None:
        """Return the newest value; None when there is none, or it is too old."""
        with self._lock:
            found = self._values.get((room, part))
        if found is None or found.stamp != stamp:
            return None
        age_s = (clock.now() - found.encoded.at).total_seconds()
        return found if age_s <= min(younger_than_s, LONGEST_S) else None

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._size = 0

    def _is_too_much(self, oldest: Remembered, now: datetime) -> bool:
        return self._size > MOST_BYTES or (now - oldest.encoded.at).total_seconds() > LONGEST_S

    def _forget(self, key: Hashable) -> None:
        gone = self._values.pop(key, None)
        self._size -= size_of(gone) if gone else 0


def size_of(one: Remembered) -> int:
    return len(one.encoded.open_json)
