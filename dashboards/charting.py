"""Plotly figures from lines, as plain dicts: colors come from the theme where it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.series import Line, lines, unit_of
from dashboards.widgets import Drawing
from portal.store.frame import Frame

Trace = dict[str, Any]

OPEN: Trace = {"meta": {"role": "incomplete"}}


def time_figure(
    frame: Frame, options: Mapping[str, Any], style: Mapping[str, Any], *, shared: int = 1
) -> Drawing:
    """Draw lines over time. `style` is merged into every trace.

    What is not complete is a trace of its own: dashed, or paler for bars. It repeats `shared`
    points of the complete part, so that lines do not gape.
    """
    found = [line for line in lines(frame) if line.times]
    if not any(value is not None for line in found for value in line.values):
        return Drawing(is_empty=True)
    traces = [trace for line in found for trace in traces_of(line, style, shared=shared)]
    layout = {
        "meta": {"unit": options.get("unit") or unit_of(frame)},
        "xaxis": {"type": "date"},
        "yaxis": {"rangemode": "tozero"},
    }
    return Drawing(figure={"data": traces, "layout": layout}, plain=[plain(line) for line in found])


def traces_of(line: Line, style: Mapping[str, Any], *, shared: int) -> Iterable[Trace]:
    times = [t.isoformat() for t in line.times]
    if line.is_compare:
        role = {"meta": {"role": "compare"}, "showlegend": False}
        yield {**style, "name": line.name, "x": times, "y": line.values, **role}
        return
    if not any(line.complete):
        yield {**style, **OPEN, "name": line.name, "x": times, "y": line.values}
        return
    first, last = closed_part(line)
    yield {**style, "name": line.name, "x": times[first:last], "y": line.values[first:last]}
    for edge, start, end in (("start", 0, first + shared), ("end", last - shared, len(times))):
        if end - start > shared:
            part = {"name": line.name, "x": times[start:end], "y": line.values[start:end]}
            yield {**style, **stacked_apart(style, edge), **OPEN, **part, "showlegend": False}


def stacked_apart(style: Mapping[str, Any], edge: str) -> Trace:
    """Give an open part a stack of its own: on the closed one its shared point counts twice."""
    return {"stackgroup": f"{style['stackgroup']}-{edge}"} if "stackgroup" in style else {}


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
