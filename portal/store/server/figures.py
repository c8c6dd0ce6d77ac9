"""The engine's own figures in Prometheus text."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Figures:
    """Counts of statements and bytes since the start."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix + "engine_"
        self._lock = threading.Lock()
        self._statements: dict[tuple[str, str], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: dict[str, float] = defaultdict(float)
        self._received = 0
        self._sent = 0
        self._rows_written = 0

    def count(self, lane: str, status: str, seconds: float, rows_written: int) -> None:
        """Add one finished statement."""
        with self._lock:
            self._statements[lane, status] += 1
            self._buckets[lane][bisect_left(BUCKETS_S, seconds)] += 1
            self._seconds[lane] += seconds
            self._rows_written += rows_written

    def count_bytes(self, received: int, sent: int) -> None:
        with self._lock:
            self._received += received
            self._sent += sent

    def text(self, open_by_lane: dict[str, int]) -> str:
        """Write everything; `open_by_lane` counts what waits or runs just now."""
        waiting: list[tuple[str, float]] = [
            (f'{{lane="{lane}"}}', count) for lane, count in open_by_lane.items()
        ]
        with self._lock:
            lines = self._counters() + self._histogram()
        lines += self._metric("open_queries", "gauge", "Statements that wait or run.", waiting)
        return "\n".join(lines) + "\n"

    def _metric(
        self, name: str, kind: str, explanation: str, samples: list[tuple[str, float]]
    ) -> list[str]:
        full = self._prefix + name
        lines = [f"# HELP {full} {explanation}", f"# TYPE {full} {kind}"]
        return lines + [f"{full}{labels} {value}" for labels, value in samples]

    def _counters(self) -> list[str]:
        statements: list[tuple[str, float]] = [
            (f'{{lane="{lane}",status="{status}"}}', count)
            for (lane, status), count in sorted(self._statements.items())
        ]
        return [
            *self._metric("queries_total", "counter", "Finished statements.", statements),
            *self._metric(
                "received_bytes_total", "counter", "Bytes of bodies.", [("", self._received)]
            ),
            *self._metric("sent_bytes_total", "counter", "Bytes of answers.", [("", self._sent)]),
            *self._metric("written_rows_total", "counter", "Rows in.", [("", self._rows_written)]),
        ]

    def _histogram(self) -> list[str]:
        name = self._prefix + "query_duration_seconds"
        lines = [f"# HELP {name} Time from the statement's arrival to its answer's end."]
        lines.append(f"# TYPE {name} histogram")
        for lane, counts in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*BUCKETS_S, "+Inf"), counts, strict=True):
                total += count
                lines.append(f'{name}_bucket{{lane="{lane}",le="{bound}"}} {total}')
            lines.append(f'{name}_sum{{lane="{lane}"}} {self._seconds[lane]:.6f}')
            lines.append(f'{name}_count{{lane="{lane}"}} {total}')
        return lines
