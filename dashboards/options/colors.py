"""What a color may be called: a state, a series' color, or #rrggbb. Pure."""

from __future__ import annotations

import re
from typing import Any

STATES = ("success", "info", "warning", "critical", "accent", "neutral")
SERIES = ("indigo", "orange", "green", "plum", "sky", "amber", "red", "violet", "other")
NAMES = (*STATES, *SERIES)
HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


def is_color(value: Any) -> bool:
    return isinstance(value, str) and (value in NAMES or HEX.fullmatch(value) is not None)


def for_plotly(color: str) -> str:
    """Return what a figure holds; "$success" becomes the theme's color where it is drawn."""
    found = {"neutral": "text_faint"}.get(color, color)
    return f"${found}" if color in NAMES else color


def for_page(color: str) -> dict[str, str]:
    """Return what a template writes: {"tone"} is a class's ending, {"shade"} a value for `--tone`."""
    if color in NAMES:
        return {"tone": color, "shade": ""}
    return {"tone": "own" if color else "", "shade": color}
