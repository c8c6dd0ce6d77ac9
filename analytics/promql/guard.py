"""Limits, time and notes of one evaluation."""

from __future__ import annotations

import math
import time

from analytics.promql.errors import TimedOut, TooManySamples
from analytics.promql.labels import quoted
from analytics.promql.literals import shown_number
from analytics.promql.outcome import Limits
from analytics.promql.tokens import where

TOO_MANY = "query processing would load too many samples into memory in query execution"


class Guard:
    """Ends an evaluation that takes too much. All of it raises TooManySamples, TimedOut, Cancelled."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.started = time.monotonic()
        self.samples = 0

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    def check(self) -> None:
        """Stop when time is up, or nobody waits."""
        self.limits.check()
        if self.elapsed_s > self.limits.timeout_s:
            raise TimedOut("query timed out in expression evaluation")

    def hold(self, samples: int) -> None:
        """Count samples that are in memory together, and stop when they are too many."""
        self.samples += samples
        if samples > self.limits.samples:
            raise TooManySamples(TOO_MANY)

    def saw(self, samples: int) -> None:
        """Count samples that the store computed with itself: they never came here."""
        self.samples += samples

    def cells(self, rows: int, columns: int) -> None:
        """Stop before a grid that is too large is made."""
        if rows * columns > self.limits.samples:
            raise TooManySamples(TOO_MANY)


class Notes:
    """Warnings and infos, each once, in Prometheus's words with the place in the query."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.warnings: dict[str, None] = {}
        self.infos: dict[str, None] = {}

    def warn(self, text: str, position: int) -> None:
        self.warnings[f"PromQL warning: {text} ({where(self.query, position)})"] = None

    def inform(self, text: str, position: int) -> None:
        self.infos[f"PromQL info: {text} ({where(self.query, position)})"] = None

    def bad_quantile(self, quantile: float, position: int) -> None:
        """Warn of a quantile outside 0 to 1; others are fine."""
        if math.isnan(quantile) or quantile < 0 or quantile > 1:
            shown = shown_number(quantile)
            self.warn(f"quantile value should be between 0 and 1, got {shown}", position)

    def maybe_no_counter(self, name: str, position: int) -> None:
        self.inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:"
            f" {quoted(name)}",
            position,
        )
