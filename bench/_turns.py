"""Time several actions in turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import psutil

# Fewer are enough to see that all ways still answer the same.
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
Actions = Mapping[str, Callable[[], object]]


@dataclass
class Taken:
    """How long an action took each time, and how much of the processors."""

    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        return statistics.median(self.walls) * 1000

    @property
    def cpu_ms(self) -> float:
        return statistics.median(self.cpus) * 1000


def in_turns(
    actions: Actions, *, others: Iterable[psutil.Process] = (), rounds: int = ROUNDS
) -> dict[str, Taken]:
    """Time each action once a round, after one round that does not count.

    `others` are processes that work for the actions, too.
    """
    processes = (psutil.Process(), *others)
    taken = {name: Taken() for name in actions}
    for number in range(1 + rounds):
        for name, action in actions.items():
            cpu_s, began_at = used(processes), time.perf_counter()
            action()
            if number:
                taken[name].walls.append(time.perf_counter() - began_at)
                taken[name].cpus.append(used(processes) - cpu_s)
    return taken


def used(processes: Iterable[psutil.Process]) -> float:
    """Return the processor seconds of some processes."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)
