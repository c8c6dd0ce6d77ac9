"""Plotly figures from lines, as plain dicts: colors come from the theme where it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.series import Line, lines, unit_of
from dashboards.widgets import Drawing
from portal.store.frame import Frame

Trace = dict[str, Any]


def time_figure(
    frame: Frame, options: Mapping[str, Any], style: Mapping[str, Any], *, splits_open: bool = True
) -> Drawing:
    """Draw lines over time. `style` is merged into every trace.

    What is not complete yet is a trace of its own (dashed) where `splits_open`.
    """
    found = [line for line in lines(frame) if line.times]
    if not any(value is not None for line in found for value in line.values):
        return Drawing(is_empty=True)
    traces = [trace for line in found for trace in traces_of(line, style, splits_open=splits_open)]
    layout = {
        "meta": {"unit": options.get("unit") or unit_of(frame)},
        "xaxis": {"type": "date"},
        "yaxis": {"rangemode": "tozero"},
    }
    return Drawing(figure={"data": traces, "layout": layout}, plain=[plain(line) for line in found])


def traces_of(line: Line, style: Mapping[str, Any], *, splits_open: bool) -> Iterable[Trace]:
    times = [t.isoformat() for t in line.times]
    if line.is_compare:
        role = {"meta": {"role": "compare"}, "showlegend": False}
        yield {**style, "name": line.name, "x": times, "y": line.values, **role}
        return
    open_style = {**style, "name": line.name, "meta": {"role": "incomplete"}}
    if splits_open and not any(line.complete):
        yield {**open_style, "x": times, "y": line.values}
        return
    first, last = closed_part(line) if splits_open else (0, len(times))
    yield {**style, "name": line.name, "x": times[first:last], "y": line.values[first:last]}
    # The dashed parts share their inner point with the full line, so that nothing gapes.
    for start, end in ((0, first + 1), (last - 1, len(times))):
        if end - start > 1:
            part = {"x": times[start:end], "y": line.values[start:end]}
            yield {**open_style, **part, "showlegend": False}


def closed_part(line: Line) -> tuple[int, int]:
    """Return the slice of points without the cut buckets at either end of the range."""
    first = line.complete.index(True)
    last = len(line.complete) - line.complete[::-1].index(True)
    return first, last


def plain(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "compare": line.is_compare,
        "total": line.total,
        "points": list(zip(line.times, line.values, strict=True)),
    }
