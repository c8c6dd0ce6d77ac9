"""Small reads that several questions as of one moment have in common, done once.

The widgets of a board ask for the same last minutes of the same series, all as of the same moment;
so they may have the same answer. Whoever asks as of another moment reads again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from portal.lib.one_at_a_time import OneAtATime
from portal.store import client
from portal.store.query import Query

MOST_BYTES, MOST_BYTES_OF_ONE = 16 << 20, 2 << 20


@dataclass
class Reads:
    """The newest reads of this process. Any thread may ask."""

    _turns: OneAtATime = field(default_factory=OneAtATime)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _found: OrderedDict[Hashable, client.Columns] = field(default_factory=OrderedDict)
    _size: int = 0

    def read(self, as_of: datetime, query: Query) -> client.Columns:
        """Read as `client.read_columns` does, or take what was read as of this moment."""
        name = as_of, query.sql, *map(hashable, query.params.items())
        with self._turns.alone(name):
            with self._lock:
                found = self._found.get(name)
            if found is None:
                found = client.read_columns(query)
                self._keep(name, found)
        return found

    def _keep(self, name: Hashable, found: client.Columns) -> None:
        if len(found.body) > MOST_BYTES_OF_ONE:
            return
        with self._lock:
            self._found[name] = found
            self._size += len(found.body)
            while self._size > MOST_BYTES:
                _, oldest = self._found.popitem(last=False)
                self._size -= len(oldest.body)


def hashable(param: tuple[str, object]) -> Hashable:
    name, value = param
    return (name, tuple(value)) if isinstance(value, list) else param


READS = Reads()
