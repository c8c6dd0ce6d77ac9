"""The color of a value by steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """From this value on, in the scale's own numbers; None is the ground below all others."""

    value: float | None
    color: str


def steps_of(
    thresholds: Mapping[str, Any] | None, low: float | None = None, high: float | None = None
) -> tuple[Step, ...]:
    """Return the steps from the lowest. Percentages are of low to high, 0 to 100 where those miss."""
    if not thresholds:
        return ()
    least, most = low if low is not None else 0.0, high if high is not None else 100.0
    is_share = thresholds.get("mode") == "percentage"
    found = [
        Step(_placed(one.get("value"), least, most, is_share=is_share), str(one.get("color", "")))
        for one in thresholds.get("steps", ())
    ]
    return tuple(sorted(found, key=lambda one: (one.value is not None, one.value or 0)))


def color_at(steps: Sequence[Step], value: float | None) -> str:
    """Return the color of the highest step that a value reaches; empty for none."""
    if value is None:
        return ""
    reached = [one.color for one in steps if one.value is None or value >= one.value]
    return reached[-1] if reached else ""


def _placed(value: Any, low: float, high: float, *, is_share: bool) -> float | None:
    if value is None:
        return None
    return low + (high - low) * float(value) / 100 if is_share else float(value)
