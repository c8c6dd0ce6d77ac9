"""Bars over time, or one for each name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.insights.figures.trend import SPECIAL
from dashboards.charting import chart_meta, threshold_shapes, time_figure, value_axis
from dashboards.options import Option
from dashboards.options.axes import OVER_TIME, STACK_ALL
from dashboards.options.colors import for_plotly
from dashboards.options.common import CALC
from dashboards.options.overrides import Subject
from dashboards.options.styling import style_of
from dashboards.readings import Reading, readings
from dashboards.stacking import bar_mode
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame

MOST = 100
MOST_NAMED = 24


class Bar:
    kind = "bar"
    label = "Bars"
    options = (
        Option(
            "over", "Bars over", "choice",
            (("auto", "Time where there is one"), ("time", "Time"), ("names", "Names")),
        ),
        Option("horizontal", "Lying", "flag"),
        Option("stacked", "On each other", "flag"),
        Option("most", "Bars at most", "whole", least=1, most=200),
        STACK_ALL, CALC, *OVER_TIME,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        over = options.get("over") or "auto"
        has_time = any(column.type == "time" for column in frame.columns)
        if over == "names" or (over == "auto" and not has_time and frame.columns):
            return by_name(frame, options)
        drawing = time_figure(frame, options, {"type": "bar"}, shared=0)
        if drawing.figure is not None:
            drawing.figure["layout"] |= bar_mode(options)
        return drawing


def by_name(frame: Frame, options: Mapping[str, Any]) -> Drawing:
    """Draw a bar for each name; with several numbers a row, a group of them."""
    found = groups(frame, options)
    if not any(one.number is not None for listed in found.values() for one in listed):
        return Drawing(is_empty=True)
    lies = bool(options.get("horizontal"))
    most = int(options.get("most") or MOST)
    traces = [trace(name, listed[:most], options, lies=lies) for name, listed in found.items()]
    unit = next(iter(found.values()))[0].style.unit
    size = max(len(listed[:most]) for listed in found.values())
    names = names_axis(size, lies=lies)
    layout = {
        "meta": chart_meta(options, unit),
        "xaxis": value_axis(options) if lies else names,
        "yaxis": names if lies else value_axis(options),
        "shapes": [] if lies else threshold_shapes(options),
        **bar_mode(options),
    }
    plain = [{"name": one.name, "value": one.value} for listed in found.values() for one in listed]
    return Drawing(figure={"data": traces, "layout": layout}, plain=plain)


def names_axis(size: int, *, lies: bool) -> dict[str, Any]:
    """Return the axis of names: all of them while there is room, lying ones from the top."""
    axis: dict[str, Any] = {"type": "category", "showgrid": False, "autotickangles": [0, -30, -90]}
    if size <= MOST_NAMED:
        axis |= {"tickmode": "linear", "dtick": 1}
    return axis | ({"autorange": "reversed"} if lies else {})


def groups(frame: Frame, options: Mapping[str, Any]) -> dict[str, list[Reading]]:
    """Return readings by column: rows of several numbers are groups of bars."""
    numbers = [column for column in frame.columns if column.type == "number"]
    texts = [column for column in frame.columns if column.type == "string"]
    if any(column.type == "time" for column in frame.columns) or len(numbers) < 2 or not texts:
        return {"": readings(frame, options)}
    names = [str(cell) for cell in frame.column(texts[0].name)]
    found = {}
    for column in numbers:
        head = column.label or column.name
        own = style_of(options, Subject(head, "number", column.unit))
        cells = frame.column(column.name)
        found[own.name] = [
            Reading(name, cell, own) for name, cell in zip(names, cells, strict=True)
        ]
    return found


def trace(
    name: str, listed: Sequence[Reading], options: Mapping[str, Any], *, lies: bool
) -> dict[str, Any]:
    names = [SPECIAL.get(one.name, one.name) for one in listed]
    values = [one.number for one in listed]
    colors = [one.color for one in listed]
    drawn: dict[str, Any] = {"type": "bar", "name": name}
    drawn |= {"x": values, "y": names, "orientation": "h"} if lies else {"x": names, "y": values}
    if any(colors):
        drawn["marker"] = {"color": [for_plotly(color or "accent") for color in colors]}
    elif not name:
        drawn["meta"] = {"state": "accent"}
    return drawn


widgets.add(Bar())
