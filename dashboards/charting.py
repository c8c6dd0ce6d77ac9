"""Plotly figures from lines, as plain dicts: colors come from the theme where it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.options.calcs import LABELS
from dashboards.options.colors import for_plotly
from dashboards.options.overrides import Subject
from dashboards.options.styling import Style, style_of
from dashboards.options.thresholds import Step
from dashboards.series import Line, lines, unit_of
from dashboards.widgets import Drawing
from portal.store.frame import Frame

Trace = dict[str, Any]

OPEN: Trace = {"role": "incomplete"}
CURVES: Mapping[str, Trace] = {
    "smooth": {"shape": "spline", "smoothing": 0.6}, "before": {"shape": "vh"},
    "after": {"shape": "hv"},
}  # fmt: skip
RIGHT = "y3"  # plotly's second axis carries the marks of what happened
MOST_DRAWN = 200


def time_figure(
    frame: Frame, options: Mapping[str, Any], style: Trace, *, shared: int = 1
) -> Drawing:
    """Draw lines over time. `style` is merged into every trace.

    What is not complete is a trace of its own: dashed, or paler for bars. It repeats `shared`
    points of the complete part, so that lines do not gape.
    """
    found = [line for line in lines(frame) if line.times]
    if not any(value is not None for line in found for value in line.values):
        return Drawing(is_empty=True)
    unit = base_unit(frame, found, options)
    styled = [(line, style_for(line, options, unit)) for line in in_order(found, options)]
    drawn = [(line, own) for line, own in styled if not own.options.get("hidden")][:MOST_DRAWN]
    written = texts_of(line for line, _ in drawn)
    traces = [
        trace
        for line, own in drawn
        for trace in traces_of(
            (line, own), [written[id(t)] for t in line.times], style, unit, shared=shared
        )
    ]
    layout = layout_of(options, unit, [own for _, own in drawn])
    say_calcs(traces, drawn, options)
    return Drawing(figure={"data": traces, "layout": layout}, plain=[plain(line) for line in found])


def base_unit(frame: Frame, found: Sequence[Line], options: Mapping[str, Any]) -> str:
    """Return the axis's unit: the one set, else the one that the series have."""
    shared = str(options.get("unit") or unit_of(frame))
    return shared or next((line.unit for line in found if line.unit), "")


def style_for(line: Line, options: Mapping[str, Any], unit: str) -> Style:
    return style_of(options, line.subject if line.unit else replace(line.subject, unit=unit))


def in_order(found: Sequence[Line], options: Mapping[str, Any]) -> list[Line]:
    """Sort series as the legend wants them."""
    by = options.get("legend_sort")
    if not by:
        return list(found)
    down = bool(options.get("legend_descending"))
    if by == "name":
        return sorted(found, key=lambda line: line.name.lower(), reverse=down)
    values = {line.name: line.value(by) for line in found}
    known = sorted(
        (line for line in found if values[line.name] is not None),
        key=lambda line: values[line.name] or 0,
        reverse=down,
    )
    return [*known, *(line for line in found if values[line.name] is None)]


def lined(own: Style, style: Mapping[str, Any]) -> Trace:
    """Return how one series is drawn, of its options."""
    options = own.options
    drawn_as = options.get("drawn_as")
    trace: Trace
    if drawn_as == "bar" or style.get("type") == "bar":
        trace = {"type": "bar", "mode": None, "stackgroup": None} if drawn_as == "bar" else {}
        return trace | (
            {"marker": {"color": for_plotly(own.fixed_color)}} if own.fixed_color else {}
        )
    points = options.get("points")
    mode = {"always": "lines+markers"}.get(str(points), style.get("mode"))
    trace = {"mode": "markers" if drawn_as == "points" else mode}
    line = line_of(own)
    if line:
        trace["line"] = line
    if own.fixed_color:
        trace["marker"] = {"color": for_plotly(own.fixed_color)}
    if options.get("fill") and "stackgroup" not in style:
        trace |= {"fill": "tozeroy"}
    if options.get("connect"):
        trace["connectgaps"] = True
    if options.get("stack") and not style.get("stackgroup"):
        trace["stackgroup"] = str(options["stack"])
    if options.get("axis") == "right":
        trace["yaxis"] = RIGHT
    return trace


def line_of(own: Style) -> Trace:
    options = own.options
    line: Trace = dict(CURVES.get(str(options.get("curve")), {}))
    if options.get("line_width") is not None:
        line["width"] = options["line_width"]
    if options.get("dash") in ("dash", "dot"):
        line["dash"] = options["dash"]
    if own.fixed_color:
        line["color"] = for_plotly(own.fixed_color)
    return line


def texts_of(found: Iterable[Line]) -> dict[int, str]:
    """Write each moment once, by its identity: the lines of an answer share them.

    Not by its value: an hour that clocks repeat has equal moments of two offsets.
    """
    moments = {id(t): t for line in found for t in line.times}
    return {key: t.isoformat() for key, t in moments.items()}


def traces_of(
    drawn: tuple[Line, Style], times: list[str], style: Trace, unit: str, *, shared: int
) -> Iterable[Trace]:
    line, own = drawn
    style = {**style, **lined(own, style)}
    base = {name: value for name, value in style.items() if value is not None}
    base |= {"name": own.name}
    if own.options.get("in_legend") is False:
        base["showlegend"] = False
    meta = meta_of(line, own, unit)
    values = (
        [-value if value is not None else None for value in line.values]
        if own.options.get("negative")
        else line.values
    )
    if line.is_compare:
        role = {"meta": {**meta, "role": "compare"}, "showlegend": False}
        # On the stack of now the period before would be added to it.
        alone = {name: value for name, value in base.items() if name not in ("stackgroup", "fill")}
        yield {**alone, "x": times, "y": values, **role}
        return
    if not any(line.complete):
        yield {**base, "x": times, "y": values, "meta": {**meta, **OPEN}}
        return
    first, last = closed_part(line)
    whole = {**base, "x": times[first:last], "y": values[first:last]}
    yield whole | ({"meta": meta} if meta else {})
    for edge, start, end in (("start", 0, first + shared), ("end", last - shared, len(times))):
        if end - start > shared:
            part = {"x": times[start:end], "y": values[start:end], "meta": {**meta, **OPEN}}
            yield {**base, **stacked_apart(base, edge), **part, "showlegend": False}


def meta_of(line: Line, own: Style, unit: str) -> Trace:
    """Return what the browser must know of a series beside the chart's own unit and decimals."""
    meta: Trace = {}
    if own.name != line.name:
        meta["series"] = line.name
    if own.unit != unit:
        meta["unit"] = own.unit
    if own.options.get("fill") is not None:
        meta["fill"] = own.options["fill"]
    return meta


def stacked_apart(style: Mapping[str, Any], edge: str) -> Trace:
    """Give an open part a stack of its own: on the closed one its shared point counts twice."""
    return {"stackgroup": f"{style['stackgroup']}-{edge}"} if style.get("stackgroup") else {}


def closed_part(line: Line) -> tuple[int, int]:
    """Return the slice of points without the cut buckets at either end of the range."""
    first = line.complete.index(True)
    last = len(line.complete) - line.complete[::-1].index(True)
    return first, last


def layout_of(options: Mapping[str, Any], unit: str, styles: Sequence[Style]) -> Trace:
    """Return the layout of a chart over time: units, limits, thresholds and the legend."""
    layout: Trace = {
        "meta": chart_meta(options, unit),
        "xaxis": {"type": "date"},
        "yaxis": value_axis(options),
    }
    if options.get("hover") == "one":
        layout["hovermode"] = "closest"
    elif options.get("hover") == "none":
        layout["hovermode"] = False
    right = [own for own in styles if own.options.get("axis") == "right"]
    if right:
        layout["yaxis3"] = {
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
            "rangemode": "tozero",
        }
        label = right[0].options.get("axis_label")
        if label and label != options.get("axis_label"):
            layout["yaxis3"]["title"] = {"text": label}
        layout["meta"]["right_unit"] = right[0].unit
    shapes = threshold_shapes(options)
    if shapes:
        layout["shapes"] = shapes
    return layout


def chart_meta(options: Mapping[str, Any], unit: str) -> Trace:
    """Return what the browser reads of the options: unit, decimals, limits, legend."""
    meta: Trace = {"unit": unit}
    for name in ("decimals", "min", "max", "soft_min", "soft_max", "zero_centered"):
        if options.get(name) is not None:
            meta[name] = options[name]
    if options.get("legend_position") or options.get("legend_calcs"):
        calcs = [LABELS[name] for name in options.get("legend_calcs") or ()]
        meta["legend"] = {"position": options.get("legend_position") or "bottom", "calcs": calcs}
    return meta


def value_axis(options: Mapping[str, Any]) -> Trace:
    axis: Trace = {}
    if options.get("scale") == "log":
        axis["type"] = "log"
    elif options.get("min") is None and not options.get("zero_centered"):
        axis["rangemode"] = "tozero"
    if options.get("axis_label"):
        axis["title"] = {"text": str(options["axis_label"])}
    return axis


def threshold_shapes(options: Mapping[str, Any]) -> list[Trace]:
    """Draw thresholds as lines, as areas, or not at all."""
    given = options.get("thresholds") or {}
    shown = str(given.get("shown") or "none")
    if shown == "none":
        return []
    steps = style_of(options, Subject("")).steps
    return [
        *(areas(steps) if "area" in shown else ()),
        *(rule(step, shown) for step in steps if step.value is not None and shown != "area"),
    ]


def rule(step: Step, shown: str) -> Trace:
    line = {
        "color": for_plotly(step.color),
        "width": 1,
        "dash": "dash" if "dash" in shown else "solid",
    }
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": step.value,
        "y1": step.value,
        "line": line,
    }


def areas(steps: Sequence[Step]) -> Iterable[Trace]:
    """Shade from each step to the next; the ends go far, since a shape does not move the axis."""
    for place, step in enumerate(steps):
        above = steps[place + 1].value if place + 1 < len(steps) else None
        yield {
            "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "layer": "below", "opacity": 0.1,
            "y0": -1e15 if step.value is None else step.value, "y1": 1e15 if above is None else above,
            "fillcolor": for_plotly(step.color), "line": {"width": 0},
        }  # fmt: skip


def say_calcs(
    traces: Sequence[Trace], drawn: Sequence[tuple[Line, Style]], options: Mapping[str, Any]
) -> None:
    """Write each series' calculations for the legend into its first trace."""
    calcs = options.get("legend_calcs") or ()
    said = {
        own.name: [own.text(line.value(name)) for name in calcs]
        for line, own in drawn
        if not line.is_compare
    }
    for trace in traces if calcs else ():
        if (trace.get("meta") or {}).get("role") is None or trace.get("showlegend") is not False:
            trace["meta"] = {**(trace.get("meta") or {}), "calcs": said.get(trace["name"], [])}


def plain(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "compare": line.is_compare,
        "total": line.total,
        "points": list(zip(line.times, line.values, strict=True)),
    }
