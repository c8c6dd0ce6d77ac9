"""Panels of old schemas: graph, singlestat and the old table. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dashboards.grafana.box import Box, Json
from dashboards.grafana.colors import series_color, state_color
from dashboards.grafana.fields import CALCS, decimals_of, old_mapping, read_mappings
from dashboards.grafana.ledger import Given, number_of
from dashboards.grafana.links import address_of
from dashboards.grafana.units import unit_of

LEGEND_VALUES = {"current": "last", "avg": "mean", "min": "min", "max": "max", "total": "total"}
STATES = ("success", "warning", "critical")
REGEX = re.compile(r"^/.*/[a-z]*$", re.DOTALL)


def graph_kind(panel: Given) -> str:
    if panel.peek("stack") is True:
        return "stacked"
    return "bar" if is_bars(panel) else "line"


def is_bars(panel: Given) -> bool:
    return panel.peek("bars") is True and panel.peek("lines") is not True


def read_graph(box: Box, panel: Given) -> None:
    """Read lines over time as they were before schema 30."""
    panel.keep("bars", "lines", "stack")
    if is_bars(panel):
        box.add(*(("shape", "bar") if box.kind == "stacked" else ("over", "time")))
    if panel.peek("percentage") is True and box.kind == "stacked":
        box.put(panel, "percentage", "shares", True)
    fill = number_of(panel.peek("fill"))
    box.put(panel, "fill", "fill", None if fill is None else min(max(fill, 0), 10) * 10)
    box.put(panel, "linewidth", "line_width", number_of(panel.peek("linewidth")))
    if panel.peek("points") is True:
        box.put(panel, "points", "points", "always")
    if panel.peek("steppedLine") is True:
        box.put(panel, "steppedLine", "curve", "after")
    if panel.peek("nullPointMode") == "connected":
        box.put(panel, "nullPointMode", "connect", True)
    box.put(panel, "decimals", "decimals", decimals_of(panel.peek("decimals")))
    read_axes(box, panel)
    read_old_legend(box, panel.child("legend"))
    read_graph_thresholds(box, panel)
    overrides = [*alias_colors(panel), *series_overrides(panel)]
    if overrides:
        box.add("overrides", [*box.config.get("overrides", []), *overrides])
    panel.lose("alert", "Alert rules are not part of a dashboard here.")


def read_axes(box: Box, panel: Given) -> None:
    axes = panel.children("yaxes")
    for axis in axes[:1]:
        if "format" in axis:
            unit, nearly = unit_of(str(axis.peek("format")))
            box.put(axis, "format", "unit", unit, nearly)
        for name in ("min", "max"):
            box.put(axis, name, name, number_of(axis.peek(name)))
        box.put(axis, "decimals", "decimals", decimals_of(axis.peek("decimals")))
        label = axis.peek("label")
        box.put(axis, "label", "axis_label", label if isinstance(label, str) else None)
        if axis.peek("logBase") in (2, 10, 32, 1024):
            box.put(axis, "logBase", "scale", "log")
    # The right axis means something only where a series stands on it.
    used = any(one.peek("yaxis") in (2, "2") for one in panel.children("seriesOverrides"))
    for axis in axes[1:]:
        if not used:
            axis.keep(*axis.values)
    formats = panel.texts("y_formats")
    if formats and not axes:
        box.add("unit", unit_of(formats[0])[0])


def read_old_legend(box: Box, legend: Given) -> None:
    if legend.peek("show") is False:
        if box.add("legend_position", "none"):
            legend.keep(*legend.values)
        return
    shown = [ours for theirs, ours in LEGEND_VALUES.items() if legend.peek(theirs) is True]
    if shown and legend.peek("values") is not False and box.add("legend_calcs", shown):
        legend.keep("values", "alignAsTable", *LEGEND_VALUES)
    if legend.peek("values") is not True:
        legend.keep("alignAsTable", *LEGEND_VALUES)
    if legend.peek("rightSide") is True:
        box.put(legend, "rightSide", "legend_position", "right")
    sort = LEGEND_VALUES.get(str(legend.peek("sort")))
    box.put(legend, "sort", "legend_sort", sort)
    if sort and isinstance(legend.peek("sortDesc"), bool):
        box.put(legend, "sortDesc", "legend_descending", legend.peek("sortDesc"))


def read_graph_thresholds(box: Box, panel: Given) -> None:
    steps: dict[Any, str] = {}
    is_area = False
    for one in panel.children("thresholds"):
        value = number_of(one.peek("value"))
        if value is None or one.peek("op") == "lt":
            continue
        own = (
            state_color(one.peek("lineColor") or one.peek("fillColor"))
            if one.peek("colorMode") == "custom"
            else ""
        )
        color = own or {"ok": "success", "warning": "warning"}.get(
            str(one.peek("colorMode")), "critical"
        )
        steps[value] = color
        is_area = is_area or one.peek("fill") is True
        one.keep(
            "value", "colorMode", "op", "fill", "line", "lineColor", "fillColor", "yaxis", "visible"
        )
    if steps:
        found = [{"value": value, "color": color} for value, color in sorted(steps.items())]
        box.add(
            "thresholds",
            {"mode": "absolute", "steps": found, "shown": "line+area" if is_area else "line"},
        )


def alias_colors(panel: Given) -> Iterator[Json]:
    colors = panel.child("aliasColors")
    for name, color in colors.values.items():
        if found := series_color(color):
            colors.keep(name)
            yield {"match": {"by": "name", "value": name}, "options": {"color": found}}


def series_overrides(panel: Given) -> Iterator[Json]:
    for one in panel.children("seriesOverrides"):
        alias = one.peek("alias")
        if not isinstance(alias, str) or not alias:
            continue
        options = dict(series_options(one))
        if options:
            one.keep("alias")
            yield {
                "match": {"by": "regexp" if REGEX.match(alias) else "name", "value": alias},
                "options": options,
            }


def series_options(one: Given) -> Iterator[tuple[str, Any]]:
    for name, option, value in (
        ("color", "color", series_color(one.peek("color")) or None),
        ("yaxis", "axis", {1: "left", 2: "right", "2": "right"}.get(one.peek("yaxis")) if not isinstance(one.peek("yaxis"), list | dict) else None),
        ("fill", "fill", None if number_of(one.peek("fill")) is None else min(max(number_of(one.peek("fill")) or 0, 0), 10) * 10),
        ("linewidth", "line_width", None if number_of(one.peek("linewidth")) is None else min(max(number_of(one.peek("linewidth")) or 0, 0), 10)),
        ("transform", "negative", True if one.peek("transform") == "negative-Y" else None),
        ("dashes", "dash", "dash" if one.peek("dashes") is True else None),
        ("bars", "drawn_as", "bar" if one.peek("bars") is True else None),
        ("lines", "drawn_as", "line" if one.peek("lines") is True else None),
        ("legend", "in_legend", False if one.peek("legend") is False else None),
        ("hiddenSeries", "hidden", True if one.peek("hiddenSeries") is True else None),
        ("stack", "stack", "" if one.peek("stack") is False else str(one.peek("stack")) if isinstance(one.peek("stack"), str) else "A" if one.peek("stack") is True else None),
    ):  # fmt: skip
        if value is not None:
            one.keep(name)
            yield option, value
    one.keep("dashLength", "spaceLength", "zindex", "$$hashKey", "pointradius")


def read_singlestat(box: Box, panel: Given) -> None:
    """Read one figure as it was before schema 28."""
    if "format" in panel:
        unit, nearly = unit_of(str(panel.peek("format")))
        box.put(panel, "format", "unit", unit, nearly)
    box.put(panel, "decimals", "decimals", decimals_of(panel.peek("decimals")))
    if panel.peek("valueName") == "name":
        box.put(panel, "valueName", "shown_text", "name")
    else:
        box.put(panel, "valueName", "calc", CALCS.get(str(panel.peek("valueName"))))
    panel.keep("nullText") if not panel.peek("nullText") else box.put(
        panel, "nullText", "no_value", str(panel.peek("nullText"))
    )
    postfix = panel.peek("postfix")
    if (
        isinstance(postfix, str)
        and postfix.strip()
        and panel.peek("format") in (None, "none", "short")
    ):
        box.put(panel, "postfix", "unit", postfix.strip()[:24])
    read_stat_colors(box, panel)
    gauge, sparkline = panel.child("gauge"), panel.child("sparkline")
    if gauge.peek("show") is True:
        for name, option in (("minValue", "min"), ("maxValue", "max")):
            box.put(gauge, name, option, number_of(gauge.peek(name)))
        gauge.keep("show")
    gauge.keep("minValue", "maxValue")
    if sparkline.peek("show") is True and box.add("sparkline", True):
        sparkline.keep("show")
    sparkline.keep("full", "fillColor", "lineColor", "ymin", "ymax")
    mappings = singlestat_mappings(panel)
    if mappings:
        box.add("mappings", mappings)


def singlestat_kind(panel: Given) -> str:
    return "gauge" if panel.child("gauge").peek("show") is True else "stat"


def read_stat_colors(box: Box, panel: Given) -> None:
    colored = panel.peek("colorBackground") is True or panel.peek("colorValue") is True
    is_gauge = panel.child("gauge").peek("show") is True
    steps = old_steps(panel)
    if (colored or is_gauge) and steps:
        box.add("thresholds", {"mode": "absolute", "steps": steps})
        if panel.peek("colorBackground") is True:
            box.put(panel, "colorBackground", "color_by", "background")
        elif panel.peek("colorValue") is True:
            box.put(panel, "colorValue", "color_by", "value")
    # Without a colored value they mean nothing.
    panel.keep("thresholds", "colors")


def old_steps(given: Given) -> list[Json]:
    """Read "50,80" and three colors as steps."""
    told = given.peek("thresholds")
    parts = told.split(",") if isinstance(told, str) else told if isinstance(told, list) else []
    values = [number_of(part) for part in parts]
    colors = given.peek("colors") if isinstance(given.peek("colors"), list) else []
    words = [state_color(one) or STATES[min(index, 2)] for index, one in enumerate(colors)] or list(
        STATES
    )
    known = [value for value in values if value is not None]
    if not known:
        return []
    found: dict[Any, str] = {None: words[0]}
    for index, value in enumerate(known):
        found[value] = words[min(index + 1, len(words) - 1)]
    return [{"value": value, "color": color} for value, color in found.items()]


def singlestat_mappings(given: Given) -> list[Json]:
    """Read valueMaps and rangeMaps, whichever is switched on."""
    found: list[Json] = []
    uses_ranges = given.peek("mappingType") in (2, "2")
    for one in given.children("rangeMaps" if uses_ranges else "valueMaps"):
        found += old_mapping(one, is_range=uses_ranges)
    given.keep("valueMaps", "rangeMaps", "mappingTypes")
    return found + (read_mappings(given, "mappings") if given.children("mappings") else [])


def read_old_table(box: Box, panel: Given) -> None:
    """Read a table as it was before schema 24: a style for each pattern of columns."""
    overrides = [found for one in panel.children("styles") if (found := style_of(one)) is not None]
    if overrides:
        box.add("overrides", overrides)
    sort = panel.child("sort")
    if number_of(sort.peek("col")) is not None and isinstance(sort.peek("desc"), bool):
        panel.lose("sort", "Columns are sorted by name: choose one.")
    panel.lose("columns", "All columns are shown.")
    if panel.peek("transform") == "timeseries_aggregations":
        panel.change("transform", "A row a series as of the range's end.")


def style_of(one: Given) -> Json | None:
    pattern = one.peek("pattern")
    if not isinstance(pattern, str) or not pattern:
        return None
    options = dict(style_options(one))
    one.keep(
        "pattern", "type", "dateFormat", "mappingType", "sanitize", "preserveFormat", "$$hashKey"
    )
    if not options:
        return None
    by = "regexp" if REGEX.match(pattern) else "name"
    return {"match": {"by": by, "value": pattern}, "options": options}


def style_options(one: Given) -> Iterator[tuple[str, Any]]:
    one.keep("unit", "decimals", "thresholds", "colors")
    kind, alias = one.peek("type"), one.peek("alias")
    if kind == "hidden":
        one.keep(*one.values)
        yield "hidden", True
        return
    if isinstance(alias, str) and alias and "$" not in alias:
        one.keep("alias")
        yield "name", alias
    if kind == "number":
        yield "unit", unit_of(str(one.peek("unit") or "short"))[0]
        if (decimals := decimals_of(one.peek("decimals"))) is not None:
            yield "decimals", decimals
    yield from style_colors(one)
    if one.peek("align") in ("left", "center", "right"):
        yield "align", one.take("align")
    if mappings := singlestat_mappings(one):
        yield "mappings", mappings
    yield from style_link(one)


CELLS = {"cell": "background", "value": "color", "row": "background"}


def style_colors(one: Given) -> Iterator[tuple[str, Any]]:
    cell, steps = CELLS.get(str(one.peek("colorMode"))), old_steps(one)
    if cell is None:
        return
    one.keep("colorMode")
    if steps:
        yield "thresholds", {"mode": "absolute", "steps": steps}
        yield "cell", cell


def style_link(one: Given) -> Iterator[tuple[str, Any]]:
    url = address_of(one.peek("linkUrl"))
    if one.peek("link") is not True:
        one.keep("linkUrl", "linkTooltip", "linkTargetBlank")
    elif url:
        one.keep("link", "linkUrl", "linkTooltip", "linkTargetBlank")
        yield "links", [{"url": url, "title": str(one.peek("linkTooltip") or "Open")[:200]}]
