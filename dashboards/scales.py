"""Round ticks and bins of numbers. Pure."""

from __future__ import annotations

import math

from portal.lib.text import humanize

NICE = (1, 2, 2.5, 5, 10)


def round_step(rough: float) -> float:
    """Return the next round number."""
    if rough <= 0 or not math.isfinite(rough):
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in NICE if factor * power >= rough * (1 - 1e-9))


def edges(low: float, high: float, wanted: int, width: float | None = None) -> list[float]:
    """Return the edges of bins of one round width, from at or below `low` to above `high`."""
    step = (
        width
        if width and width > 0
        else round_step((high - low) / max(1, wanted) or abs(high) or 1.0)
    )
    if (high - low) / step > 500:
        step = round_step((high - low) / 500)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.floor(high / step + 1e-9) + 1)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def ticks(low: float, high: float, unit: str, most: int = 5) -> tuple[list[float], list[str]]:
    """Return round ticks and their words."""
    if not high > low:
        return [low], [humanize(low, unit)]
    step = round_step((high - low) / most)
    values = [
        float(f"{index * step:.12g}")
        for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]
    return values, [humanize(value, unit) for value in values]
