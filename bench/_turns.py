"""Time several actions in turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping

# Fewer are enough to see that all ways still answer the same.
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))


def in_turns(
    actions: Mapping[str, Callable[[], object]], *, rounds: int = ROUNDS
) -> dict[str, float]:
    """Return each action's median in milliseconds, after one round that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(1 + rounds):
        for name, action in actions.items():
            began_at = time.perf_counter()
            action()
            taken[name].append(time.perf_counter() - began_at)
    return {name: statistics.median(times[1:]) * 1000 for name, times in taken.items()}
