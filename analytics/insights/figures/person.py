"""Draw one person's activity by day. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def figure(days: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return bars of the events of each day, small enough to stand above a timeline."""
    return {
        "data": [
            {
                "type": "bar",
                "name": "Events",
                "x": [day for day, _ in days],
                "y": [count for _, count in days],
            }
        ],
        "layout": {
            "meta": {"unit": ""},
            "xaxis": {"type": "date"},
            "yaxis": {"rangemode": "tozero", "nticks": 3},
            "showlegend": False,
        },
    }
