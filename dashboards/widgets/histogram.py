"""How often values occur: bins of all values, whichever time they are of."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.axes import OVER_TIME
from dashboards.scales import edges, ticks
from dashboards.series import unit_of
from dashboards.widgets import CannotDraw, Drawing, widgets
from portal.store.frame import Frame

USUAL_BINS = 30


class Histogram:
    kind = "histogram"
    label = "Histogram"
    options = (
        Option("bins", "Bins, about", "whole", least=2, most=200),
        Option("bin_width", "Width of a bin", "number"),
        *OVER_TIME,
    )

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        values = numbers_in(frame)
        if not values:
            return Drawing(is_empty=True)
        unit = str(options.get("unit") or unit_of(frame))
        bounds = edges(
            min(values),
            max(values),
            int(options.get("bins") or USUAL_BINS),
            options.get("bin_width"),
        )
        counts = counted(values, bounds)
        words = [f"{low} to {high}" for low, high in said(bounds, unit)]
        trace = {
            "type": "bar", "name": "Values",
            "x": [(low + high) / 2 for low, high in itertools.pairwise(bounds)],
            "y": counts, "width": [high - low for low, high in itertools.pairwise(bounds)],
            "customdata": words, "hovertemplate": "%{customdata}: %{y}<extra></extra>",
            "meta": {"state": "accent"},
        }  # fmt: skip
        tickvals, ticktext = ticks(bounds[0], bounds[-1], unit, 6)
        layout = {
            "meta": {"unit": "count"}, "bargap": 0.04, "hovermode": "closest",
            "xaxis": {"type": "linear", "tickmode": "array", "tickvals": tickvals, "ticktext": ticktext},
            "yaxis": {"rangemode": "tozero"},
        }  # fmt: skip
        plain = {"columns": ["Values", "Count"], "rows": list(zip(words, counts, strict=True))}
        return Drawing(figure={"data": [trace], "layout": layout}, plain=plain)


def numbers_in(frame: Frame) -> list[float]:
    """Return all numbers of an answer. Raises CannotDraw where no column has any."""
    found = [
        cells
        for column, cells in zip(frame.columns, frame.values, strict=True)
        if column.type == "number"
    ]
    if not found:
        raise CannotDraw("There is no number in this answer: draw it as a table.")
    return [float(cell) for cells in found for cell in cells if cell is not None]


def counted(values: Sequence[float], bounds: Sequence[float]) -> list[int]:
    counts = [0] * (len(bounds) - 1)
    for value in values:
        counts[min(len(counts) - 1, max(0, bisect_right(bounds, value) - 1))] += 1
    return counts


def said(bounds: Sequence[float], unit: str) -> list[tuple[str, str]]:
    words = [ticks(bound, bound, unit)[1][0] for bound in bounds]
    return list(itertools.pairwise(words))


widgets.add(Histogram())
