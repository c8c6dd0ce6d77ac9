"""Values over time by their size: the buckets of a Prometheus histogram, or values counted into bins."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboards.options import Option
from dashboards.options.common import DECIMALS, UNIT
from dashboards.scales import edges
from dashboards.series import Line, lines, unit_of
from dashboards.widgets import Drawing, widgets
from portal.lib.text import humanize
from portal.store.frame import Frame

MOST_COLUMNS = 200
USUAL_BINS = 20
GAPS_BELOW = 60  # columns: between narrower ones gaps are all that is seen
BOUND = "le"
Grid = list[list[float | None]]


class Heatmap:
    kind = "heatmap"
    label = "Heatmap"
    options = (
        Option(
            "buckets", "Rows", "choice",
            (("auto", "Buckets where series have `le`"), ("cumulative", "Buckets that hold those below"),
             ("single", "Buckets as they are"), ("values", "Bins of values")),
        ),
        Option("bins", "Bins, about", "whole", least=2, most=100),
        Option("logarithmic", "Colors on a logarithmic scale", "flag"),
        UNIT, DECIMALS,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = [line for line in lines(frame) if not line.is_compare and line.times]
        if not any(value is not None for line in found for value in line.values):
            return Drawing(is_empty=True)
        unit = str(options.get("unit") or unit_of(frame))
        how = options.get("buckets") or "auto"
        is_bucketed = how in ("cumulative", "single") or (how == "auto" and bool(bounds_of(found)))
        if is_bucketed:
            times, names, grid = of_buckets(found, unit, is_cumulative=how != "single")
        else:
            times, names, grid = of_values(found, unit, int(options.get("bins") or USUAL_BINS))
        if not any(cell for row in grid for cell in row):
            return Drawing(is_empty=True)
        figure = drawn(times, names, grid, is_log=bool(options.get("logarithmic")))
        heads = ["", *(t.isoformat() for t in times)]
        rows = [(name, *row) for name, row in zip(names, grid, strict=True)]
        return Drawing(figure=figure, plain={"columns": heads, "rows": rows})


def bound_of(line: Line) -> float:
    """Return the upper bound of a bucket's series, from its label or its name; NaN for none."""
    try:
        return float(line.labels.get(BOUND, line.name).replace("+Inf", "inf"))
    except ValueError:
        return math.nan


def bounds_of(found: Sequence[Line]) -> list[float]:
    """Return all bounds, or none where a series has none."""
    bounds = [bound_of(line) for line in found]
    return (
        []
        if any(math.isnan(one) for one in bounds) or len(set(bounds)) < 2
        else sorted(set(bounds))
    )


def of_buckets(
    found: Sequence[Line], unit: str, *, is_cumulative: bool
) -> tuple[list[datetime], list[str], Grid]:
    """Add up series of one bound; each bucket less the one below it, where they hold that one."""
    times = sorted({t for line in found for t in line.times})
    sums: dict[float, dict[datetime, float]] = {}
    for line in found:
        held = sums.setdefault(bound_of(line), {})
        for t, value in zip(line.times, line.values, strict=True):
            if value is not None:
                held[t] = held.get(t, 0.0) + value
    bounds = sorted(one for one in sums if not math.isnan(one))
    grid: Grid = []
    below: dict[datetime, float] = {}
    for bound in bounds:
        held = sums[bound]
        grid.append([max(0.0, held[t] - below.get(t, 0.0)) if t in held else None for t in times])
        below = held if is_cumulative else {}
    return times, [named(bounds, place, unit) for place in range(len(bounds))], grid


def named(bounds: Sequence[float], place: int, unit: str) -> str:
    if math.isinf(bounds[place]):
        return f"> {humanize(bounds[place - 1], unit)}" if place else "all"
    return f"≤ {humanize(bounds[place], unit)}"


def of_values(
    found: Sequence[Line], unit: str, bins: int
) -> tuple[list[datetime], list[str], Grid]:
    """Count all series' values into bins, column by column of time."""
    points = [
        (t, value)
        for line in found
        for t, value in zip(line.times, line.values, strict=True)
        if value is not None
    ]
    numbers = [value for _, value in points]
    bounds = edges(min(numbers), max(numbers), bins)
    times = columns({t for t, _ in points})
    width = times[1] - times[0] if len(times) > 1 else timedelta(hours=1)
    grid: Grid = [[0.0] * len(times) for _ in bounds[1:]]
    step = bounds[1] - bounds[0]
    for t, value in points:
        column = min(len(times) - 1, int((t - times[0]) / width))
        row = min(len(bounds) - 2, max(0, int((value - bounds[0]) / step + 1e-9)))
        grid[row][column] = (grid[row][column] or 0.0) + 1
    words = [humanize(bound, unit) for bound in bounds]
    return times, [f"{low} to {high}" for low, high in itertools.pairwise(words)], grid


def columns(times: Iterable[datetime]) -> list[datetime]:
    """Return the beginnings of at most MOST_COLUMNS columns of one width."""
    ordered = sorted(times)
    if len(ordered) <= MOST_COLUMNS // 4:
        return ordered
    wanted = min(MOST_COLUMNS, len(ordered)) // 2
    width = (ordered[-1] - ordered[0]) / wanted
    return [ordered[0] + place * width for place in range(wanted)]


def drawn(
    times: Sequence[datetime], names: Sequence[str], grid: Grid, *, is_log: bool
) -> dict[str, Any]:
    # What did not happen is no color at all, so that what did stands out.
    shown = [
        [None if not cell else math.log10(1 + cell) if is_log else cell for cell in row]
        for row in grid
    ]
    words = [["" if not cell else humanize(cell) for cell in row] for row in grid]
    trace = {
        "type": "heatmap", "x": [t.isoformat() for t in times], "y": list(names), "z": shown,
        "customdata": words, "xgap": 1 if len(times) <= GAPS_BELOW else 0, "ygap": 1, "hoverongaps": False,
        "hovertemplate": "%{y}: %{customdata}<extra>%{x|%H:%M, %-d %b}</extra>",
    }  # fmt: skip
    layout = {
        "xaxis": {"type": "date"}, "hovermode": "closest",
        "yaxis": {"type": "category", "showgrid": False, "zeroline": False, "tickmode": "auto", "nticks": 8},
    }  # fmt: skip
    return {"data": [trace], "layout": layout}


widgets.add(Heatmap())
