"""What closed rows led to, remembered by this process as long as the rows are the same.

A state is named by the rows that it comes from, so it cannot be out of date; it is never an answer.
Everything may be forgotten at any time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np
from django.conf import settings

State = TypeVar("State", bound=tuple[Any, ...])  # arrays, and what takes no room
_lock = threading.Lock()
_states: OrderedDict[Hashable, tuple[Any, ...]] = OrderedDict()


def remembered(name: Hashable, make: Callable[[], State]) -> State:
    """Return the state of that name; it is made where it is not known."""
    with _lock:
        known: Any = _states.get(name)
        if known is not None:
            _states.move_to_end(name)
            found: State = known
            return found
    state = make()
    with _lock:
        _states[name] = state
        _states.move_to_end(name)
        room = settings.KEPT_MEMORY_BYTES - sum(map(size_of, _states.values()))
        while _states and room < 0:
            _, oldest = _states.popitem(last=False)
            room += size_of(oldest)
    return state


def forget() -> None:
    with _lock:
        _states.clear()


def size_of(state: Any) -> int:
    """Return the bytes of the arrays in a state, at any depth."""
    if isinstance(state, tuple):
        return sum(map(size_of, state))
    return state.nbytes if isinstance(state, np.ndarray) else 0
