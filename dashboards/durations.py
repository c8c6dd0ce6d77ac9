"""Lengths of time as widgets write them: 90s, 5m, 1h30m, 1d, 1mo. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

PART = re.compile(r"(\d+)(ms|mo|s|m|h|d|w|M|y)")
UNITS = {
    "ms": timedelta(milliseconds=1), "s": timedelta(seconds=1), "m": timedelta(minutes=1),
    "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1),
    "mo": timedelta(days=30), "M": timedelta(days=30), "y": timedelta(days=365),
}  # fmt: skip
LONGEST = timedelta(days=3_660)


class BadDuration(ValueError):
    """The text is no length of time, or too long a one."""


def length_of(text: str) -> timedelta:
    """Read a length of time. Raises BadDuration."""
    parts = PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadDuration(f"“{text}” is not a length of time such as 5m, 24h or 7d.")
    try:
        found = sum((int(number) * UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        found = LONGEST * 2
    if not timedelta() < found <= LONGEST:
        raise BadDuration(f"“{text}” is not between nothing and ten years.")
    return found
