"""Locks by name: whoever wants to do the same thing at the same time waits for who does it."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


class OneAtATime:
    """A lock a name, kept only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[Hashable, Turn] = {}

    @contextmanager
    def alone(self, name: Hashable) -> Iterator[bool]:
        """Hold the name's lock; gives whether somebody else held it first."""
        with self._lock:
            turn = self._turns.setdefault(name, Turn())
            turn.wanted += 1
        has_waited = not turn.lock.acquire(blocking=False)
        if has_waited:
            turn.lock.acquire()
        try:
            yield has_waited
        finally:
            turn.lock.release()
            with self._lock:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[name]
