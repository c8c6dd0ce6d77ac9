"""How fine a grid a picture needs, and what queries may leave to it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analytics.promql.outcome import Range

SECOND = 1_000
NICE_MS = tuple(
    seconds * SECOND
    for seconds in (
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
        86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400,
    )
)  # fmt: skip
USUAL_WIDTH = 800  # pixels of a chart that does not say how wide it is
PIXELS_A_POINT = 3  # closer together, points cannot be told apart
MOST_POINTS = 11_000
SCRAPED_EVERY_MS = 15 * SECOND  # what a rate needs four samples of
PLACEHOLDER = re.compile(
    r"\$(?:__(?P<plain>rate_interval|interval_ms|interval|range_ms|range_s|range)\b"
    r"|\{__(?P<braced>rate_interval|interval_ms|interval|range_ms|range_s|range)\})"
)


@dataclass(frozen=True)
class Window:
    """A range of time, in milliseconds since 1970."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


def step_for(window: Window, *, width: int = USUAL_WIDTH, least_ms: int = SCRAPED_EVERY_MS) -> int:
    """Return the smallest nice step, not under the least, whose points fit into the width."""
    wanted = window.length_ms / max(width // PIXELS_A_POINT, 1)
    return next((step for step in NICE_MS if step >= max(wanted, least_ms)), NICE_MS[-1])


def grid(window: Window, step_ms: int, *, ends_at_end: bool = False) -> Range:
    """Return the moments at which a picture is asked for.

    They are multiples of the step, so that points stay where they are while the window moves on;
    or they end with the window, so that the last one is as new as it can be.
    """
    if ends_at_end:
        count = max(window.length_ms // step_ms, 0)
        return Range(window.end_ms - count * step_ms, window.end_ms, step_ms)
    first = -(-window.start_ms // step_ms) * step_ms
    last = window.end_ms // step_ms * step_ms
    return Range(min(first, last), last, step_ms)


def filled(query: str, window: Window, step_ms: int) -> str:
    """Put the grid into a query where it says $__interval, $__rate_interval or $__range."""
    values = {
        "interval": duration(step_ms),
        "interval_ms": str(step_ms),
        "rate_interval": duration(max(step_ms + SCRAPED_EVERY_MS, 4 * SCRAPED_EVERY_MS)),
        "range": duration(max(window.length_ms, SECOND)),
        "range_s": str(max(window.length_ms // SECOND, 1)),
        "range_ms": str(max(window.length_ms, 1)),
    }
    return PLACEHOLDER.sub(lambda found: values[found["plain"] or found["braced"]], query)


def duration(ms: int) -> str:
    seconds, rest = divmod(ms, SECOND)
    return f"{seconds}s" if not rest else f"{ms}ms"
