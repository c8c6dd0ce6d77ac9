"""Small reads that several questions as of one moment have in common, done once.

The widgets of a board ask for the same last minutes of the same series, all as of the same moment;
so they may have the same answer. Whoever asks as of another moment reads again, and so does who
asks later as of the same one, as a link to a moment does: what came late belongs to it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from portal.lib.one_at_a_time import OneAtATime
from portal.store import client
from portal.store.query import Query

MOST_BYTES, MOST_BYTES_OF_ONE = 16 << 20, 2 << 20
TOGETHER_S = 5.0


@dataclass
class Reads:
    """The newest reads of this process. Any thread may ask."""

    _turns: OneAtATime = field(default_factory=OneAtATime)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _found: OrderedDict[Hashable, tuple[float, client.Columns]] = field(default_factory=OrderedDict)
    _size: int = 0

    def read(self, as_of: datetime, query: Query) -> client.Columns:
        """Read as `client.read_columns` does, or take what was read as of this moment."""
        name = as_of, query.sql, *map(hashable, query.params.items())
        with self._turns.alone(name):
            began = time.monotonic()
            with self._lock:
                read_at, found = self._found.get(name, (0.0, None))
            if found is None or began - read_at > TOGETHER_S:
                found = client.read_columns(query)
                self._keep(name, began, found)
        return found

    def _keep(self, name: Hashable, began: float, found: client.Columns) -> None:
        with self._lock:
            self._forget(name)
            if len(found.body) > MOST_BYTES_OF_ONE:
                return
            self._found[name] = began, found
            self._size += len(found.body)
            while self._size > MOST_BYTES:
                self._forget(next(iter(self._found)))

    def _forget(self, name: Hashable) -> None:
        if (gone := self._found.pop(name, None)) is not None:
            self._size -= len(gone[1].body)


def hashable(param: tuple[str, object]) -> Hashable:
    name, value = param
    return (name, tuple(value)) if isinstance(value, list) else param


READS = Reads()
