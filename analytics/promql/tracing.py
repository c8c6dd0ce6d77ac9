"""What each node of a question took, for whoever wants it explained."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from analytics.promql.guard import Guard
from analytics.promql.outcome import NodeStats, Stats
from analytics.promql.reading import Reading
from analytics.promql.tree import Tree

SHOWN_CHARACTERS = 160
# An answer explains this many nodes; longer questions are machines'.
MOST_NODES = 500


@dataclass
class _Traced:
    """One node while it is computed; `inner` is what the nodes below it took."""

    text: str
    depth: int
    started: float
    samples: int
    pushed_down: int
    series: int = 0
    own_s: float = 0.0
    inner_s: float = 0.0
    inner_samples: int = 0
    inner_pushed_down: int = 0


class Trace:
    def __init__(self, query: str, guard: Guard, reading: Reading) -> None:
        self.query, self.guard, self.reading = query, guard, reading
        self.open: list[_Traced] = []
        self.nodes: list[_Traced] = []

    @contextmanager
    def of(self, node: Tree) -> Iterator[_Traced]:
        """Note what a node takes; whoever computes it says how many series it gave."""
        text = self.query[node.start : node.end].strip()[:SHOWN_CHARACTERS]
        traced = _Traced(
            text, len(self.open), time.monotonic(), self.guard.samples, self.reading.pushed_down
        )
        if len(self.nodes) < MOST_NODES:
            self.nodes.append(traced)
        self.open.append(traced)
        try:
            yield traced
        finally:
            self.open.pop()
            self._close(traced)

    def _close(self, traced: _Traced) -> None:
        whole_s = time.monotonic() - traced.started
        samples = self.guard.samples - traced.samples
        pushed_down = self.reading.pushed_down - traced.pushed_down
        if self.open:
            above = self.open[-1]
            above.inner_s += whole_s
            above.inner_samples += samples
            above.inner_pushed_down += pushed_down
        traced.own_s = whole_s - traced.inner_s
        traced.samples = samples - traced.inner_samples
        traced.pushed_down = pushed_down - traced.inner_pushed_down

    def stats(self) -> Stats:
        nodes = tuple(
            NodeStats(one.text, one.depth, one.series, one.samples, one.pushed_down > 0, one.own_s)
            for one in self.nodes
        )
        read = (one.series for one in nodes if one.samples)
        return Stats(
            sum(read), self.guard.samples, self.reading.pushed_down, self.guard.elapsed_s, nodes
        )
