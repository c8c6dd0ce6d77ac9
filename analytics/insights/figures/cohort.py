"""Draw how a cohort's size went, without colors; the theme gives them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Note = tuple[datetime, int, int]  # when, how many, by which version of the definition
SPARK_WIDTH, SPARK_HEIGHT = 120, 28


def history(notes: Sequence[Note], zone: ZoneInfo) -> Json:
    """Return the figure of the noted sizes; a thin line stands where the cohort was changed."""
    times = [wall(at, zone) for at, _, _ in notes]
    trace = {
        "type": "scatter", "mode": "lines+markers" if len(notes) < 30 else "lines", "name": "People",
        "x": times, "y": [size for _, size, _ in notes],
    }  # fmt: skip
    layout = {
        "meta": {"unit": ""},
        "xaxis": {"type": "date"},
        "yaxis": {"rangemode": "tozero"},
        "showlegend": False,
        "shapes": [changed(time) for time in changes(notes, times)],
    }
    return {"data": [trace] if notes else [], "layout": layout}


def wall(at: datetime, zone: ZoneInfo) -> str:
    """Return a zone's wall clock, as the axis wants it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


def changes(notes: Sequence[Note], times: Sequence[str]) -> list[str]:
    pairs = zip(notes, notes[1:], times[1:], strict=False)
    return [time for before, after, time in pairs if before[2] != after[2]]


def changed(time: str) -> Json:
    return {
        "type": "line", "x0": time, "x1": time, "y0": 0, "y1": 1, "yref": "paper",
        "line": {"width": 1, "dash": "dot"},
    }  # fmt: skip


def spark(sizes: Sequence[int]) -> str:
    """Return the points of a small line, or nothing where there is no line."""
    if len(sizes) < 2:
        return ""
    low, high = min(sizes), max(sizes)
    spread = (high - low) or 1
    step = SPARK_WIDTH / (len(sizes) - 1)
    # A line that never moved stands in the middle.
    base = SPARK_HEIGHT / 2 if low == high else SPARK_HEIGHT - 2
    rise = SPARK_HEIGHT - 4
    return " ".join(
        f"{place * step:.1f},{base - (size - low) / spread * rise:.1f}"
        for place, size in enumerate(sizes)
    )
