"""Why an answer is empty: what of the query does not exist, or not then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from analytics.promql.asking import Asked
from analytics.promql.completing import metrics_of
from analytics.promql.outcome import Instant
from analytics.series import browsing
from analytics.series.browsing import Life
from portal.store import client

MOST_METRICS = 3
ALIKE = 0.75
LOOK_BACK_MS = 300_000


@dataclass(frozen=True)
class Reason:
    """Why nothing came; `meant` replaces `metric` where a name was probably mistyped."""

    message: str
    metric: str = ""
    meant: str = ""

    def mended(self, query: str) -> str:
        """Return the query with what was meant; empty where nothing is known to be."""
        if not self.meant:
            return ""
        return re.sub(
            rf"(?<![\w:.]){re.escape(self.metric)}(?![\w:.])", lambda _: self.meant, query
        )


def reasons(asked: Asked) -> list[Reason]:
    """Say of the query's metrics that they do not exist, or when they were there.

    Where all are, their series meet somewhere inside the query that leaves none.
    """
    names = metrics_of(asked.query)[:MOST_METRICS]
    try:
        lives = {name: browsing.life_of(name) for name in names}
        found = [said for name, life in lives.items() if (said := reason(name, life, asked))]
    except (client.QueryFailed, client.EngineUnavailable):
        return []  # the answer stands without
    return found or [
        Reason(f"{name} has {life.series:,} series, but none that the whole query lets through.")
        for name, life in lives.items()
        if life is not None
    ]


def reason(name: str, life: Life | None, asked: Asked) -> Reason | None:
    if life is None:
        close = get_close_matches(name, browsing.names(), n=1, cutoff=ALIKE)
        absent = f"There is no metric {name}."
        return (
            Reason(f"{absent} Did you mean {close[0]}?", name, close[0])
            if close
            else Reason(absent)
        )
    at = asked.at
    start, end = (
        (at.at_ms - LOOK_BACK_MS, at.at_ms) if isinstance(at, Instant) else (at.start_ms, at.end_ms)
    )
    if life.last_ms < start:
        return Reason(f"{name} was last seen at {shown(life.last_ms)}, before this range.")
    if life.first_ms > end:
        return Reason(f"{name} was first seen at {shown(life.first_ms)}, after this range.")
    return None


def shown(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
